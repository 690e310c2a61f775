"""`charter operator` with the quickstart's manifests on a plain API server: convergence, fail-over, and faults on the way."""

import json
import subprocess
import time
import unittest

import ordering
from charter_e2e import ROOT, eventually
from operating import FAST, HELM, Gateway, OperatorTest, Proxy, free_port
from ordering import MANIFESTS, NS


class Story(OperatorTest):
    """What all classes here need."""

    def order(self):
        self.kubectl("apply", "-f", MANIFESTS)
        ordering.hasten(self.server, "datacenter-1")
        ordering.accept(self.server)
        ordering.wait_everything_ready(self.server)

    def uids(self):
        return sorted(m["metadata"]["uid"] for m in self.get("machines", "-n", NS)["items"])

    def check_hosts(self, machines=3):
        """Exactly one machine a Machine object, and none was ever made twice."""
        rows = ordering.simulated(self.server, "list")
        self.assertEqual(sorted(row[-1] for row in rows), self.uids())
        self.assertEqual(len(rows), machines)
        made = [uid for _, _, _, uid, _, _ in self.server.calls("effect = 'created'")]
        self.assertEqual(sorted(made), sorted(set(made)), "a thing was made twice")
        proof = self.server.charter("sim", "verify")
        self.assertEqual(proof.returncode, 0, proof.stdout + proof.stderr)

    def scale(self, replicas):
        self.kubectl("scale", "serviceinstance/order-mgmt", "-n", NS, f"--replicas={replicas}")

    def quiet(self, seconds=5.0, within=60.0):
        """Writing ends: a while in which no object of ours changes comes soon."""
        def versions():
            return {(t["kind"], t["metadata"]["name"]): t["metadata"]["resourceVersion"]
                    for t in self.get("charter", "-A")["items"]}
        end = time.monotonic() + within
        before, since = versions(), time.monotonic()
        changed = set()
        while time.monotonic() - since < seconds:
            time.sleep(0.2)
            now = versions()
            if now != before:
                changed = {name for name, version in now.items() if before.get(name) != version}
                before, since = now, time.monotonic()
            self.assertLess(time.monotonic(), end, f"written again and again: {changed}")


class ConvergenceTest(Story):
    """One operator, the story of the quickstart."""

    def test_the_quickstart_converges_scales_and_ends(self):
        operator = self.operator("solo")
        operator.wait_works()
        self.order()
        self.check_hosts()
        self.quiet()
        self.scale(1)
        ordering.wait_machines(self.server, running=1)
        self.scale(3)
        ordering.wait_machines(self.server, running=3)
        self.check_hosts()
        self.assertEqual(operator.get("/healthz")[0], 200)
        self.assertEqual(operator.get("/readyz")[0], 200)
        self.assertEqual(operator.get("/nowhere")[0], 404)
        for series in ("controller_runtime_reconcile_total", "workqueue_depth", "rest_client_requests_total",
                       "leader_election_master_status"):
            self.assertIn(series, operator.get("/metrics")[1])
        end = {"spec": {"deletionProtection": False, "terminate": {"requested": True}}}
        self.kubectl("patch", "contract", "orders", "-n", NS, "--type=merge", "-p", json.dumps(end))
        self.gone("serviceinstances,machines,volumes", "-n", NS, timeout=60)
        eventually(lambda: self.get("contract", "orders", "-n", NS)["status"]["phase"] == "Terminated", "it is Terminated")
        self.assertEqual(ordering.simulated(self.server, "list"), [])
        bills = eventually(lambda: self.get("invoices", "-n", NS)["items"], "a bill is opened", 30)
        self.assertTrue(bills)
        self.kubectl("delete", "contract", "orders", "-n", NS, "--wait=false")
        code, took = operator.stop()
        self.assertEqual(code, 0, operator.text()[-2000:])
        self.assertLess(took, 10)


