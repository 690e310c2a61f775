"""Stories S3 and S4 with their own manifests: provisioning, access, drift, and every change of what runs."""

import base64
import json
import subprocess
import unittest

import ordering
from charter_e2e import ROOT, ServerTest, eventually
from ordering import NS

INSTANCE = ("si", "order-mgmt", "-n", NS)
MACHINE = ("machine", "order-mgmt-0", "-n", NS)
STEPS = ["Scheduled", "Provisioned", "ImageDeployed", "Configured", "Ready"]
AS_ORDERED = {"replicas": 2, "activation": "Active", "driftPolicy": {"mode": "Correct"}, "lease": None,
              "updatePolicy": {"strategy": "InPlaceOnly"},
              "parameters": {"vcpus": 4}}  # the image stays as the test before has left it


class ServiceTest(ServerTest):
    """Two machines and a volume of S3's instance run; every test gives them back as they were."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        run = cls.server.kubectl
        run("apply", "-f", str(ROOT / "manifests/quickstart"))
        run("delete", *INSTANCE)
        # Stages of the first five seconds are not told one by one, so the guests boot for longer.
        ordering.hasten(cls.server, "datacenter-1", bootTime="7s")
        ordering.accept(cls.server)
        cls.seen = cls.watch_the_instance_become_ready()
        ordering.hasten(cls.server, "datacenter-1")

    @classmethod
    def watch_the_instance_become_ready(cls):
        """Conditions that are True in every version of the instance, from its creation until it is Ready."""
        url = f"/apis/charter.dev/v1alpha1/namespaces/{NS}/serviceinstances?watch=true&timeoutSeconds={ordering.READY_S}"
        watch = subprocess.Popen(cls.server.kubectl_line("get", "--raw", url), stdout=subprocess.PIPE, text=True)
        try:
            instance = ordering.manifest(cls.server, "s3-provision/10-instance.yaml", "order-mgmt")
            instance["spec"]["replicas"] = 2
            cls.server.kubectl("apply", "-f", "-", stdin=instance)
            seen = []
            for line in watch.stdout:
                found = ordering.conditions(json.loads(line)["object"])
                seen.append([name for name, condition in found.items() if condition["status"] == "True"])
                if "Ready" in seen[-1]:
                    break
            return seen
        finally:
            watch.kill()
            watch.wait()
            watch.stdout.close()

    def setUp(self):
        self.change(**AS_ORDERED)
        ordering.wait_ready(self.server, *INSTANCE)
        self.before = self.machines()

    def change(self, **spec):
        ordering.set_fields(self.server, *INSTANCE, **spec)

    def machines(self):
        """UID, identity at the provider, address, state and processors of each machine."""
        shown = ("externalID", "address", "state", "vcpus")
        return {m["metadata"]["name"]: (m["metadata"]["uid"], *(m["status"].get(key) for key in shown))
                for m in ordering.listed(self.server, "machines", "-n", NS)}

    def hosts(self, column):
        """What the hosts say of the machines, by their names."""
        return {row[1].removeprefix(f"{NS}/"): row[column] for row in ordering.simulated(self.server, "list")}

    def behind_our_back(self, *command):
        done = self.server.charter("sim", *command)
        self.assertEqual(done.returncode, 0, done.stderr)
        ordering.poke(self.server, "provider", "datacenter-1")

    def events_of(self, reason):
        """Messages of a machine's events of this reason."""
        selector = f"involvedObject.kind=Machine,involvedObject.name=order-mgmt-0,reason={reason}"
        return [e["message"] for e in ordering.listed(self.server, "events", "-n", NS, "--field-selector", selector)]

    # --- S3 --------------------------------------------------------------------------------------

    def test_conditions_are_reached_in_their_order(self):
        first = [next(i for i, reached in enumerate(self.seen) if step in reached) for step in STEPS]
        self.assertEqual(first, sorted(first), self.seen)
        self.assertLess(first[STEPS.index("Scheduled")], first[STEPS.index("ImageDeployed")])
        self.assertLess(first[STEPS.index("ImageDeployed")], first[STEPS.index("Ready")])

    def test_access_is_in_secrets_and_nowhere_else(self):
        name = self.get(*INSTANCE)["status"]["accessSecretRef"]["name"]
        secret = {key: base64.b64decode(value).decode() for key, value in self.get("secret", name, "-n", NS)["data"].items()}
        lines = secret["addresses"].splitlines()
        self.assertEqual(dict(line.split() for line in lines), self.hosts(7), "the holder knows where to go")
        password = secret["password"]
        self.assertGreaterEqual(len(password), 16)
        kinds = self.out("api-resources", "--verbs=list", "-o", "name").splitlines()
        self.assertIn("events", [kind.split(".")[0] for kind in kinds])
        others = self.out("get", ",".join(kind for kind in kinds if kind != "secrets"), "-A", "-o", "json")
        self.assertIn("order-mgmt-1", others)
        calls = self.server.charter("sim", "calls").stdout
        for place, text in (("an object", others), ("the log", self.server.log.read_text()), ("the hosts' ledger", calls)):
            self.assertTrue(text, place)
            for form in (password, base64.b64encode(password.encode()).decode()):
                self.assertFalse(form in text, f"the password is in {place}")

    def test_a_machine_deleted_behind_our_back_is_made_again(self):
        self.behind_our_back("undefine", f"{NS}/order-mgmt-0")
        eventually(lambda: self.events_of("DriftDetected"), "the drift is told", 20)
        self.assertIn("existence is absent, wanted present; is put right", self.events_of("DriftDetected"))
        eventually(lambda: self.events_of("DriftCorrected"), "the drift is over")
        ordering.wait_ready(self.server, *INSTANCE)
        uid, identity, *_ = self.machines()["order-mgmt-0"]
        self.assertEqual(uid, self.before["order-mgmt-0"][0])
        self.assertNotEqual(identity, self.before["order-mgmt-0"][1])
        self.assertEqual(self.machines()["order-mgmt-1"], self.before["order-mgmt-1"])
        self.assertNotIn("DriftDetected", ordering.conditions(self.get(*INSTANCE)))

    def test_a_machine_that_lost_power_is_started_again(self):
        self.behind_our_back("kill", f"{NS}/order-mgmt-0")
        eventually(lambda: "power is Crashed, wanted On; is put right" in self.events_of("DriftDetected"), "it is told")
        eventually(lambda: self.machines() == self.before, "it runs again, the same as before")
        ordering.wait_ready(self.server, *INSTANCE)

    def test_drift_is_only_reported_where_that_is_the_policy(self):
        self.change(driftPolicy={"mode": "Report"})
        ordering.wait_ready(self.server, *INSTANCE)
        self.behind_our_back("edit", f"{NS}/order-mgmt-1", "--vcpus", "1")
        self.behind_our_back("undefine", f"{NS}/order-mgmt-0")
        ordering.wait_reason(self.server, "DriftReported", *MACHINE)
        ordering.wait_reason(self.server, "DriftReported", *INSTANCE, of="DriftDetected")
        absent = "order-mgmt-0: existence is absent, wanted present; left as it is by driftPolicy Report"
        eventually(lambda: absent in ordering.said(self.server, *INSTANCE, of="DriftDetected").get("message", ""),
                   "the instance tells of both machines")
        second = ("machine", "order-mgmt-1", "-n", NS)
        said = ordering.wait_reason(self.server, "DriftReported", *second, of="DriftDetected")
        self.assertIn("vcpus is 1, wanted 4", said)
        drift = self.get(*second)["status"]["drift"]
        self.assertEqual(drift, [{"field": "vcpus", "wanted": "4", "found": "1"}])
        self.assertEqual(self.hosts(4), {"order-mgmt-1": "1"}, "nothing was put right")
        self.change(driftPolicy={"mode": "Correct"})
        ordering.wait_ready(self.server, *INSTANCE)
        self.assertEqual(self.hosts(4), {"order-mgmt-0": "4", "order-mgmt-1": "4"})

    def test_drift_is_not_even_told_where_it_is_to_be_ignored(self):
        self.change(driftPolicy={"mode": "Ignore"})
        ordering.wait_ready(self.server, *INSTANCE)
        told = self.events_of("DriftDetected") + self.events_of("DriftReported")
        self.behind_our_back("undefine", f"{NS}/order-mgmt-0")
        ordering.wait_reason(self.server, "Lost", *MACHINE)
        self.assertIn("set driftPolicy Correct", ordering.wait_reason(self.server, "Lost", *INSTANCE))
        self.assertNotIn("DriftDetected", ordering.conditions(self.get(*MACHINE)))
        self.assertEqual(self.events_of("DriftDetected") + self.events_of("DriftReported"), told)
        self.assertEqual(list(self.hosts(3)), ["order-mgmt-1"])
        self.change(driftPolicy={"mode": "Correct"})
        ordering.wait_ready(self.server, *INSTANCE)

    # --- S4 --------------------------------------------------------------------------------------

    def test_deactivation_keeps_identity_disk_and_address(self):
        self.change(activation="Deactivated")
        ordering.wait_reason(self.server, "Deactivated", *INSTANCE)
        self.assertEqual(set(self.hosts(3).values()), {"Off"})
        row = self.out("get", "ctr", "orders", "-n", NS, "--no-headers").split()
        self.assertEqual(row[2:4], ["0/3", "5/5"], "nothing runs, the storage is kept")
        self.change(activation="Active")
        ordering.wait_ready(self.server, *INSTANCE)
        self.assertEqual(self.machines(), self.before)
        self.assertEqual(set(self.hosts(3).values()), {"On"})

    def test_the_sla_system_scales_by_a_manifest_as_by_kubectl(self):
        scaled = ordering.manifest(self.server, "s4-scale/20-instance.yaml", "order-mgmt")
        scaled["spec"]["parameters"]["os"] = self.get(*INSTANCE)["spec"]["parameters"]["os"]
        self.kubectl("apply", "-f", str(ROOT / "manifests/s4-scale/00-service-account.yaml"),
                     "-f", str(ROOT / "manifests/s4-scale/10-account.yaml"))
        self.apply(scaled)
        ordering.wait_machines(self.server, running=1, total=2)
        self.kubectl("scale", "si/order-mgmt", "-n", NS, "--replicas=2")
        ordering.wait_machines(self.server, running=2, total=2)
        self.assertEqual(self.machines(), self.before, "identity, disk and address are kept")

    def test_a_live_resize_restarts_nothing(self):
        booted = self.get(*MACHINE)["status"]["bootedAt"]
        self.change(parameters={"vcpus": 2})
        ordering.wait_ready(self.server, *INSTANCE)
        self.assertEqual(self.hosts(4), {"order-mgmt-0": "2", "order-mgmt-1": "2"})
        self.assertEqual(self.get(*MACHINE)["status"]["bootedAt"], booted)

    def test_what_cannot_be_changed_in_place_stalls_until_it_is_taken_back_or_allowed(self):
        ordering.hasten(self.server, "datacenter-1", liveResize=False)
        self.addCleanup(ordering.hasten, self.server, "datacenter-1", liveResize=True)
        self.change(parameters={"vcpus": 2})
        said = ordering.wait_reason(self.server, "InPlaceNotPossible", *INSTANCE, of="Stalled")
        self.assertIn("vcpus cannot change from 4 to 2 in place; set updatePolicy.strategy AllowRestart", said)
        self.assertEqual(self.machines(), self.before)
        self.assertEqual(set(self.hosts(3).values()), {"On"})
        self.change(parameters={"vcpus": 4})
        ordering.wait_ready(self.server, *INSTANCE)
        self.assertNotIn("Stalled", ordering.conditions(self.get(*INSTANCE)))
        self.assertEqual(self.machines(), self.before)
        self.change(parameters={"vcpus": 2}, updatePolicy={"strategy": "AllowRestart"})
        ordering.wait_ready(self.server, *INSTANCE)
        smaller = {name: (*machine[:4], 2) for name, machine in self.before.items()}
        self.assertEqual(self.machines(), smaller, "the same machines, restarted")

    def test_a_replacement_happens_only_where_it_is_allowed(self):
        self.change(parameters={"os": "open-bsd"})
        said = ordering.wait_reason(self.server, "InPlaceNotPossible", *INSTANCE, of="Stalled")
        self.assertIn("set updatePolicy.strategy AllowReplace or take the change back", said)
        self.assertEqual(self.machines(), self.before)
        self.change(updatePolicy={"strategy": "AllowReplace"})
        ordering.wait_ready(self.server, *INSTANCE)
        after = self.machines()
        for name, (uid, identity, *_) in self.before.items():
            self.assertEqual(after[name][0], uid)
            self.assertNotEqual(after[name][1], identity)
        self.assertEqual(self.server.charter("sim", "verify").returncode, 0)

    def test_a_lease_that_ends_stops_what_it_leased(self):
        self.change(lease={"duration": "1s", "action": "Deactivate"})
        ordering.wait_reason(self.server, "LeaseExpired", *INSTANCE)
        eventually(lambda: set(self.hosts(3).values()) == {"Off"}, "the machines are off")
        self.change(lease={"duration": "24h", "action": "Deactivate"})
        ordering.wait_ready(self.server, *INSTANCE)
        self.assertEqual(self.machines(), self.before)

    def test_a_lease_can_end_with_the_deletion_of_what_it_leased(self):
        brief = ordering.manifest(self.server, "s3-provision/10-instance.yaml", "order-mgmt")
        brief["metadata"]["name"] = "brief"
        brief["spec"].update(replicas=1, volumes=[], lease={"duration": "10s", "action": "Delete"})
        self.apply(brief)
        eventually(lambda: "brief-0" in self.hosts(3), "its machine is made")
        self.gone("si", "brief", "-n", NS)
        self.assertEqual(set(self.hosts(3)), {"order-mgmt-0", "order-mgmt-1"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
