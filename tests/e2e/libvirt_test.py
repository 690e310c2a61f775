"""Stories S3, S4 and S6 on real guests: the manifests of the quickstart on a libvirtd of the test's own.

The guests are of one sector: they say what they see on their console, and obey the power button.
"""

import datetime
import hashlib
import pathlib
import subprocess
import unittest

import ordering
from charter_e2e import ROOT, ServerTest, eventually
from ordering import NS
from private_libvirtd import PrivateLibvirtd

INSTANCE = ("si", "order-mgmt", "-n", NS)
PROVIDER = "datacenter-1"
DISK_SECTORS = 100 * 10**9 // 512
GUEST_S = 90


class LibvirtServer(ServerTest):
    """One server, one libvirtd, and the quickstart's order with two machines and their shared volume."""

    replicas = 2
    image_format = "qcow2"

    @classmethod
    def make_host(cls):
        return PrivateLibvirtd()

    @classmethod
    def setUpClass(cls):
        cls.host = cls.make_host()
        cls.addClassCleanup(cls.host.close)
        if cls.host.absent:
            print(f"\n*** NOT TESTED: no real guests here: {cls.host.absent}\n", flush=True)
            raise unittest.SkipTest(cls.host.absent)
        super().setUpClass()
        cls.order()
        ordering.accept(cls.server)
        ordering.wait_ready(cls.server, *INSTANCE)

    @classmethod
    def import_image(cls):
        """The guest as a qcow2 file in the server's store; its digest."""
        image = cls.server.folder / "guest.qcow2"
        subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", cls.host.guest, str(image)], check=True)
        done = cls.server.charter("image", "import", str(image))
        assert done.returncode == 0, done.stderr
        sha256 = hashlib.sha256(image.read_bytes()).hexdigest()
        assert done.stdout.startswith(f"sha256:{sha256}  qcow2"), done.stdout
        return sha256

    @classmethod
    def provider(cls, manifest="10-provider.yaml"):
        """That of manifests/libvirt, on our own daemon and directories."""
        provider = ordering.manifest(cls.server, f"libvirt/{manifest}", PROVIDER)
        settings = provider["spec"]["libvirt"]
        settings.update(uri=cls.host.uri, acceleration="TCG")
        settings["storagePools"][0]["path"] = cls.host.pool
        settings["storagePools"][1]["path"] = cls.host.consoles
        return provider

    @classmethod
    def order(cls):
        run = cls.server.kubectl
        for name in ("00-namespaces", "30-templates", "40-ratecard", "60-account"):
            run("apply", "-f", f"{ordering.MANIFESTS}/{name}.yaml")
        image = ordering.manifest(cls.server, "libvirt/20-images.yaml", "open-linux")
        image["spec"]["source"]["sha256"] = cls.import_image()
        image["spec"]["format"] = cls.image_format
        other = ordering.manifest(cls.server, "libvirt/20-images.yaml", "open-bsd")
        offering = ordering.manifest(cls.server, "libvirt/50-offerings.yaml", "compute-highspeed")
        instance = ordering.manifest(cls.server, "quickstart/80-instance.yaml", "order-mgmt")
        instance["spec"]["replicas"] = cls.replicas
        instance["spec"]["parameters"].update(vcpus=2, memory="6GB")
        contract = ordering.manifest(cls.server, "quickstart/70-contract.yaml", "orders")
        for thing in (cls.provider(), image, other, offering, contract, instance):
            run("apply", "-f", "-", stdin=thing)

    def machines(self):
        """UID and status of each machine, by name."""
        return {m["metadata"]["name"]: (m["metadata"]["uid"], m["status"])
                for m in ordering.listed(self.server, "machines", "-n", NS)}

    def uid(self, index=0):
        return self.machines()[f"order-mgmt-{index}"][0]

    def change(self, **spec):
        ordering.set_fields(self.server, *INSTANCE, **spec)

    def look(self):
        ordering.poke(self.server, "provider", PROVIDER)

    def runs(self, uid):
        return f"charter-{uid}" in self.host.domains("--state-running")

    def boots(self, uid):
        return self.host.console(uid).count("GUEST-MARKER")

    def stops(self, uid):
        """How often the guest has obeyed the power button. The host's log daemon writes what it says, a little later."""
        return self.host.console(uid).count("GUEST-ACPI-POWEROFF")