class RefusalTest(Story):
    """What cannot be done is said at the start."""

    def test_a_cluster_without_the_definitions_is_refused_and_says_how(self):
        self.kubectl("delete", "crd", "machines.charter.dev")
        operator = self.operator("refused")
        self.assertEqual(operator.process.wait(30), 1)
        self.assertIn("machines.charter.dev", operator.text())
        self.assertIn("charter crds | kubectl apply", operator.text())
        again = self.operator("installs", "--install-crds").wait_works()
        self.assertIn("machines.charter.dev", self.out("get", "crds", "-o", "name"))
        again.stop()


class Pair(Story):
    """Two replicas on one Lease."""

    def pair(self, *flags):
        first = self.operator("first", *flags).wait_works()
        second = self.operator("second", *flags)
        second.port()
        self.assertFalse(second.leads())
        return first, second

    def wait_takes_over(self, replica, within):
        began = time.monotonic()
        eventually(lambda: "works" in replica.text(), f"{replica.name} works", within)
        return time.monotonic() - began


class FailOverTest(Pair):
    """The leader ends, asked or not."""

    def test_sigterm_hands_over_within_five_seconds_and_kill_within_the_lease(self):
        first, second = self.pair()
        self.order()
        code, took = first.stop()
        self.assertEqual(code, 0)
        waited = self.wait_takes_over(second, 5)
        self.assertLess(took + waited, 5, "SIGTERM to the new leader's first pass")
        self.scale(2)
        ordering.wait_machines(self.server, running=2)
        third = self.operator("third")
        third.port()
        second.kill()
        self.assertLess(self.wait_takes_over(third, 22), 20, "15 s of lease, 2 s of retry, jitter")
        self.scale(3)
        ordering.wait_machines(self.server, running=3)
        self.check_hosts()
        print(f"fail-over: SIGTERM {took:.1f} + {waited:.1f} s", flush=True)


class StoppedLeaderTest(Pair):
    """SIGSTOP for longer than the lease: the old leader wakes into somebody else's term."""

    def test_a_leader_that_was_stopped_makes_no_call_when_it_wakes(self):
        first, second = self.pair(*FAST)
        self.order()
        # Not within a call: a stopped process would keep the lock on the simulated hosts' file, which no real host has. What tempts
        # it when it wakes are the events that wait in its sockets.
        self.quiet()
        first.suspend()
        self.scale(1)
        last = max([seq for seq, *_ in self.server.calls()] or [0])
        self.wait_takes_over(second, 20)
        ordering.wait_machines(self.server, running=1)
        self.scale(3)
        time.sleep(0.3)
        first.resume()
        eventually(lambda: first.process.poll() is not None, "the old leader ends", 15)
        self.assertEqual(first.process.returncode, 1)
        ordering.wait_machines(self.server, running=3)
        mine = self.server.calls("seq > ? AND pid = ?", last, first.pid)
        self.assertEqual(mine, [], "calls of the old leader after it woke")
        self.assertTrue(self.server.calls("seq > ? AND pid = ?", last, second.pid))
        self.check_hosts()
        self.quiet()


