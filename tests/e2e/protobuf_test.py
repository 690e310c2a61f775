"""What kubectl sends as protobuf (built-in kinds, from 1.32 on), and client-side apply, which validates with OpenAPI v2."""

import base64
import json
import unittest

from charter_e2e import ROOT, ServerTest

NS = "typed"
PROTOBUF = "application/vnd.kubernetes.protobuf"
MANIFESTS = ROOT / "manifests"


def setting(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": NS}, "data": data}


class ProtobufTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        version = json.loads(cls.server.kubectl("version", "--client", "-o", "json").stdout)["clientVersion"]
        cls.minor = int(version["minor"].rstrip("+"))
        cls.server.kubectl("create", "namespace", NS)

    def create(self, *arguments):
        """Runs kubectl create and checks that it really spoke protobuf both ways."""
        done = self.kubectl("create", *arguments, "-n", NS, "-v=8")
        if self.minor >= 32:
            self.assertEqual(done.stderr.count(f"Content-Type: {PROTOBUF}"), 2, done.stderr)
        return done.stdout.strip()

    def test_creates_each_kind_that_it_has_a_command_for(self):
        self.assertEqual(self.create("configmap", "cm", "--from-literal=a=b"), "configmap/cm created")
        self.assertEqual(self.get("configmap", "cm", "-n", NS)["data"], {"a": "b"})
        self.assertEqual(self.create("secret", "generic", "password", "--from-literal=p=\u00e9"), "secret/password created")
        found = self.get("secret", "password", "-n", NS)
        self.assertEqual(base64.b64decode(found["data"]["p"]).decode(), "\u00e9")
        self.assertEqual(found["type"], "Opaque")
        self.assertEqual(self.create("serviceaccount", "robot"), "serviceaccount/robot created")
        self.assertEqual(self.names("serviceaccounts", "robot", "-n", NS), ["robot"])

    def test_creates_a_namespace_and_deletes_it(self):
        self.kubectl("create", "namespace", "short-lived")
        self.kubectl("create", "configmap", "inside", "-n", "short-lived", "--from-literal=a=b")
        self.kubectl("delete", "namespace", "short-lived", "--wait=true")
        self.gone("namespace", "short-lived")

    def test_reads_errors_that_come_as_protobuf(self):
        self.create("configmap", "twice")
        self.assertIn('configmaps "twice" already exists', self.refused("create", "configmap", "twice", "-n", NS))
        self.assertIn('namespaces "nowhere" not found', self.refused("create", "configmap", "x", "-n", "nowhere"))

    def test_describes_with_events(self):
        # describe lists Events as protobuf, by the uid of their object.
        self.apply(setting("subject", a="b"))
        uid = self.get("configmap", "subject", "-n", NS)["metadata"]["uid"]
        self.kubectl("create", "-f", "-", stdin={
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": "told", "namespace": NS}, "reason": "Told",
            "message": "heard it", "type": "Normal", "firstTimestamp": "2026-06-01T00:00:00Z",
            "lastTimestamp": "2026-06-01T00:00:00Z", "count": 2, "source": {"component": "test"},
            "involvedObject": {"apiVersion": "v1", "kind": "ConfigMap", "name": "subject", "namespace": NS, "uid": uid}})
        self.assertIn("heard it", self.out("describe", "configmap", "subject", "-n", NS))
        if self.minor >= 32:
            self.assertIn("heard it", self.out("events", "-n", NS))


class ClientSideApplyTest(ServerTest):
    """Validation is on: kubectl reads /openapi/v3 and /openapi/v2 (protobuf) before it sends anything."""

    def test_manifests_pass_validation(self):
        for folder in ("quickstart", "s1-catalog", "s2-contract", "s7-providers"):
            with self.subTest(folder=folder):
                self.kubectl("apply", "--validate=true", "-f", str(MANIFESTS / folder))
                again = self.out("apply", "--validate=true", "-f", str(MANIFESTS / folder))
                self.assertNotIn("created", again)

    def test_applies_a_list_and_deletes_by_it(self):
        def items(minimum):
            image = {"apiVersion": "charter.dev/v1alpha1", "kind": "Image", "metadata": {"name": "listed"},
                     "spec": {"format": "qcow2", "architecture": "x86_64", "os": "open-linux", "minDisk": minimum,
                              "source": {"url": "https://images.example/l.qcow2", "sha256": "0" * 64}}}
            return json.dumps({"apiVersion": "v1", "kind": "List", "items": [setting("one", a="1"), image]})
        self.kubectl("create", "namespace", NS)
        apply = lambda text: self.out("apply", "-f", "-", stdin=text).splitlines()
        image = "image.charter.dev/listed"
        self.assertEqual(apply(items("10GB")), ["configmap/one created", f"{image} created"])
        self.assertEqual(apply(items("10GB")), ["configmap/one unchanged", f"{image} unchanged"])
        self.assertEqual(apply(items("20GB")), ["configmap/one unchanged", f"{image} configured"])
        self.kubectl("delete", "-f", "-", stdin=items("20GB"))
        self.assertNotIn("one", self.names("configmaps", "-n", NS))
        self.gone("image", "listed")

    def test_an_unknown_field_is_refused(self):
        crd = {"apiVersion": "charter.dev/v1alpha1", "kind": "Image", "metadata": {"name": "typo"}, "spec": {"bogus": 1}}
        self.assertIn("bogus", self.refused("apply", "-f", "-", stdin=crd))
        self.assertIn("bogus", self.refused("create", "-f", "-", stdin={**setting("typo"), "bogus": {}, "metadata": {"name": "typo"}}))


if __name__ == "__main__":
    unittest.main(verbosity=2)