class LibvirtTest(LibvirtServer):
    """Everything that may happen to machines that run."""

    def setUp(self):
        self.change(replicas=2, parameters={"vcpus": 2}, updatePolicy={"strategy": "AllowRestart"})
        self.wait_vcpus(2)
        self.change(updatePolicy={"strategy": "InPlaceOnly"})
        ordering.wait_ready(self.server, *INSTANCE)

    def wait_vcpus(self, count):
        """Until all machines have so many, run, and say so."""
        def have():
            return all(s.get("vcpus") == count and s.get("power") == "On" for _, s in self.machines().values())

        try:
            eventually(have, f"all machines have {count} processors", ordering.READY_S)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.machines()}") from error
        ordering.wait_ready(self.server, *INSTANCE)

    def test_guests_boot_from_the_image_and_see_their_disk(self):
        for name, (uid, status) in self.machines().items():
            said = eventually(lambda u=uid: self.host.console(u), f"{name} speaks", GUEST_S)
            self.assertIn(f"sectors={DISK_SECTORS:08x}", said)
            self.assertEqual(status["externalID"], uid, "the domain's UUID is the machine's UID")
            self.assertEqual(self.host.virsh("domuuid", f"charter-{uid}"), uid)
            disks = self.host.virsh("domblklist", f"charter-{uid}")
            self.assertIn("charter-boot.", disks)
            self.assertIn("charter-seed.", disks)
            self.assertIn("charter-volume.", disks, "the shared volume is attached")
        provider = self.get("provider", PROVIDER)
        self.assertRegex(provider["status"]["driverVersion"], r"^libvirt [0-9.]+, QEMU [0-9.]+, TCG")
        self.look()
        eventually(lambda: self.get("provider", PROVIDER)["status"]["inventory"] == {"machines": 2, "volumes": 1},
                   "the provider has two machines and their volume", GUEST_S)

    def test_a_volume_of_what_was_ordered_takes_the_units_that_were_ordered(self):
        # 500 GB are no whole number of the host's blocks.
        eventually(lambda: self.get("contract", "orders", "-n", NS)["status"]["summary"]["storage"] == "5/5",
                   "five units of storage are provisioned, not six")

    def test_deactivated_machines_shut_down_and_come_back_as_they_were(self):
        before, second = ordering.identities(self.server), self.uid(1)
        boots, stops = self.boots(second), self.stops(second)
        self.change(replicas=1)
        ordering.wait_machines(self.server, 1, 2)
        self.assertFalse(self.runs(second))
        eventually(lambda: self.stops(second) == stops + 1, "it was asked, not killed")
        self.change(replicas=2)
        ordering.wait_machines(self.server, 2, 2)
        eventually(lambda: self.boots(second) == boots + 1, "it boots once more", GUEST_S)
        self.assertEqual(ordering.identities(self.server), before)

    def test_more_processors_are_plugged_in_while_it_runs_and_fewer_wait_for_a_restart(self):
        uid = self.uid()
        boots = self.boots(uid)
        self.change(parameters={"vcpus": 4})
        self.wait_vcpus(4)
        self.assertEqual(self.boots(uid), boots, "nothing was restarted")
        self.assertEqual(self.host.virsh("vcpucount", f"charter-{uid}", "--current", "--live"), "4")
        self.change(parameters={"vcpus": 2})
        ordering.wait_reason(self.server, "InPlaceNotPossible", "machine", "order-mgmt-0", "-n", NS)
        self.assertEqual(self.boots(uid), boots)
        self.change(updatePolicy={"strategy": "AllowRestart"})
        self.wait_vcpus(2)
        self.assertEqual(self.boots(uid), boots + 1, "it was restarted")

    def test_a_restart_that_is_asked_for_shuts_each_machine_down_and_starts_it_once(self):
        uids = [uid for uid, _ in self.machines().values()]
        boots = [self.boots(uid) for uid in uids]
        stops = [self.stops(uid) for uid in uids]
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
        self.change(restartAt=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
        eventually(lambda: [self.boots(uid) for uid in uids] == [count + 1 for count in boots], "each boots once more", GUEST_S)
        self.wait_vcpus(2)
        self.look()
        ordering.wait_ready(self.server, *INSTANCE)
        self.assertEqual([self.boots(uid) for uid in uids], [count + 1 for count in boots], "and not again")
        self.assertEqual([self.stops(uid) for uid in uids], [count + 1 for count in stops], "they were asked, not killed")

    def test_a_machine_that_somebody_stopped_is_started_again(self):
        uid = self.uid()
        boots = self.boots(uid)
        self.host.virsh("destroy", f"charter-{uid}")
        self.look()
        eventually(lambda: self.boots(uid) == boots + 1, "it boots again", GUEST_S)
        ordering.wait_ready(self.server, *INSTANCE)

    def test_a_machine_that_somebody_undefined_is_made_again_with_its_disk(self):
        uid = self.uid()
        disk = next(f for f in self.host.files() if f.startswith("charter-boot.") and uid in f)
        inode = (pathlib.Path(self.host.pool) / disk).stat().st_ino
        self.host.virsh("destroy", f"charter-{uid}")
        self.host.virsh("undefine", f"charter-{uid}")
        self.look()
        eventually(lambda: self.runs(uid), "it runs again", GUEST_S)
        ordering.wait_ready(self.server, *INSTANCE)
        self.assertEqual((pathlib.Path(self.host.pool) / disk).stat().st_ino, inode, "the tenant's data is kept")
        self.assertEqual(len(self.host.domains()), 2)

    def test_what_somebody_edited_is_put_right(self):
        uid = self.uid()
        self.host.virsh("setvcpus", f"charter-{uid}", "1", "--config")
        self.look()
        eventually(lambda: self.host.virsh("vcpucount", f"charter-{uid}", "--current", "--config") == "2",
                   "the next start has two again", GUEST_S)
        ordering.wait_ready(self.server, *INSTANCE)

    def test_a_libvirtd_that_was_killed_is_found_again_with_the_same_guests(self):
        uids = [uid for uid, _ in self.machines().values()]
        boots = [self.boots(uid) for uid in uids]
        self.host.order("kill")
        self.look()
        ordering.wait_reason(self.server, "NotReachable", "provider", PROVIDER)
        self.change(parameters={"vcpus": 4})
        self.host.order("start")
        self.look()
        ordering.wait_ready(self.server, "provider", PROVIDER)
        self.wait_vcpus(4)
        self.assertEqual([self.boots(uid) for uid in uids], boots, "no guest noticed")
        self.assertEqual(self.host.domains(), sorted(f"charter-{uid}" for uid in uids))


class LibvirtWedged(LibvirtServer):
    """libvirtd dies in the first milliseconds of a start, and takes the domain for starting ever after."""

    replicas = 1

    def cut_off(self, uid):
        """True when the start that the server begins was cut off so early that the host never lets go of it."""
        status = self.host.folder / f"host/run/qemu/charter-{uid}.xml"
        self.host.virsh("destroy", f"charter-{uid}", check=False)
        eventually(lambda: not status.exists(), "it is off", GUEST_S)
        self.look()
        eventually(status.exists, "the server starts it again", GUEST_S, pause=0.0005)
        self.host.order("kill")
        wedged = "pid='0'" in status.read_text()
        self.host.order("start")
        # A libvirtd that finds half a guest may die of it: then it is started once more.
        while not self.host.virsh("domstate", f"charter-{uid}", check=False):
            self.host.order("start")
        return wedged

    def test_the_machine_runs_again_without_hands(self):
        uid = self.uid()
        for _ in range(20):
            if self.cut_off(uid):
                break
            ordering.wait_ready(self.server, *INSTANCE)
        else:
            self.fail("no start could be cut off")
        self.look()
        eventually(lambda: f"charter-{uid}.2" in self.host.domains("--state-running"),
                   "another domain stands in for it", 2 * GUEST_S)
        ordering.wait_ready(self.server, *INSTANCE)
        self.assertEqual(self.uid(), uid, "it is the same machine")
        self.kubectl("delete", *INSTANCE, "--wait=false")
        self.gone("machines,volumes", "-n", NS, timeout=GUEST_S)
        self.assertEqual(self.host.domains(), [f"charter-{uid}"], "the host still holds on to the first")
        self.assertEqual([f for f in self.host.files() if not f.startswith("charter-image.")], [])


class LibvirtDeletion(LibvirtServer):
    """S6: everything goes, and nothing that is somebody else's."""

    replicas = 1

    def test_manifests_that_are_applied_together_make_nothing_twice(self):
        made = self.out("create", "--dry-run=client", "-o", "name", "-f", str(ROOT / "manifests/libvirt")).split()
        self.assertIn(f"provider.charter.dev/{PROVIDER}", made)
        self.assertEqual(sorted(made), sorted(set(made)))

    def test_nothing_is_left_but_images_and_what_others_made(self):
        foreign = ("<domain type='qemu'><name>theirs</name><memory unit='MiB'>16</memory><vcpu>1</vcpu>"
                   "<os><type>hvm</type></os></domain>")
        path = self.host.folder / "theirs.xml"
        path.write_text(foreign)
        self.host.virsh("define", str(path))
        self.kubectl("delete", *INSTANCE, "--wait=false")
        self.gone(*INSTANCE, timeout=GUEST_S)
        self.gone("machines,volumes", "-n", NS, timeout=GUEST_S)
        self.assertEqual(self.host.domains(), ["theirs"])
        self.assertEqual([f for f in self.host.files() if not f.startswith("charter-image.")], [])
        self.assertEqual(list(pathlib.Path(self.host.consoles).iterdir()), [])
        self.assertEqual(self.host.order("qemus")["qemus"], [])
        self.look()
        eventually(lambda: self.get("provider", PROVIDER)["status"]["inventory"] == {"machines": 0, "volumes": 0},
                   "the provider is empty", GUEST_S)
        self.assertNotIn("orphans", self.get("provider", PROVIDER)["status"])


if __name__ == "__main__":
    unittest.main()
