"""kill -9 while S3 and S4 happen: exactly the right machines, no orphan, and nothing that was acknowledged is lost."""

import signal
import subprocess
import threading
import time
import unittest

import ordering
from charter_e2e import Server, ServerTest, eventually
from ordering import MANIFESTS, NS

KILLS_IN_S3 = 4
KILLS_IN_S4 = 4
# From "just begun" to "nearly done", so that the kills meet every stage of provisioning (2 s of boot time) and stopping.
LIVES_S = (0.15, 0.6, 1.1, 1.9)
ENOUGH_WRITES = 20
HUNG_STOP_S = 25


class Writer(threading.Thread):
    """Creates ConfigMaps one after the other and remembers the names that the server acknowledged."""

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.acknowledged = []
        self.refused = 0
        self.ending = threading.Event()

    def run(self):
        number = 0
        while not self.ending.is_set():
            number += 1
            name = f"write-{number}"
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"},
                    "data": {"number": str(number)}}
            done = self.server.kubectl("create", "--validate=false", "-f", "-", stdin=body, check=False)
            if done.returncode == 0 and "created" in done.stdout:
                self.acknowledged.append(name)
            else:
                self.refused += 1

    def finish(self):
        self.ending.set()
        self.join()


class CrashTest(ServerTest):
    def crash_after(self, seconds):
        """Lets the server live so long, kills it, and starts it again on the same data and address."""
        time.sleep(seconds)
        self.server.kill()
        self.server.start()

    def persist(self, *arguments):
        """A command that a killed server may have cut off, repeated until it succeeds, as people do."""
        eventually(lambda: self.kubectl(*arguments, check=False).returncode == 0, " ".join(arguments), 30)

    def test_a_server_killed_again_and_again_makes_exactly_what_was_ordered(self):
        self.kubectl("apply", "-f", MANIFESTS)
        writer = Writer(self.server)
        writer.start()
        self.addCleanup(writer.finish)
        ordering.accept(self.server)
        for life in LIVES_S[:KILLS_IN_S3]:
            self.crash_after(life)
        ordering.wait_everything_ready(self.server)
        self.check_inventory(running=3)
        before = ordering.identities(self.server)
        for kill in range(KILLS_IN_S4):
            self.persist("scale", "serviceinstance/order-mgmt", "-n", NS, f"--replicas={1 + kill % 2}")
            self.crash_after(LIVES_S[kill] / 2)
        ordering.wait_machines(self.server, running=2)
        self.check_inventory(running=2)
        self.assertEqual(ordering.identities(self.server), before, "scaling under kills replaced nothing")
        writer.finish()
        self.check_writes(writer)
        self.check_stopped()

    def check_inventory(self, running):
        """The API and the hosts agree, and the hosts' ledger shows that nothing was ever made twice."""
        uids = {m["metadata"]["uid"] for m in self.get("machines", "-A")["items"]}
        self.assertEqual(len(uids), 3)
        rows = ordering.simulated(self.server, "list")
        self.assertEqual(sorted(row[-1] for row in rows), sorted(uids), "no orphan and no machine missing")
        self.assertEqual([row[3] for row in rows].count("On"), running)
        volumes = {v["metadata"]["uid"] for v in self.get("volumes", "-A")["items"]}
        self.assertEqual([row[-1] for row in ordering.simulated(self.server, "volumes")], list(volumes))
        proof = self.server.charter("sim", "verify")
        self.assertEqual(proof.returncode, 0, proof.stdout)
        self.assertIn("4 things ever made, 4 there now", proof.stdout)

    def check_writes(self, writer):
        mine = [c for c in self.get("configmap", "-n", "default")["items"] if c["metadata"]["name"] != "kube-root-ca.crt"]
        found = {c["metadata"]["name"]: c["data"]["number"] for c in mine}
        lost = [name for name in writer.acknowledged if found.get(name) != name.removeprefix("write-")]
        self.assertEqual(lost, [], f"of {len(writer.acknowledged)} acknowledged writes")
        self.assertGreaterEqual(len(writer.acknowledged), ENOUGH_WRITES)
        self.assertGreater(writer.refused, 0, "the kills met the writer at work")

    def check_stopped(self):
        code, seconds = self.server.stop()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 10)
        found = self.server.charter("verify")
        self.assertEqual([found.returncode, found.stdout.strip()], [0, "0 findings"])


class LifeTest(ServerTest):
    def test_a_second_server_on_the_same_data_is_refused_and_the_first_serves_on(self):
        second = Server()
        self.addCleanup(second.close)
        own, second.data = second.data, self.server.data
        own.rmdir()
        second.spawn()
        self.assertNotIn(second.process.wait(10), (0, None))
        self.assertIn("data", second.log_tail())
        self.assertEqual(self.out("get", "--raw", "/readyz"), "ok")
        self.assertEqual((self.server.data / "charter.pid").read_text().strip(), str(self.server.process.pid))

    def test_sigterm_stops_an_idle_server_with_an_open_watch(self):
        server = Server()
        self.addCleanup(server.close)
        server.start()
        watch = subprocess.Popen(server.kubectl_line("get", "namespaces", "-w", "-o", "name"),
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(watch.stdout.close)
        self.addCleanup(watch.wait)
        self.addCleanup(watch.kill)
        self.assertIn("namespace/", watch.stdout.readline())
        code, seconds = server.stop()
        self.assertEqual(code, 0, server.log_tail())
        self.assertLess(seconds, 10)
        self.assertEqual(server.charter("verify").stdout.strip(), "0 findings")

    def test_a_driver_that_hangs_does_not_keep_the_server_from_stopping(self):
        server = Server()
        self.addCleanup(server.close)
        server.start()
        server.kubectl("apply", "-f", MANIFESTS)
        hung = {"call": "create", "every": 1, "error": "Hang", "delay": "60s"}
        ordering.set_fields(server, "provider", "datacenter-1", simulated={"failures": [hung]})
        ordering.accept(server)
        eventually(lambda: ordering.listed(server, "machines,volumes", "-A"), "something is being made")
        # Everything else goes on beside the workers that hang.
        server.kubectl("create", "namespace", "beside", "--validate=false")
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.process.wait(HUNG_STOP_S), 1, server.log_tail())
        self.assertIn("did not end within the stop deadline: machine", server.log_tail())
        self.assertEqual(server.charter("verify").stdout.strip(), "0 findings")


if __name__ == "__main__":
    unittest.main(verbosity=2)