class WebhookTest(Story):
    """The kinds' own rules, asked over HTTPS by an API server that does not know them."""

    def registered(self):
        return self.out("get", "validatingwebhookconfigurations", "charter.dev", "-o", "name", "--ignore-not-found")

    def test_rules_limits_and_verbs_hold_and_nothing_passes_without_an_answer(self):
        port = free_port()
        operator = self.operator("webhooked", f"--webhook-url=https://127.0.0.1:{port}", listen=f"127.0.0.1:{port}").wait_works()
        eventually(self.registered, "the webhooks are registered", 30)
        self.order()
        said = self.refused("patch", "contract", "orders", "-n", NS, "--type=merge", "-p", ordering.acceptance("sha256:" + "0" * 64))
        self.assertIn("spec.acceptance.offerHash", said)
        said = self.refused("patch", "contract", "orders", "-n", NS, "--type=merge", "-p", '{"spec":{"quantities":{"compute":6}}}')
        self.assertIn("compute: limit 5, used 3, asked 6", said)
        self.refused("scale", "serviceinstance/order-mgmt", "-n", NS, "--replicas=4")
        said = self.refused("patch", "si", "order-mgmt", "-n", NS, "--type=merge", "-p", '{"spec":{"parameters":{"vcpus":3}}}')
        self.assertIn("spec.parameters.vcpus", said)
        said = self.refused("delete", "contract", "orders", "-n", NS, "--wait=false")
        self.assertIn("deletionProtection", said)
        self.check_verbs()
        self.check_limit_under_pressure()
        secret = self.get("secret", "charter-webhooks")
        self.assertEqual(sorted(secret["data"]), ["tls.crt", "tls.key"])
        operator.stop()
        said = self.refused("scale", "serviceinstance/order-mgmt", "-n", NS, "--replicas=2")
        self.assertIn("failed calling webhook", said)
        again = self.operator("again", f"--webhook-url=https://127.0.0.1:{port}", listen=f"127.0.0.1:{port}").wait_works()
        eventually(lambda: self.kubectl("scale", "serviceinstance/order-mgmt", "-n", NS, "--replicas=2",
                                        check=False).returncode == 0, "the next replica answers", 20)
        again.stop()
        self.kubectl("delete", "validatingwebhookconfigurations", "charter.dev")

    def check_verbs(self):
        """Whoever may update a contract may not therefore accept or end it."""
        self.kubectl("create", "role", "clerk", "-n", NS, "--verb=get,list,update,patch", "--resource=contracts.charter.dev")
        self.kubectl("create", "rolebinding", "clerk", "-n", NS, "--role=clerk", "--user=clara")
        said = self.refused("patch", "contract", "orders", "-n", NS, "--as=clara", "--type=merge",
                            "-p", '{"spec":{"terminate":{"requested":true}}}')
        self.assertIn('needs the verb "terminate"', said)
        self.kubectl("label", "contract", "orders", "-n", NS, "--as=clara", "seen=yes")

    def check_limit_under_pressure(self):
        """Of many orders at once exactly as many pass as the account has units left: 5 less the 3 of the quickstart."""
        contract = ordering.manifest(self.server, "quickstart/70-contract.yaml", "orders")
        lines = []
        for number in range(8):
            contract["metadata"] = {"name": f"rush-{number}", "namespace": NS}
            contract["spec"]["quantities"] = {"compute": 1}
            path = self.server.folder / f"rush-{number}.json"
            path.write_text(json.dumps(contract))
            lines.append(self.server.kubectl_line("create", "-f", str(path)))
        asked = [subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for line in lines]
        said = [process.communicate(timeout=60)[1] for process in asked]
        passed = [process.returncode for process in asked].count(0)
        self.assertEqual(passed, 2, said)
        for words, process in zip(said, asked):
            if process.returncode != 0:
                self.assertIn("compute: limit 5", words)


class LeastPrivilegeTest(Story):
    """With exactly the rights of the chart's ServiceAccount, by a token in a file."""

    def test_the_charts_rights_are_enough_and_a_rotated_token_is_taken(self):
        self.kubectl("create", "namespace", "charter-system")
        rights = subprocess.run([HELM, "template", "charter", str(ROOT / "helm/charter"), "--namespace", "charter-system",
                                 "-s", "templates/rbac.yaml", "-s", "templates/serviceaccount.yaml"],
                                capture_output=True, text=True, check=True).stdout
        self.kubectl("apply", "-f", "-", stdin=rights)
        token = self.server.folder / "token"
        token.write_text("not a token any more\n")
        config = json.loads(self.out("config", "view", "--raw", "-o", "json"))
        config["users"] = [{"name": "charter", "user": {"tokenFile": str(token)}}]
        path = self.server.folder / "account.kubeconfig"
        path.write_text(json.dumps(config))
        port = free_port()
        operator = self.operator("least", "--leader-elect-resource-namespace=charter-system",
                                 f"--webhook-url=https://127.0.0.1:{port}", listen=f"127.0.0.1:{port}", kubeconfig=path)
        self.assertEqual(operator.process.wait(30), 1, "a token that the server does not know is the end")
        token.write_text(self.out("create", "token", "charter", "-n", "charter-system"))
        operator = self.operator("least-again", "--leader-elect-resource-namespace=charter-system",
                                 "--webhook-owner=charter-system-charter", f"--webhook-url=https://127.0.0.1:{port}",
                                 listen=f"127.0.0.1:{port}", kubeconfig=path).wait_works()
        token.write_text(self.out("create", "token", "charter", "-n", "charter-system"))
        self.order()
        self.scale(2)
        ordering.wait_machines(self.server, running=2)
        self.check_hosts()
        self.assertEqual(operator.metric('rest_client_requests_total{code="403"'), 0, "something it may not do")
        self.assertIn("charter-webhooks", self.names("secrets", "-n", "charter-system"))
        self.assertTrue(self.out("get", "validatingwebhookconfigurations", "charter.dev", "-o", "name"))
        operator.stop()
        # As an uninstall does: webhooks that nobody answers would refuse every write.
        self.kubectl("delete", "-f", "-", stdin=rights)
        self.gone("validatingwebhookconfigurations", "charter.dev")
        self.scale(3)


