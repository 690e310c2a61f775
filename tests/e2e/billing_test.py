"""Stories S5 and S6 with a real server: what is metered survives kills, the end of a contract makes its bill, and both can be read."""

import csv
import io
import json
import shutil
import subprocess
import unittest

import ordering
from charter_e2e import BINARY, ROOT, ServerTest, eventually
from ordering import NS

USAGE = f"/apis/charter.dev/v1alpha1/namespaces/{NS}/contracts/orders/usage"


class BillingTest(ServerTest):
    """One life of a contract; the tests run in order of their names."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.kubectl("apply", "-f", str(ROOT / "manifests/quickstart"))
        ordering.hasten(cls.server, "datacenter-1")
        ordering.accept(cls.server)
        ordering.wait_everything_ready(cls.server)

    def usage(self, query=""):
        return json.loads(self.out("get", "--raw", USAGE + query))

    def test_1_what_runs_is_in_the_usage_with_when_and_by_whom(self):
        # A period is half-open: what began in this very second is in it from the next one on.
        begun = lambda: sum(i["basis"] == "Active" for i in self.usage("?intervals=true")["intervals"]) == 3
        eventually(begun, "three active machines are in the usage")
        usage = self.usage("?intervals=true")
        provisioned = [a for a in usage["actions"] if a["action"] == "Provisioned" and a["object"].endswith("order-mgmt")]
        self.assertGreaterEqual(sum(a["count"] for a in provisioned), 3)
        self.assertTrue(all(a["by"] for a in provisioned), provisioned)
        active = [i for i in usage["intervals"] if i["meter"] == "machine" and i["basis"] == "Active"]
        self.assertEqual(len(active), 3)
        self.assertTrue(all("to" not in i for i in active))

    def test_2_kills_leave_no_gap(self):
        before = {(i["uid"], i["basis"], i["number"]): i["from"] for i in self.usage("?intervals=true")["intervals"]}
        for _ in range(3):
            self.server.kill()
            self.server.start()
        ordering.wait_everything_ready(self.server)
        after = {(i["uid"], i["basis"], i["number"]): i["from"] for i in self.usage("?intervals=true")["intervals"]}
        self.assertEqual(after, before)

    def test_3_a_report_answers_from_the_ledger(self):
        report = {"apiVersion": "charter.dev/v1alpha1", "kind": "UsageReport", "metadata": {"name": "now", "namespace": NS},
                  "spec": {"contractRef": {"name": "orders"},
                           "period": {"from": "2020-01-01T00:00:00Z", "to": "2020-01-01T00:00:00Z"}}}
        self.assertIn("spec.period.to", self.refused("apply", "-f", "-", stdin=json.dumps(report)))
        report["spec"]["period"]["to"] = "2099-01-01T00:00:00Z"
        self.apply(report)
        ordering.wait_ready(self.server, "usagereport", "now", "-n", NS)
        meters = {(l["meter"], l["basis"]) for l in self.get("usagereport", "now", "-n", NS)["status"]["lines"]}
        self.assertIn(("cpu-hours", "Active"), meters)

    def test_3_discovery_tells_of_the_usage(self):
        resources = json.loads(self.out("get", "--raw", "/apis/charter.dev/v1alpha1"))["resources"]
        usage = [r for r in resources if r["name"] == "contracts/usage"]
        self.assertEqual([(r["kind"], r["namespaced"], r["verbs"]) for r in usage], [("Contract", True, ["get"])])

    def test_4_usage_is_exported_as_csv_and_focus(self):
        lines = list(csv.DictReader(io.StringIO(self.export("csv"))))
        self.assertIn(("cpu-hours", "Active", "CPUHour"), {(l["meter"], l["basis"], l["unit"]) for l in lines})
        rows = list(csv.DictReader(io.StringIO(self.export("focus"))))
        self.assertTrue(rows)
        for row in rows:
            self.assertEqual(row["BillingCurrency"], "USD")
            self.assertIn(row["ChargeCategory"], ("Usage", "Purchase", "Adjustment"))

    def command(self, *arguments):
        """A command that talks to the server, as its administrator."""
        line = [BINARY, *arguments, "-n", NS, "--kubeconfig", str(self.server.data / "kubeconfig")]
        return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)

    def export(self, form):
        done = self.command("usage", "export", "orders", "--format", form)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_5_the_end_makes_the_bill_before_the_contract_goes(self):
        ordering.set_fields(self.server, "contract", "orders", "-n", NS, deletionProtection=False, terminate={"requested": True})
        self.kubectl("delete", "contract", "orders", "-n", NS, "--timeout=90s")
        bills = ordering.listed(self.server, "invoices", "-n", NS)
        self.assertTrue(bills)
        for bill in bills:
            self.assertEqual(bill["status"]["phase"], "Issued")
        last = max(bills, key=lambda b: b["spec"]["period"]["to"])
        self.assertTrue(last["spec"]["final"])
        shown = self.command("invoice", "show", last["metadata"]["name"])
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn(last["status"]["number"], shown.stdout)
        self.assertIn("CPUHour", shown.stdout)
        self.assertNotIn("DOES NOT MATCH", shown.stdout)
        self.pdf(last)
        self.assertIn("is kept", self.refused("delete", "invoice", last["metadata"]["name"], "-n", NS))

    def pdf(self, bill):
        """The same bill for a reader that we did not write."""
        path = self.server.folder / "bill.pdf"
        done = self.command("invoice", "show", bill["metadata"]["name"], "--pdf", str(path))
        self.assertEqual(done.returncode, 0, done.stderr)
        if shutil.which("pdftotext") is None:
            self.skipTest("no pdftotext here: hack/install-deps.sh installs it")
        read = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((read.returncode, read.stderr), (0, ""))
        self.assertIn(bill["status"]["number"], read.stdout)
        for line in bill["status"]["lines"]:
            self.assertIn(line["amount"], read.stdout)

    def test_6_the_ledger_holds_after_all_of_it(self):
        self.server.stop()
        done = self.server.charter("verify")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.server.start()


if __name__ == "__main__":
    unittest.main()
