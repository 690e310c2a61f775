"""Story S7 with its own manifests: three providers, two jurisdictions; and what pauses and pokes do."""

import unittest

import ordering
from charter_e2e import ROOT, ServerTest, eventually

STORY = ROOT / "manifests/s7-providers"
PROVIDERS = ("provider-a", "provider-b", "provider-c")
US = ("si", "shop", "-n", "xyz-us")
EU = ("si", "shop", "-n", "xyz-eu")
C_HOST = {"name": "c-1", "vcpus": 8, "memory": "64GB", "storage": "4TB"}


class ProvidersTest(ServerTest):
    """XYZ Corp runs two machines in the US and two in the EU, which fill provider C."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        files = sorted(STORY.iterdir())
        before_instances = [word for path in files if not path.name.startswith("80-") for word in ("-f", str(path))]
        cls.server.kubectl("apply", *before_instances)
        ordering.hasten(cls.server, *PROVIDERS)
        cls.server.kubectl("apply", "-f", str(STORY))
        ordering.wait_everything_ready(cls.server)

    def hosts(self, provider, table="list"):
        """Names and external ids of what a provider's hosts have."""
        rows = ordering.simulated(self.server, table, "--provider", provider)
        return {row[1]: row[0] for row in rows}

    def instance(self, name, ns):
        found = ordering.manifest(self.server, "s7-providers/80-instances.yaml", "shop", ns)
        found["metadata"]["name"] = name
        found["spec"]["replicas"] = 1
        return found

    def test_the_eu_waits_for_its_own_provider_and_the_us_grows_at_the_next(self):
        stays = {("machine", "shop-0"), ("machine", "shop-1")}
        running = {name: self.get(*kind, "-n", "xyz-us") for kind in stays for name in kind[1:]}
        at_a = self.hosts("provider-a")
        self.assertEqual(set(at_a), {"xyz-us/shop-0", "xyz-us/shop-1"})
        self.assertEqual(set(self.hosts("provider-c")), {"xyz-eu/shop-0", "xyz-eu/shop-1"})
        # C is full: a machine more, and a service more, wait for it, whatever room A and B have.
        self.kubectl("scale", "si/shop", "-n", "xyz-eu", "--replicas=3")
        self.apply(self.instance("late", "xyz-eu"))
        said = ordering.wait_reason(self.server, "ChildNotReady", *EU)
        self.assertIn("machine shop-2: WaitForCapacity (provider provider-c", said)
        said = ordering.wait_reason(self.server, "WaitForCapacity", "si", "late", "-n", "xyz-eu")
        self.assertIn("provider provider-c", said)
        self.assertNotIn("Stalled", ordering.conditions(self.get(*EU)))
        # One field sends new business to B.
        self.assertEqual(self.hosts("provider-b"), {})
        ordering.set_fields(self.server, "account", "xyz", placement={"providers": ["provider-b", "provider-c"]})
        self.apply(self.instance("second", "xyz-us"))
        ordering.wait_ready(self.server, "si", "second", "-n", "xyz-us")
        self.assertEqual(self.hosts("provider-b"), {"xyz-us/second-0": "vm-1"})
        self.assertEqual(self.get("si", "second", "-n", "xyz-us")["status"]["placement"]["region"], "us-west")
        # Nothing of the EU's landed in the US, no volume either, and what ran there was not touched.
        for provider in ("provider-a", "provider-b"):
            for table in ("list", "volumes"):
                self.assertEqual([name for name in self.hosts(provider, table) if name.startswith("xyz-eu/")], [])
        self.assertEqual(self.hosts("provider-a"), at_a)
        for name, before in running.items():
            after = self.get("machine", name, "-n", "xyz-us")
            self.assertEqual(after["metadata"]["uid"], before["metadata"]["uid"])
            self.assertEqual(after["status"]["bootedAt"], before["status"]["bootedAt"])
        # C gets room, and both go on there.
        ordering.hasten(self.server, "provider-c", hosts=[C_HOST, {**C_HOST, "name": "c-2"}])
        for name in ("shop", "late"):
            ordering.wait_ready(self.server, "si", name, "-n", "xyz-eu")
        self.assertEqual(set(self.hosts("provider-c")), {f"xyz-eu/{name}" for name in ("shop-0", "shop-1", "shop-2", "late-0")})

    def test_a_pause_holds_what_it_is_meant_for_and_nothing_else(self):
        for source in (US, ("namespace", "xyz-us"), ("account", "xyz"), ("provider", "provider-a")):
            kind = self.get(*source)["kind"]
            named = "on this object" if source is US else f"on {kind} {source[1]}"
            before = self.get(*US)["spec"]["replicas"]
            self.kubectl("annotate", *source, "charter.dev/paused=true")
            said = ordering.wait_reason(self.server, "Paused", *US, of="Paused")
            self.assertIn(f"paused by annotation {named}; remove it to go on", said)
            self.kubectl("scale", "si/shop", "-n", "xyz-us", f"--replicas={3 - before}")
            said = eventually(lambda: (c := ordering.said(self.server, *US))["status"] == "Unknown" and c["message"], "it is held")
            self.assertIn("not looked at since it changed", said)
            on = [m["spec"]["power"] for m in ordering.listed(self.server, "machines", "-n", "xyz-us")
                  if m["metadata"]["name"].startswith("shop-")]
            self.assertEqual(on.count("On"), before, "nothing is done meanwhile")
            paused = [t["metadata"]["name"] for t in ordering.listed(self.server, "si,mach,vol,ctr", "-n", "xyz-eu")
                      if "Paused" in ordering.conditions(t)]
            self.assertEqual(paused != [], source == ("account", "xyz"), "only an account's pause reaches its other namespace")
            self.kubectl("annotate", *source, "charter.dev/paused-")
            ordering.wait_ready(self.server, *US)
            self.assertNotIn("Paused", ordering.conditions(self.get(*US)))
            self.assertEqual(self.get(*US)["status"]["replicas"], 3 - before)

    def test_a_poke_forces_a_look_at_a_running_machine(self):
        machine = ("machine", "shop-0", "-n", "xyz-us")
        ordering.wait_ready(self.server, *US)
        uid = self.get(*machine)["metadata"]["uid"]

        def looks():
            return len([row for row in ordering.simulated(self.server, "calls", uid, "--provider", "provider-a")
                        if row[4] == "observe"])

        before = looks()
        generation = self.get(*machine)["metadata"]["generation"]
        ordering.poke(self.server, *machine)
        eventually(lambda: looks() > before, "it is looked at")
        self.assertEqual(self.get(*machine)["metadata"]["generation"], generation)

    def test_everything_is_shown_at_once(self):
        shown = self.out("get", "charter", "-A").split()
        for name in ("provider.charter.dev/provider-c", "machine.charter.dev/shop-0", "contract.charter.dev/shop",
                     "volume.charter.dev/shop-data", "serviceinstance.charter.dev/shop", "account.charter.dev/xyz",
                     "serviceoffering.charter.dev/xyz-shop", "ratecard.charter.dev/xyz-2026", "image.charter.dev/open-linux"):
            self.assertIn(name, shown)


if __name__ == "__main__":
    unittest.main(verbosity=2)