class LineTest(Story):
    """Between operator and server: a proxy that cuts, stalls and slows."""

    def setUp(self):
        self.proxy = Proxy(self.server.listen)
        self.addCleanup(self.proxy.close)

    def test_cut_stalled_and_slow_lines_end_in_the_wanted_state(self):
        operator = self.operator("proxied", "--leader-elect=false", kubeconfig=self.proxy.kubeconfig(self.server))
        operator.wait_works()
        self.kubectl("apply", "-f", MANIFESTS)
        ordering.hasten(self.server, "datacenter-1")
        self.proxy.cut()
        ordering.set_fields(self.server, "serviceinstance", "order-mgmt", "-n", NS, replicas=3)
        time.sleep(1)
        self.proxy.mend()
        ordering.accept(self.server)
        for _ in range(6):  # in the middle of provisioning, again and again
            time.sleep(0.3)
            self.proxy.cut()
            time.sleep(0.2)
            self.proxy.mend()
        ordering.wait_everything_ready(self.server)
        self.check_hosts()
        self.proxy.delay = 0.2
        self.scale(2)
        ordering.wait_machines(self.server, running=2)
        self.proxy.mend()
        # Half-open: the watches are there and say nothing. Silence alone tells.
        self.proxy.stall()
        self.scale(1)
        began = time.monotonic()
        eventually(lambda: sorted(m["status"].get("state") for m in self.get("machines", "-n", NS)["items"])
                   == ["Off", "Off", "Running"], "a stalled watch is found by its silence", 120)
        print(f"half-open watches found after {time.monotonic() - began:.0f} s", flush=True)
        ordering.wait_machines(self.server, running=1)
        self.check_hosts()
        self.quiet()
        code, _ = operator.stop()
        self.assertEqual(code, 0)


class AnswerTest(Story):
    """Between operator and server: a proxy that refuses, throttles, and loses what was answered."""

    def test_refused_throttled_and_lost_answers_make_nothing_twice(self):
        gateway = Gateway(self.server)
        self.addCleanup(gateway.close)
        count = iter(range(1_000_000))
        watches = iter(range(1_000_000))

        def fault(method, path):
            if "leases" in path or "/events" in path:
                return None
            if method == "GET":
                return ("before", 410, "Expired") if "watch=true" in path and next(watches) % 7 == 3 else None
            number = next(count)
            return {1: ("after", 500, "InternalError"), 3: ("before", 409, "Conflict"), 5: ("before", 429, "TooManyRequests"),
                    7: ("after", 504, "Timeout")}.get(number % 9)

        gateway.fault = fault
        operator = self.operator("gated", "--leader-elect=false", kubeconfig=gateway.kubeconfig())
        operator.wait_works()
        self.order()
        self.check_hosts()
        self.scale(1)
        ordering.wait_machines(self.server, running=1)
        kinds = {(when, status) for when, status, *_ in gateway.faults}
        self.assertEqual(kinds, {("after", 500), ("before", 409), ("before", 429), ("after", 504), ("before", 410)})
        self.assertGreater(len(gateway.faults), 20)
        gateway.fault = lambda method, path: None
        self.check_hosts()
        self.quiet()
        operator.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
