"""`charter operator` whose ledger is in PostgreSQL: two replicas share it through kills, a server that ends, and a leader that sleeps."""

import decimal
import os
import subprocess
import time
import unittest
import urllib.parse

import ordering
from billing_kills_test import ran
from charter_e2e import BINARY, eventually
from operating import FAST
from operator_test import Pair
from ordering import NS
from private_postgres import Postgres


class SharedLedger(Pair):
    """Two replicas with quick terms, one database."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.close)
        if cls.postgres.absent:
            raise unittest.SkipTest(cls.postgres.absent)

    def replica(self, name):
        return self.operator(name, *FAST, f"--ledger={self.postgres.uri}")

    def both(self):
        first = self.replica("first").wait_works()
        second = self.replica("second")
        second.port()
        return first, second

    def verify(self):
        return subprocess.run([BINARY, "verify", "--ledger", self.postgres.uri], capture_output=True, text=True, timeout=60,
                              check=False)

    def check_sound(self):
        done = self.verify()
        self.assertEqual((done.returncode, done.stdout), (0, "0 findings\n"), done.stderr)
        self.assertFalse((self.server.hosts / "ledger.db").exists(), "there is one ledger")

    def rows(self):
        return int(self.postgres.sql("SELECT position FROM charter.ledger_head"))

    def end_contract(self):
        """The bills, once they are issued."""
        ordering.set_fields(self.server, "contract", "orders", "-n", NS, terminate={"requested": True})
        bills = lambda: ordering.listed(self.server, "invoices", "-n", NS)
        issued = lambda: (b := bills()) and all(i.get("status", {}).get("phase") == "Issued" for i in b) and b
        return eventually(issued, "the last bill is issued", 90)

    def check_bills(self, bills, machines):
        """What was billed is what the hosts did, to the second."""
        truth = [ran(self.server.charter("sim", "calls", uid).stdout.splitlines()[1:]) for uid in machines]
        self.assertFalse(any(running for _, running in truth), "everything was stopped")
        hours = decimal.Decimal(4 * sum(seconds for seconds, _ in truth)) / 3600
        self.assertGreater(hours, 0)
        lines = [l for b in bills for l in b["status"]["lines"] if l["meter"] == "cpu-hours" and l["basis"] == "Active"]
        billed = sum(decimal.Decimal(l["quantity"]) for l in lines)
        self.assertLessEqual(abs(billed - hours), decimal.Decimal("1e-9") * len(lines), f"{lines} {truth}")


class KillsTest(SharedLedger):
    """Ends that nobody announced."""

    def test_the_bill_is_exact_when_the_leader_and_the_database_are_killed(self):
        first, second = self.both()
        self.order()
        machines = self.uids()
        self.scale(1)
        time.sleep(0.3)  # in the middle of it
        first.kill()
        self.wait_takes_over(second, 20)
        ordering.wait_machines(self.server, running=1)
        self.scale(3)
        time.sleep(0.2)
        self.postgres.order("crash")
        time.sleep(1)
        self.postgres.order("start")
        ordering.wait_machines(self.server, running=3)
        self.check_sound()
        third = self.replica("third")
        third.port()
        ordering.set_fields(self.server, "contract", "orders", "-n", NS, terminate={"requested": True})
        second.kill()
        self.postgres.order("crash")
        self.postgres.order("start")
        bills = self.end_contract()
        self.assertEqual(len({b["spec"]["period"]["from"] for b in bills}), len(bills), "one bill for each beginning")
        self.check_bills(bills, machines)
        self.check_sound()
        third.stop()


class SleepingLeaderTest(SharedLedger):
    """A leader that is stopped within its transaction, with the ledger's lock."""

    def test_a_leader_that_was_stopped_in_the_middle_of_an_entry_adds_none_when_it_wakes(self):
        first, second = self.both()
        self.order()
        machines = self.uids()
        self.quiet()
        holder = self.postgres.hold()
        self.scale(1)
        waiting = ("SELECT count(*) FROM pg_stat_activity WHERE application_name='charter' AND wait_event_type='Lock'")
        eventually(lambda: self.postgres.sql(waiting) != "0", "the leader waits for the lock", 20)
        before = self.rows()
        first.suspend()
        holder.communicate("COMMIT;\n", timeout=20)  # now the sleeper has the lock
        self.wait_takes_over(second, 30)
        ordering.wait_machines(self.server, running=1)
        self.assertGreater(self.rows(), before)
        self.scale(3)
        ordering.wait_machines(self.server, running=3)
        self.quiet()
        rows = self.rows()
        first.resume()
        eventually(lambda: first.process.poll() is not None, "the old leader ends", 20)
        self.assertEqual(first.process.returncode, 1)
        self.assertEqual(self.rows(), rows)
        self.check_sound()
        self.check_hosts()
        self.check_bills(self.end_contract(), machines)
        self.check_sound()
        second.stop()


class AddressTest(SharedLedger):
    """How the ledger is named, and what becomes of a database that is not there."""

    def test_a_file_names_it_and_the_operator_waits_for_a_database_that_is_away(self):
        path = self.server.folder / "ledger.uri"
        secret = urllib.parse.quote(self.postgres.facts["password"], safe="")
        path.write_text(self.postgres.facts["tls"].replace("@", f":{secret}@") + "&sslmode=verify-full&sslrootcert="
                        + urllib.parse.quote(self.postgres.facts["ca"], safe="") + "\n")
        self.postgres.order("crash")
        operator = self.operator("waits", f"--ledger-uri-file={path}")
        eventually(lambda: "waiting for the ledger" in operator.text(), "it waits", 30)
        self.postgres.order("start")
        operator.wait_works()
        self.order()
        self.assertEqual(self.postgres.sql("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                                           "WHERE application_name='charter'"), "t")
        self.assertGreater(self.rows(), 0)
        self.check_sound()
        operator.stop()
        for word in (self.postgres.facts["password"], secret):
            self.assertNotIn(word, operator.text())
        wrong = self.operator("refused", f"--ledger=postgres://u:{secret}@localhost/d")
        self.assertEqual(wrong.process.wait(30), 2)
        self.assertIn("--ledger-uri-file", wrong.text())
        self.assertNotIn(secret, wrong.text())
        environment = dict(os.environ, PGPASSFILE=str(self.postgres.password_file()))
        done = subprocess.run([BINARY, "verify", "--ledger", self.postgres.facts["socket"]], capture_output=True, text=True,
                              timeout=60, check=False, env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
