"""`charter plan`: read-only against a real server, and right about what a real kubectl apply then does."""

import json
import pathlib
import subprocess
import unittest

import ordering
from charter_e2e import BINARY, COMMAND_S, ServerTest
from ordering import MANIFESTS, NS

INSTANCE = pathlib.Path(MANIFESTS, "80-instance.yaml").read_text()
CONTRACT = pathlib.Path(MANIFESTS, "70-contract.yaml").read_text()


class PlanTest(ServerTest):
    """One server; the tests run in order of name, because a plan needs something to be planned against."""

    def plan(self, *arguments, manifest=None, code):
        """Runs charter plan, expects this exit code, and that the server did not change by it."""
        if manifest is not None:
            path = self.server.folder / "manifest.yaml"
            path.write_text(manifest)
            arguments = ("-f", str(path), *arguments)
        before = self.revision()
        done = subprocess.run([BINARY, "plan", "--kubeconfig", str(self.server.data / "kubeconfig"), *arguments],
                              capture_output=True, text=True, timeout=COMMAND_S, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertEqual(self.revision(), before, "a plan writes nothing")
        return done.stdout

    def revision(self):
        return self.get("contracts", "-A")["metadata"]["resourceVersion"]

    def effects(self, text):
        """Kind and effect of each changed object, counted."""
        counts = {}
        for row in json.loads(text)["objects"]:
            key = (row["kind"], row["effect"])
            counts[key] = counts.get(key, 0) + 1
        return counts

    def test_1_a_new_order_waits_for_acceptance_and_shows_its_price(self):
        text = self.plan("-f", MANIFESTS, code=2)
        self.assertIn("+ created           Contract consumerco/orders", text)
        self.assertIn("ServiceInstance consumerco/order-mgmt: WaitForAcceptance", text)
        self.assertIn("Contract consumerco/orders: none -> 1198.20 USD (an offer, to be accepted)", text)
        self.assertNotIn("Machine", text)
        self.assertEqual(self.names("accounts"), [])

    def test_2_with_the_offer_accepted_it_shows_machines_and_placement(self):
        text = self.plan("-f", MANIFESTS, "--accept-offers", "--output", "json", code=2)
        counts = self.effects(text)
        self.assertEqual(counts[("Machine", "Created")], 3)
        self.assertEqual(counts[("Volume", "Created")], 1)
        self.assertEqual(json.loads(text)["placements"][0]["jurisdiction"], "EU")
        self.assertEqual(json.loads(text)["waits"], [])

    def test_3_what_runs_needs_nothing_and_a_change_is_told_as_it_happens(self):
        self.kubectl("apply", "-f", MANIFESTS)
        ordering.accept(self.server)
        ordering.wait_everything_ready(self.server)
        self.assertIn("Plan: 0 created, 0 changed in place", self.plan("-f", MANIFESTS, code=0))

        smaller = INSTANCE.replace("replicas: 3", "replicas: 1")
        planned = self.plan("-o", "json", manifest=smaller, code=2)
        self.assertEqual(self.effects(planned), {("ServiceInstance", "Changed"): 1, ("Machine", "Changed"): 2})
        stopped = {row["name"] for row in json.loads(planned)["objects"] if row["kind"] == "Machine"}
        self.kubectl("apply", "-f", "-", stdin=smaller)
        ordering.wait_machines(self.server, running=1)
        off = {m["metadata"]["name"] for m in self.get("machines", "-n", NS)["items"] if m["spec"]["power"] == "Off"}
        self.assertEqual(stopped, off)

    def test_4_what_would_be_refused_is_told_with_the_servers_words(self):
        text = self.plan(manifest=CONTRACT.replace("compute: 3", "compute: 6"), code=1)
        said = self.refused("apply", "-f", "-", stdin=CONTRACT.replace("compute: 3", "compute: 6"))
        self.assertIn("compute: limit 5, used 3, asked 6", text)
        self.assertIn("compute: limit 5, used 3, asked 6", said)

    def test_5_objects_of_a_users_own_kind_are_compared_with_those_that_exist(self):
        names = {"kind": "Gadget", "plural": "gadgets", "singular": "gadget"}
        schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        definition = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                      "metadata": {"name": "gadgets.plan.dev"},
                      "spec": {"group": "plan.dev", "names": names, "scope": "Cluster",
                               "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}]}}
        gadget = {"apiVersion": "plan.dev/v1", "kind": "Gadget", "metadata": {"name": "g"}, "spec": {"size": 1}}
        self.apply(definition)
        self.kubectl("wait", "--for=condition=Established", "crd/gadgets.plan.dev", "--timeout=10s")
        self.assertIn("+ created           Gadget g", self.plan(manifest=json.dumps(gadget), code=2))
        self.apply(gadget)
        self.plan(manifest=json.dumps(gadget), code=0)
        gadget["spec"]["size"] = 2
        self.assertIn("spec.size: 1 -> 2", self.plan(manifest=json.dumps(gadget), code=2))

    def test_6_errors_say_what_to_do_next(self):
        done = subprocess.run([BINARY, "plan", "-f", MANIFESTS, "--kubeconfig", "/nonexistent"],
                              capture_output=True, text=True, timeout=COMMAND_S, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--kubeconfig", done.stderr)
        done = subprocess.run([BINARY, "plan", "--help"], capture_output=True, text=True, timeout=COMMAND_S, check=False)
        self.assertIn("charter plan -f manifests/quickstart", done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
