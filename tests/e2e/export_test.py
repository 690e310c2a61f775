"""`charter export`: what runs as manifests, that change nothing where they came from and make the same elsewhere."""

import json
import subprocess
import unittest

import ordering
from charter_e2e import BINARY, COMMAND_S, Server, ServerTest, eventually
from ordering import MANIFESTS, NS

VERBS = ("apply", "-f", "-")


def export(server, *arguments, code=0):
    """What the command writes, and what it remarks."""
    line = [BINARY, "export", "--kubeconfig", str(server.data / "kubeconfig"), *arguments]
    done = subprocess.run(line, capture_output=True, text=True, timeout=COMMAND_S, check=False)
    if done.returncode != code:
        raise AssertionError(f"{line}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout, done.stderr


class ExportTest(ServerTest):
    """The quickstart runs; the tests run in order of name."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.kubectl("apply", "-f", MANIFESTS)
        ordering.hasten(cls.server, "datacenter-1")
        ordering.accept(cls.server)
        cls.wait_all_there(cls.server)

    def spoken_of(self, text):
        """kind/name of each document, in order, as kubectl reads them."""
        listed = self.kubectl("create", "--dry-run=client", "-o", "name", "-f", "-", stdin=text).stdout
        return listed.split()

    def generations(self):
        things = self.get("charter,namespaces", "-A")["items"]
        return {t["metadata"]["uid"]: t["metadata"].get("generation") for t in things}

    def versions(self):
        things = self.get("charter,namespaces", "-A")["items"]
        return {t["metadata"]["uid"]: (t["kind"], t["metadata"]["resourceVersion"]) for t in things}

    def test_1_it_has_what_people_wrote_and_nothing_that_is_made(self):
        text, remarks = export(self.server)
        names = self.spoken_of(text)
        self.assertEqual(len(names), 13)  # as many as the quickstart has documents
        self.assertEqual(len(names), len(set(names)))
        for made in ("machine.", "volume.", "invoice.", "serviceofferingrevision.", "secret", "role"):
            self.assertFalse([n for n in names if n.startswith(made)], made)
        for word in ("status:", "managedFields", "resourceVersion", "uid:", "creationTimestamp", "last-applied"):
            self.assertNotIn(word, text)
        place = {name.split(".")[0].split("/")[0]: i for i, name in enumerate(names)}
        order = ("namespace", "account", "ratecard", "serviceoffering", "contract", "serviceinstance")
        self.assertEqual(sorted(order, key=place.get), list(order))
        self.assertIn(f"Contract {NS}/orders: its acceptance is not written", remarks)

    def test_2_kubectl_diff_says_nothing(self):
        text, _ = export(self.server)
        self.assertEqual(self.diff(text), [])
        # Server-side, kubectl also writes its record of what was last applied anew, in its own words.
        changed = self.diff(text, "--server-side", "--force-conflicts")
        self.assertEqual([line for line in changed if not line[1:].strip().startswith('{"apiVersion"')], [])

    def diff(self, text, *flags):
        """Lines of kubectl diff that begin with + or -."""
        done = self.kubectl("diff", *flags, "-f", "-", stdin=text, check=False)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 1 if done.stdout else 0)
        lines = done.stdout.splitlines()
        return [line for line in lines if line[:1] in ("+", "-") and line[:3] not in ("+++", "---")]

    def test_3_client_side_apply_finds_all_as_it_is_but_what_was_patched_meanwhile(self):
        before, versions = self.generations(), self.versions()
        text, _ = export(self.server)
        said = self.out(*VERBS, stdin=text).splitlines()
        # The provider was patched; kubectl notes beside it that its file has the values now.
        self.assertEqual([line for line in said if not line.endswith("unchanged")],
                         ["provider.charter.dev/datacenter-1 configured"])
        self.assertEqual(self.generations(), before)
        changed = {uid for uid, version in self.versions().items() if versions[uid] != version}
        self.assertLessEqual({versions[uid][0] for uid in changed}, {"Provider"})
        again, versions = export(self.server)[0], self.versions()
        self.assertEqual(again, text)
        for line in self.out(*VERBS, stdin=again).splitlines():
            self.assertTrue(line.endswith("unchanged"), line)
        self.assertEqual(self.versions(), versions)

    def test_4_server_side_apply_takes_over_the_fields_and_changes_none(self):
        before = self.generations()
        text, _ = export(self.server)
        self.kubectl("apply", "--server-side", "--field-manager=git", "-f", "-", stdin=text)
        self.assertEqual(self.generations(), before)
        # kubectl took its record away, so this one is made from what is there.
        text, _ = export(self.server)
        self.assertEqual(self.diff(text, "--server-side", "--field-manager=git"), [])
        self.kubectl("apply", "--server-side", "--field-manager=git", "-f", "-", stdin=text)
        self.assertEqual(self.generations(), before)
        versions = self.versions()
        self.kubectl("apply", "--server-side", "--field-manager=git", "-f", "-", stdin=text)
        self.assertEqual(self.versions(), versions, "the second time not even the owners of fields change")
        self.assertTrue(self.get("contract", "orders", "-n", NS)["spec"]["acceptance"]["offerHash"])

    def test_5_another_server_makes_the_same_of_it(self):
        text, _ = export(self.server)
        other = Server()
        self.addCleanup(other.close)
        other.start()
        other.kubectl(*VERBS, stdin=text)
        ordering.accept(other)
        self.wait_all_there(other)
        self.assertEqual(self.capacity(other), self.capacity(self.server))
        self.assertEqual(export(other)[0], text, "and its export is the same bytes")

    @staticmethod
    def wait_all_there(server):
        """A contract counts what its instances have in a pass of its own, after it and they are Ready."""
        def units():
            return ordering.read(server, "contract", "orders", "-n", NS)["status"]["units"].values()

        ordering.wait_everything_ready(server)
        eventually(lambda: all(u["provisioned"] == u["ordered"] for u in units()), "all that was ordered is counted as provisioned")

    @staticmethod
    def capacity(server):
        """What there is, without what names it."""
        machines = ordering.listed(server, "machines", "-n", NS)
        volumes = ordering.listed(server, "volumes", "-n", NS)
        units = ordering.read(server, "contract", "orders", "-n", NS)["status"]["units"]
        return ([(m["metadata"]["name"], m["status"]["vcpus"], m["status"]["memory"], m["status"]["state"]) for m in machines],
                [(v["metadata"]["name"], v["spec"]["size"]) for v in volumes], units)

    def test_6_one_namespace_has_its_own_and_nothing_of_others(self):
        names = self.spoken_of(export(self.server, "-n", NS)[0])
        self.assertEqual(names, [f"namespace/{NS}", "contract.charter.dev/orders", "serviceinstance.charter.dev/order-mgmt"])
        _, said = export(self.server, "-n", "nowhere", code=1)
        self.assertIn("namespace nowhere does not exist", said)

    def test_7_secrets_are_written_only_when_asked_for_and_that_is_said(self):
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token", "namespace": NS},
                  "stringData": {"password": "correct horse"}}
        self.kubectl("create", "-f", "-", stdin=secret)
        encoded = self.get("secret", "token", "-n", NS)["data"]["password"]
        text, said = export(self.server)
        self.assertNotIn(encoded, text)
        path = self.server.folder / "all.yaml"
        _, said = export(self.server, "--secrets", "-o", str(path))
        text = path.read_text()
        self.assertIn(encoded, text)
        self.assertTrue(text.startswith("# Holds the contents of 1 Secrets"), text[:80])
        self.assertIn("the contents of 1 Secrets were written in plain", said)
        names = self.spoken_of(text)
        self.assertLess(names.index("secret/token"), names.index("contract.charter.dev/orders"))

    def test_8_who_may_not_read_something_gets_no_half_an_export(self):
        done = self.server.charter("kubeconfig", "--user", "nobody")
        config = self.server.folder / "nobody.kubeconfig"
        config.write_text(done.stdout)
        line = [BINARY, "export", "--kubeconfig", str(config)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=COMMAND_S, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("forbidden", done.stderr)

    def test_9_the_help_shows_how(self):
        done = subprocess.run([BINARY, "export", "--help"], capture_output=True, text=True, timeout=COMMAND_S, check=False)
        self.assertIn("kubectl diff -f -", done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
