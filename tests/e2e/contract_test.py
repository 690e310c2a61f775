"""Stories S2 and S6 with their own manifests: the relationship, the offer and its hash, limits, growth and the end."""

import json
import subprocess
import unittest

import ordering
from charter_e2e import ROOT, ServerTest, eventually
from ordering import NS

RELATIONSHIP = str(ROOT / "manifests/s2-contract")
GROWTH = ROOT / "manifests/s6-growth"
ACCOUNT = ("account", "consumerco")


class ContractTest(ServerTest):
    """What is for sale and the relationship of s2-contract; each test has contracts of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.kubectl("apply", "-f", str(ROOT / "manifests/quickstart"))
        ordering.hasten(cls.server, "datacenter-1")
        eventually(lambda: ordering.offer_hash(cls.server), "the catalog is for sale")

    def setUp(self):
        """Every test starts with the limits of the manifest, and nothing that holds of them."""
        self.kubectl("apply", "-f", f"{RELATIONSHIP}/10-account.yaml")
        self.end_all()
        eventually(lambda: self.get(*ACCOUNT)["status"].get("used", {}) == {}, "no contract holds anything")

    def end_all(self):
        """Ends whatever the test before has left; contracts under protection are not deleted without."""
        end = {"deletionProtection": False, "terminate": {"requested": True}}
        for name in self.names("contracts", "-n", NS):
            ordering.patch(self.server, "contract", name, "-n", NS, **end)
            self.kubectl("delete", "contract", name, "-n", NS, "--timeout=30s")

    def request(self, name="orders", offering="compute-highspeed", **quantities):
        order = ordering.manifest(self.server, "s2-contract/20-contract.yaml", "orders")
        order["metadata"]["name"] = name
        order["spec"]["offeringRef"]["name"] = offering
        order["spec"]["quantities"] = quantities
        return order

    def contract(self, name="orders"):
        return self.get("contract", name, "-n", NS)

    def offered(self, name="orders", other_than=()):
        return eventually(lambda: (h := ordering.offer_hash(self.server, name)) not in other_than and h, f"{name} has an offer")

    def commit(self, name, value):
        return ordering.patch(self.server, "contract", name, "-n", NS, acceptance={"offerHash": value})

    def sell(self, name, **policy):
        """An offering like compute-highspeed, with another contract policy."""
        offering = ordering.manifest(self.server, "quickstart/50-offerings.yaml", "compute-highspeed")
        offering["metadata"]["name"] = name
        offering["spec"]["contractPolicy"] = policy
        self.apply(offering)
        ordering.wait_ready(self.server, "off", name)

    # --- S2 --------------------------------------------------------------------------------------

    def test_only_the_hash_of_the_offer_that_stands_is_accepted(self):
        self.apply(self.request(compute=2))
        old = self.offered()
        self.assertEqual(self.contract()["status"]["offer"]["monthlyEstimate"], "748.80 USD")
        ordering.set_fields(self.server, "contract", "orders", "-n", NS, quantities={"compute": 3, "storage": 5})
        new = self.offered(other_than=(old,))
        self.assertEqual(self.contract()["status"]["offer"]["monthlyEstimate"], "1198.20 USD")
        for value in (old, "sha256:" + "0" * 64):
            self.assertIn(f"the standing offer is {new}", self.commit("orders", value).stderr)
        self.assertNotIn("accepted", self.contract()["status"])
        self.assertEqual(self.commit("orders", new).returncode, 0)
        ordering.wait_reason(self.server, "Active", "contract", "orders", "-n", NS)
        self.assertEqual(self.contract()["status"]["accepted"]["hash"], new)

    def test_an_expired_quote_is_refused_and_a_new_offer_takes_its_place(self):
        self.sell("fleeting", acceptance="Explicit", quoteTTL="3s")
        self.apply(self.request("hasty", "fleeting", compute=1))
        first = self.offered("hasty")
        second = self.offered("hasty", other_than=(first,))
        self.assertIn("spec.acceptance.offerHash", self.commit("hasty", first).stderr)
        self.assertNotIn("accepted", self.contract("hasty")["status"])
        events = self.out("get", "events", "-n", NS, "--field-selector", "reason=OfferExpired", "-o", "name")
        self.assertTrue(events)
        # The clock runs on: whichever offer stands when the answer comes is the one to take.
        eventually(lambda: self.commit("hasty", ordering.offer_hash(self.server, "hasty")).returncode == 0, "it is taken in time")
        ordering.wait_reason(self.server, "Active", "contract", "hasty", "-n", NS)
        self.assertNotEqual(self.contract("hasty")["status"]["accepted"]["hash"], first)
        self.assertNotEqual(second, first)

    def test_the_limit_counts_all_contracts_and_says_what_is_missing(self):
        self.apply(self.request("held", compute=3))
        said = self.refused("apply", "-f", "-", stdin=self.request("more", compute=3, storage=6))
        self.assertIn("compute: limit 5, used 3, asked 3", said)
        self.assertIn("storage: limit 5, used 0, asked 6", said)
        self.assertEqual(self.names("contracts", "-n", NS), ["held"])

    def test_of_parallel_orders_that_exceed_the_limit_together_one_passes(self):
        for turn in range(2):
            orders = [json.dumps(self.request(f"race-{turn}-{i}", compute=3)) for i in range(4)]
            line = self.server.kubectl_line("create", "-f", "-")
            racing = [subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                      for _ in orders]
            # Input comes last, so that all of them are ready to go when the first goes.
            said = [(process.communicate(order)[1], process.returncode) for process, order in zip(racing, orders)]
            self.assertEqual(sorted(code for _, code in said), [0, 1, 1, 1], said)
            for text, code in said:
                if code != 0:
                    self.assertIn("compute: limit 5, used 3, asked 3", text)
            self.end_all()

    def test_server_dry_run_judges_and_creates_nothing(self):
        dry = ("apply", "--dry-run=server", "-f", "-")
        self.assertIn("created (server dry run)", self.out(*dry, stdin=self.request("ghost", compute=5)))
        self.assertIn("compute: limit 5, used 0, asked 6", self.refused(*dry, stdin=self.request("ghost", compute=6)))
        self.assertEqual(self.names("contracts", "-n", NS), [])
        self.assertEqual(self.get(*ACCOUNT)["status"].get("used", {}), {})

    # --- S6 --------------------------------------------------------------------------------------

    def run_orders(self):
        """S3's instance under an accepted contract; what a growing account must not touch."""
        self.apply(self.request(compute=3, storage=5))
        ordering.accept(self.server)
        self.kubectl("apply", "-f", str(ROOT / "manifests/s3-provision"))
        ordering.wait_ready(self.server, "si", "order-mgmt", "-n", NS)

    def test_growth_and_collapse(self):
        self.run_orders()
        calls = len(self.changing_calls())
        self.kubectl("apply", "-f", str(GROWTH / "10-account.yaml"))
        eventually(lambda: self.get(*ACCOUNT)["status"]["members"] == 6, "the account knows six members")
        history = [entry["change"] for entry in self.get(*ACCOUNT)["status"]["history"]]
        for change in ("limits.compute 5 -> 30 (+25)", "limits.storage 5 -> 30 (+25)"):
            self.assertIn(change, history)
        self.assertEqual(len([c for c in history if c.startswith("members +User")]), 3)
        self.assertTrue(all(entry["by"] for entry in self.get(*ACCOUNT)["status"]["history"]))
        before = ordering.offer_hash(self.server)
        self.kubectl("apply", "-f", str(GROWTH / "20-contract.yaml"))
        after = self.offered(other_than=(before,))
        said = ordering.wait_reason(self.server, "WaitForAcceptance", "contract", "orders", "-n", NS, of="Amending")
        self.assertIn("compute 3 -> 10 (+7), storage 5 -> 8 (+3); until accepted the old terms hold", said)
        self.assertEqual(self.contract()["status"]["accepted"]["quantities"], {"compute": 3, "storage": 5})
        self.assertIn("compute: ordered 3, used 3, asked 4",
                      self.refused("scale", "si/order-mgmt", "-n", NS, "--replicas=4"))
        self.assertEqual(len(self.changing_calls()), calls, "nothing that runs was touched")
        self.assertEqual(self.commit("orders", after).returncode, 0)
        eventually(lambda: self.contract()["status"]["accepted"]["quantities"] == {"compute": 10, "storage": 8}, "accepted")
        eventually(lambda: self.out("get", "ctr", "orders", "-n", NS).splitlines()[1].split()[2] == "3/10", "the column")
        self.kubectl("scale", "si/order-mgmt", "-n", NS, "--replicas=4")
        ordering.wait_ready(self.server, "si", "order-mgmt", "-n", NS)
        self.assertEqual(len(ordering.simulated(self.server, "list")), 4)
        # A limit below what is used blocks only new work.
        calls = len(self.changing_calls())
        ordering.set_fields(self.server, *ACCOUNT, limits={"compute": 2})
        said = ordering.wait_reason(self.server, "OverLimit", *ACCOUNT, of="WithinLimits")
        self.assertIn("compute: limit 2, used 10", said)
        self.assertIn("compute: limit 2, used 10, asked 1", self.refused("apply", "-f", "-", stdin=self.request("more", compute=1)))
        self.assertEqual(ordering.said(self.server, "ctr", "orders", "-n", NS)["reason"], "Active")
        self.assertEqual(len(self.changing_calls()), calls, "nothing that runs was touched")
        self.kubectl("scale", "si/order-mgmt", "-n", NS, "--replicas=1")
        ordering.wait_machines(self.server, running=1, total=4)
        self.kubectl("scale", "si/order-mgmt", "-n", NS, "--replicas=2")
        ordering.wait_machines(self.server, running=2, total=4)
        # Storage as a service beside it, as safe as the offering promises; then all of it is given back at once.
        self.kubectl("apply", "-f", str(GROWTH))
        ordering.wait_reason(self.server, "WithinLimits", *ACCOUNT, of="WithinLimits")
        ordering.wait_ready(self.server, "volume", "archive-1", "-n", NS)
        kept = {row[1]: row[3:7] for row in ordering.simulated(self.server, "volumes")}
        self.assertEqual(kept[f"{NS}/archive-1"], ["200GB", "no", "TenantNetwork", "yes"])
        self.kubectl("apply", "-f", str(ROOT / "manifests/s6-collapse"))
        for name in ("orders", "archive"):
            ordering.wait_reason(self.server, "Terminated", "contract", name, "-n", NS)
        self.assertEqual(self.names("si,mach,vol", "-n", NS), [])
        self.assertEqual(ordering.simulated(self.server, "list") + ordering.simulated(self.server, "volumes"), [])

    def changing_calls(self):
        """Lines of the hosts' ledger for calls that were meant to change something."""
        looks = {"observe", "observe_volume", "look"}
        return [row for row in ordering.simulated(self.server, "calls") if row[4] not in looks]

    def test_an_account_goes_only_after_its_contracts(self):
        self.apply(self.request("last", compute=1))
        self.apply(self.request("asked", compute=1))
        ordering.accept(self.server, "last")
        ordering.wait_reason(self.server, "Active", "contract", "last", "-n", NS)
        said = self.refused("delete", *ACCOUNT, "--wait=false")
        self.assertIn("has contracts that have not ended: consumerco/asked, consumerco/last; terminate them first", said)
        self.assertNotIn("deletionTimestamp", self.get(*ACCOUNT)["metadata"])
        for name in ("asked", "last"):
            ordering.set_fields(self.server, "contract", name, "-n", NS, terminate={"requested": True})
            ordering.wait_reason(self.server, "Terminated", "contract", name, "-n", NS)
        row = self.out("get", "ctr", "last", "-n", NS, "--no-headers")
        self.assertNotIn("USD", row, "what has ended costs nothing any more")
        self.kubectl("delete", *ACCOUNT, "--timeout=20s")
        said = self.refused("apply", "-f", "-", stdin=self.request("orphan", compute=1))
        self.assertIn("namespace consumerco belongs to no Account", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
