"""Stories S2 to S4 and the end of S6 with the manifests of the quickstart: order, accept, run, scale, refuse, terminate."""

import json
import unittest

import ordering
from charter_e2e import ServerTest, eventually
from ordering import MANIFESTS, NS


class OfferTest(ServerTest):
    """Before the acceptance."""

    def test_nothing_runs_until_the_right_hash_is_committed(self):
        self.kubectl("apply", "-f", MANIFESTS)
        self.assertIn("unchanged", self.out("apply", "-f", f"{MANIFESTS}/70-contract.yaml"))
        eventually(lambda: ordering.offer_hash(self.server), "the contract has an offer")
        offer = self.get("contract", "orders", "-n", NS)["status"]["offer"]
        self.assertTrue(offer["monthlyEstimate"])
        self.assertTrue(offer["expires"])
        self.kubectl("wait", "--for=condition=Offered", "contract/orders", "-n", NS, "--timeout=20s")
        wrong = "sha256:" + "0" * 64
        said = self.refused("patch", "contract", "orders", "-n", NS, "--type=merge", "-p", ordering.acceptance(wrong))
        self.assertIn("spec.acceptance.offerHash", said)
        self.assertIn(f"the standing offer is {offer['hash']}", said)
        self.assertEqual(self.names("machines,volumes", "-n", NS), [])
        waiting = ordering.conditions(self.get("serviceinstance", "order-mgmt", "-n", NS))["Ready"]
        self.assertEqual([waiting["status"], waiting["reason"]], ["Unknown", "WaitForAcceptance"])


