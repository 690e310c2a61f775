"""Story S5 in half a minute with a server that is killed at random: the bill is what the hosts did, to the second."""

import decimal
import json
import random
import re
import time
import unittest
from datetime import datetime, timedelta, timezone

import ordering
from charter_e2e import ROOT, ServerTest, eventually
from ordering import NS

SEED = 5
STEP = timedelta(milliseconds=100)  # of booting, stopping and copying the image: ordering.QUICK
PRICE = decimal.Decimal("0.13")


def at(text):
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


def second(moment):
    return int(moment.timestamp())


def ran(lines):
    """Seconds that a machine ran, from the calls that reached its host."""
    image, on, seconds = None, None, 0
    for line in lines:
        words = line.split()
        moment, call = at(words[1]), words[4]
        if call == "create" and "created" in words:
            image = moment + STEP
        elif call == "set_power" and "wanted=On" in words and "ok" in words and on is None:
            on = max(moment, image) + STEP
        elif call == "set_power" and "wanted=Off" in words and "ok" in words and on is not None:
            seconds += second(moment + STEP) - second(on)
            on = None
    return seconds, on is not None


class BillingKillsTest(ServerTest):
    """One life of a contract."""

    def calls(self, uid):
        done = self.server.charter("sim", "calls", uid)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()[1:]

    def crash(self):
        self.server.kill()
        self.server.start()

    def bills(self):
        return ordering.listed(self.server, "invoices", "-n", NS)

    def test_the_bill_of_a_life_with_kills_is_what_the_hosts_did(self):
        chance = random.Random(SEED)
        self.kubectl("apply", "-f", str(ROOT / "manifests/quickstart"))
        ordering.hasten(self.server, "datacenter-1")
        ordering.accept(self.server)
        ordering.wait_everything_ready(self.server)
        machines = [m["metadata"]["uid"] for m in ordering.listed(self.server, "machines", "-n", NS)]
        for replicas in (1, 3):
            self.kubectl("scale", "serviceinstance/order-mgmt", "-n", NS, f"--replicas={replicas}")
            time.sleep(chance.uniform(0, 0.7))
            self.crash()
            ordering.wait_machines(self.server, replicas)
            time.sleep(chance.uniform(0.5, 1.5))
        ordering.set_fields(self.server, "contract", "orders", "-n", NS, terminate={"requested": True})
        for _ in range(2):
            time.sleep(chance.uniform(0, 0.5))
            self.crash()
        issued = lambda: (b := self.bills()) and all(i.get("status", {}).get("phase") == "Issued" for i in b) and b
        bills = eventually(issued, "the last bill is issued", 60)
        periods = [b["spec"]["period"]["from"] for b in bills]
        self.assertEqual(len(periods), len(set(periods)), "one bill for each beginning")
        self.assertEqual(sum(b["spec"].get("final", False) for b in bills), 1)
        truth = [ran(self.calls(uid)) for uid in machines]
        self.assertFalse(any(running for _, running in truth), "everything was stopped")
        hours = decimal.Decimal(4 * sum(seconds for seconds, _ in truth)) / 3600
        lines = [l for b in bills for l in b["status"]["lines"]
                 if l["meter"] == "cpu-hours" and l["basis"] == "Active"]
        billed = sum(decimal.Decimal(l["quantity"]) for l in lines)
        self.assertLessEqual(abs(billed - hours), decimal.Decimal("1e-9") * len(lines), f"{lines} {truth}")
        if len(lines) == 1:
            cents = (hours * PRICE).quantize(decimal.Decimal("0.01"), decimal.ROUND_HALF_EVEN)
            self.assertEqual(decimal.Decimal(lines[0]["amount"]), cents)
        before = json.dumps([(b["spec"], b["status"]) for b in bills], sort_keys=True)
        self.crash()
        self.assertEqual(json.dumps([(b["spec"], b["status"]) for b in self.bills()], sort_keys=True), before)
        self.server.stop()
        done = self.server.charter("verify")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("none ever existed twice", self.server.charter("sim", "verify").stdout)
        self.assertRegex(done.stdout, re.compile(r"^0 findings$", re.M))


if __name__ == "__main__":
    unittest.main()
