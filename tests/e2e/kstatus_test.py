"""Every kind of ours, through its life, as kstatus sees it: on its way, there, in need of somebody, going.

Reconciling and Stalled are derived from Ready in one place for all kinds (ShellTest); what fails here are those that a user can make fail.
"""

import json
import subprocess
import threading
import unittest

import ordering
from charter_e2e import ServerTest, eventually
from gitops import Repository, config_map
from kstatus import CURRENT, FAILED, IN_PROGRESS, TERMINATING, compute

NS = ordering.NS
GROUP = "charter.dev/v1alpha1"


def thing(status=None, generation=2, **metadata):
    return {"apiVersion": GROUP, "kind": "Machine", "metadata": {"name": "x", "generation": generation, **metadata}, "status": status or {}}


def stated(*conditions, observed=2):
    return {"observedGeneration": observed, "conditions": [{"type": kind, "status": status} for kind, status in conditions]}


class AlgorithmTest(unittest.TestCase):
    """The judge itself, on the cases that its documents tell apart."""

    def test_table(self):
        for wanted, status in ((CURRENT, None), (CURRENT, stated()), (CURRENT, stated(("Ready", "True"))),
                               (IN_PROGRESS, stated(("Ready", "False"))), (IN_PROGRESS, stated(("Ready", "Unknown"))),
                               (IN_PROGRESS, stated(("Ready", "True"), observed=1)), (FAILED, stated(("Ready", "False"), ("Stalled", "True"))),
                               (IN_PROGRESS, stated(("Ready", "True"), ("Reconciling", "True"))),
                               (CURRENT, stated(("Stalled", "False"), ("Reconciling", "False"), ("Ready", "True")))):
            self.assertEqual(compute(thing(status)), wanted, status)
        self.assertEqual(compute(thing(stated(("Ready", "True")), deletionTimestamp="2026-06-01T00:00:00Z")), TERMINATING)

    def test_built_in_kinds(self):
        def definition(*conditions):
            return {**thing(stated(*conditions)), "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}

        self.assertEqual(compute(definition()), IN_PROGRESS)
        self.assertEqual(compute(definition(("NamesAccepted", "True"), ("Established", "True"))), CURRENT)
        self.assertEqual(compute(definition(("NamesAccepted", "False"), ("Established", "True"))), FAILED)
        self.assertEqual(compute({**thing(), "apiVersion": "v1", "kind": "Secret"}), CURRENT)


class Watcher:
    """All that kstatus would have said of the objects of a kind, in order, without repeats."""

    def __init__(self, server, plural):
        self.seen = {}  # (kind, namespace, name, uid) to words
        self.process = subprocess.Popen(server.kubectl_line("get", "--raw", f"/apis/{GROUP}/{plural}?watch=true"),
                                        stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            event = json.loads(line)
            # What nobody has looked at yet says nothing of itself; kstatus takes it for Current.
            if event["type"] in ("ADDED", "MODIFIED") and event["object"].get("status", {}).get("conditions"):
                self.note(event["object"])
            elif event["type"] == "DELETED" and event["object"]["metadata"].get("deletionTimestamp"):
                self.note(event["object"])

    def note(self, item):
        metadata = item["metadata"]
        words = self.seen.setdefault((item["kind"], metadata.get("namespace", ""), metadata["name"], metadata["uid"]), [])
        word = compute(item)
        if not words or words[-1] != word:
            words.append(word)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.thread.join()
        self.process.stdout.close()


def wrong(kind, name, spec, namespace=None):
    return {"apiVersion": GROUP, "kind": kind, "metadata": {"name": name, **({"namespace": namespace} if namespace else {})}, "spec": spec}


class KstatusTest(ServerTest):
    """One order, from the first manifest to the last bill."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.repository = Repository(cls.server.folder / "git" / "kstatus")
        cls.kinds = {item["name"]: item for item in json.loads(cls.server.kubectl("get", "--raw", f"/apis/{GROUP}").stdout)["resources"]
                     if "/" not in item["name"]}
        cls.watchers = [Watcher(cls.server, plural) for plural in cls.kinds]
        for watcher in cls.watchers:
            cls.addClassCleanup(watcher.close)

    def words(self, kind, name=None):
        """All histories of a kind, or of one object of it."""
        return [words for watcher in self.watchers for (one, _, called, _), words in list(watcher.seen.items())
                if one == kind and name in (None, called)]

    def now(self):
        """(kind, name) to what kstatus says now, of all objects of ours."""
        return {(item["kind"], item["metadata"]["name"]): compute(item) for item in ordering.listed(self.server, "charter", "-A")}

    def all_current(self, *wanted):
        def settled():
            now = self.now()
            return all(kind in {one for one, _ in now} for kind in wanted) and set(now.values()) == {CURRENT}

        try:
            eventually(settled, "everything is Current", ordering.READY_S)
        except AssertionError as error:
            raise AssertionError(f"{error}: { {k: w for k, w in self.now().items() if w != CURRENT} }") from None

    def test_1_what_converges_is_in_progress_and_then_current(self):
        self.kubectl("apply", "-f", ordering.MANIFESTS)
        ordering.hasten(self.server, "datacenter-1", bootTime="7s")  # stages of the first five seconds are not told one by one
        eventually(lambda: self.now().get(("Contract", "orders")) == IN_PROGRESS, "the contract waits for its acceptance")
        ordering.accept(self.server)
        report = wrong("UsageReport", "now", {"contractRef": {"name": "orders"},
                                              "period": {"from": "2020-01-01T00:00:00Z", "to": "2099-01-01T00:00:00Z"}}, NS)
        self.apply(report)
        self.repository.commit("one", {"a.yaml": config_map("from-git", color="x").replace("team", NS)})
        self.kubectl("create", "serviceaccount", "deployer", "-n", NS)
        self.kubectl("create", "clusterrolebinding", "deployer", "--clusterrole=cluster-admin", f"--serviceaccount={NS}:deployer")
        self.apply(wrong("GitSource", "apps", {"url": self.repository.url, "interval": "10s", "serviceAccount": {"namespace": NS, "name": "deployer"}}))
        self.all_current("Provider", "Image", "ServiceTemplate", "RateCard", "ServiceOffering", "ServiceOfferingRevision", "Account", "Contract",
                         "ServiceInstance", "Machine", "Volume", "UsageReport", "GitSource")
        for kind in ("Contract", "ServiceInstance", "Machine"):
            for words in self.words(kind):
                self.assertEqual((words[0], words[-1]), (IN_PROGRESS, CURRENT), f"{kind}: {words}")
        for watcher in self.watchers:
            for key, words in watcher.seen.items():
                self.assertNotIn(FAILED, words, f"{key} never needed anybody")

    def test_2_a_change_is_in_progress_until_it_is_made(self):
        before = len(self.words("ServiceInstance", "order-mgmt")[0])
        self.kubectl("scale", "serviceinstance/order-mgmt", "-n", NS, "--replicas=1")
        eventually(lambda: self.words("ServiceInstance", "order-mgmt")[0][before:] == [IN_PROGRESS, CURRENT], "the change was seen on its way")
        self.all_current()

    def failed(self, kind, name):
        eventually(lambda: self.now().get((kind, name)) == FAILED, f"{kind} {name} has failed")

    def test_3_what_somebody_has_to_mend_has_failed_and_is_current_when_he_has(self):
        offering = "apiVersion: charter.dev/v1alpha1\nkind: ServiceOffering\nmetadata: {name: broken}\nspec: {publication: Sold}\n"
        self.repository.commit("broken", {"b.yaml": offering})
        self.failed("GitSource", "apps")
        self.repository.commit("mended", remove=["b.yaml"])
        self.all_current()
        card = self.get("ratecard", "std-2026")
        self.apply(wrong("RateCard", "old", {**card["spec"], "validUntil": "2026-02-01T00:00:00Z"}))
        self.failed("RateCard", "old")
        self.kubectl("delete", "ratecard", "old")  # what already was cannot be prolonged
        self.all_current()
        ordering.hasten(self.server, "datacenter-1", liveResize=False)
        instance = ("serviceinstance", "order-mgmt", "-n", NS)
        ordering.set_fields(self.server, *instance, parameters={"vcpus": 2}, updatePolicy={"strategy": "InPlaceOnly"})
        self.failed("ServiceInstance", "order-mgmt")
        self.failed("Machine", "order-mgmt-0")
        ordering.set_fields(self.server, *instance, parameters={"vcpus": 4})
        self.all_current()

    def test_4_what_goes_is_terminating_as_long_as_it_is_there(self):
        in_use = (("provider", "datacenter-1"), ("ratecard", "std-2026"), ("image", "open-linux"), ("serviceoffering", "compute-highspeed"))
        for kind, name in in_use:
            self.kubectl("delete", kind, name, "--wait=false")
            eventually(lambda: compute(self.get(kind, name)) == TERMINATING, f"{kind} {name} is going")
        self.kubectl("delete", "serviceinstance", "order-mgmt", "-n", NS)
        self.gone("machines", "-n", NS, timeout=60)
        ordering.set_fields(self.server, "contract", "orders", "-n", NS, deletionProtection=False, terminate={"requested": True, "reason": "closed"})
        # It asked for that itself, but nothing more can come of it.
        self.failed("Contract", "orders")
        self.kubectl("delete", "contract", "orders", "-n", NS, timeout=60)
        self.kubectl("delete", "account", "consumerco", timeout=60)
        self.kubectl("delete", "serviceoffering", "block-storage")
        self.kubectl("delete", "servicetemplates", "--all", "-n", "catalog")
        for kind, name in in_use:
            self.gone(kind, name)
        for kind in ("ServiceInstance", "Machine", "Volume", "Contract", "Account", "Provider", "RateCard", "Image", "ServiceOffering",
                     "ServiceOfferingRevision"):
            ends = {words[-1] for words in self.words(kind)}
            self.assertIn(TERMINATING, ends, kind)
        self.assertEqual({tuple(words) for words in self.words("Invoice")}, {(CURRENT,)})

    def test_5_built_in_kinds(self):
        for item in self.get("customresourcedefinitions,configmaps,secrets,namespaces", "-A")["items"]:
            self.assertEqual(compute(item), CURRENT, item["metadata"]["name"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