class RunningTest(ServerTest):
    """The order is accepted and everything is Ready; every test leaves three machines running."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.kubectl("apply", "-f", MANIFESTS)
        ordering.accept(cls.server)
        ordering.wait_everything_ready(cls.server)

    def merge(self, kind, name, body, *flags):
        return ("patch", kind, name, "-n", NS, "--type=merge", "-p", json.dumps(body), *flags)

    def test_exactly_what_was_ordered_exists(self):
        self.assertEqual(len(self.names("machines", "-A")), 3)
        self.assertEqual(len(self.names("volumes", "-A")), 1)
        uids = {m["metadata"]["uid"] for m in self.get("machines", "-n", NS)["items"]}
        rows = ordering.simulated(self.server, "list")
        self.assertEqual({row[-1] for row in rows}, uids, "the hosts hold these machines and no other")
        self.assertEqual({row[3] for row in rows}, {"On"})
        self.assertEqual(len(ordering.simulated(self.server, "volumes")), 1)
        self.assertEqual(len({address for _, address, _ in ordering.identities(self.server).values()}), 3)

    def test_the_instance_passed_its_conditions_and_prints_its_columns(self):
        found = ordering.conditions(self.get("serviceinstance", "order-mgmt", "-n", NS))
        for step in ("Scheduled", "Provisioned", "ImageDeployed", "Configured", "Ready"):
            self.assertEqual(found[step]["status"], "True", step)
        self.kubectl("wait", "--for=condition=Ready", "serviceinstance/order-mgmt", "-n", NS, "--timeout=5s")
        rows = [line.split() for line in self.out("get", "si", "-n", NS, "-o", "wide").splitlines()]
        self.assertEqual(rows[0][:3], ["NAME", "CONTRACT", "ACTIVE"])
        self.assertEqual(rows[1][:3], ["order-mgmt", "orders", "3/3"])
        self.assertIn("order-mgmt", self.out("describe", "si", "order-mgmt", "-n", NS))

    def test_applying_the_manifests_again_changes_nothing(self):
        def generations():
            return {(t["kind"], t["metadata"]["name"]): t["metadata"]["generation"] for t in self.get("charter", "-A")["items"]}

        before = generations()
        again = self.out("apply", "-f", MANIFESTS).splitlines()
        self.assertEqual(len(again), 13)
        self.assertEqual([line for line in again if not line.endswith("unchanged")], [])
        self.assertEqual(generations(), before)
        # The acceptance was patched in, so apply does not own it and leaves it alone.
        self.assertTrue(self.get("contract", "orders", "-n", NS)["spec"]["acceptance"]["offerHash"])

    def test_scaling_keeps_identity_disk_and_address(self):
        before = ordering.identities(self.server)
        self.kubectl("scale", "serviceinstance/order-mgmt", "-n", NS, "--replicas=1")
        ordering.wait_machines(self.server, running=1)
        self.assertEqual(self.summary(), "1/3")
        self.assertEqual(ordering.identities(self.server), before)
        self.kubectl("scale", "serviceinstance/order-mgmt", "-n", NS, "--replicas=2")
        ordering.wait_machines(self.server, running=2)
        self.assertEqual(ordering.identities(self.server), before)
        self.assertEqual(sorted(row[3] for row in ordering.simulated(self.server, "list")), ["Off", "On", "On"])
        self.kubectl("scale", "serviceinstance/order-mgmt", "-n", NS, "--replicas=3")
        ordering.wait_machines(self.server, running=3)
        self.assertEqual(ordering.identities(self.server), before)

    def summary(self):
        """Compute units provisioned/ordered, once the contract has counted them."""
        path = "jsonpath={.status.summary.compute}"
        return eventually(lambda: (s := self.out("get", "contract", "orders", "-n", NS, "-o", path)) != "3/3" and s,
                          "the contract counts the change")

    def test_ordering_beyond_the_account_is_refused_with_the_figures(self):
        said = self.refused(*self.merge("contract", "orders", {"spec": {"quantities": {"compute": 6}}}))
        self.assertIn("compute: limit 5, used 3, asked 6", said)
        self.assertIn("Forbidden", said)

    def test_using_more_than_the_contract_is_refused(self):
        self.refused("scale", "serviceinstance/order-mgmt", "-n", NS, "--replicas=4")
        self.assertEqual(self.out("get", "si", "order-mgmt", "-n", NS, "-o", "jsonpath={.spec.replicas}"), "3")

    def test_a_value_that_is_not_for_sale_is_refused_with_those_that_are(self):
        for name, value, allowed in (("vcpus", 3, '"2", "4"'), ("memory", "7GB", '"6GB", "8GB"')):
            said = self.refused(*self.merge("si", "order-mgmt", {"spec": {"parameters": {name: value}}}))
            self.assertIn(f"spec.parameters.{name}", said)
            self.assertIn(allowed, said)

    def test_a_protected_contract_is_not_deleted_and_says_how(self):
        said = self.refused("delete", "contract", "orders", "-n", NS, "--wait=false")
        self.assertIn("Forbidden", said)
        self.assertIn("kubectl patch contract orders -n consumerco --type=merge", said)
        self.assertEqual(self.out("get", "contract", "orders", "-n", NS, "-o", "jsonpath={.metadata.deletionTimestamp}"), "")

    def test_server_dry_run_scales_nothing(self):
        generation = "jsonpath={.metadata.generation}"
        before = self.out("get", "si", "order-mgmt", "-n", NS, "-o", generation)
        self.kubectl("scale", "serviceinstance/order-mgmt", "-n", NS, "--replicas=1", "--dry-run=server")
        self.assertEqual(self.out("get", "si", "order-mgmt", "-n", NS, "-o", generation), before)


class TerminationTest(ServerTest):
    """The end of S6: everything is given back, and the hosts' own ledger agrees."""

    def test_termination_frees_everything(self):
        self.kubectl("apply", "-f", MANIFESTS)
        ordering.accept(self.server)
        ordering.wait_everything_ready(self.server)
        end = {"spec": {"deletionProtection": False, "terminate": {"requested": True}}}
        self.kubectl("patch", "contract", "orders", "-n", NS, "--type=merge", "-p", json.dumps(end))
        self.gone("serviceinstances,machines,volumes", "-n", NS, timeout=60)
        eventually(lambda: self.get("contract", "orders", "-n", NS)["status"]["phase"] == "Terminated", "it is Terminated")
        self.assertEqual(ordering.simulated(self.server, "list"), [])
        self.assertEqual(ordering.simulated(self.server, "volumes"), [])
        proof = self.server.charter("sim", "verify")
        self.assertEqual(proof.returncode, 0, proof.stdout)
        self.assertIn("4 things ever made, 0 there now", proof.stdout)
        self.kubectl("delete", "contract", "orders", "-n", NS, "--timeout=30s")


if __name__ == "__main__":
    unittest.main(verbosity=2)
