"""A Linux guest that boots Debian's cloud kernel and an initrd instead of a disk, ordered as any other."""

import hashlib
import re
import subprocess
import sys
import unittest

import ordering
from charter_e2e import ROOT, eventually
from libvirt_test import DISK_SECTORS, GUEST_S, INSTANCE, LibvirtServer
from ordering import NS

sys.path.insert(0, str(ROOT / "tests/support"))
import linux_guest  # noqa: E402

COMMAND = "console=ttyS0 quiet said=hello,world"


class LibvirtKernel(LibvirtServer):
    """The quickstart's order with such an image."""

    replicas = 1
    image_format = "kernel"

    @classmethod
    def import_image(cls):
        image = cls.server.folder / "linux.kernel"
        try:
            linux_guest.build(image, COMMAND)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"\n*** NOT TESTED: a Linux guest: Debian's kernel cannot be fetched: {error}\n", flush=True)
            raise unittest.SkipTest("no kernel") from error
        done = cls.server.charter("image", "import", str(image))
        assert done.returncode == 0, done.stderr
        sha256 = hashlib.sha256(image.read_bytes()).hexdigest()
        assert done.stdout.startswith(f"sha256:{sha256}  kernel"), done.stdout
        return sha256

    def said(self):
        return re.findall("GUEST-MARKER linux .*", self.host.console(self.uid()))

    def test_linux_boots_sees_what_was_ordered_and_obeys_the_power_button(self):
        said = eventually(self.said, "the guest speaks", GUEST_S)[0]
        self.assertIn(f"disk={DISK_SECTORS} ", said)
        self.assertIn(" cpus=2 ", said)
        self.assertRegex(said, "seed=[0-9a-f]{32} ", "it read its user data")
        self.assertTrue(said.rstrip().endswith(f"cmdline={COMMAND}"), said)
        definition = self.host.virsh("dumpxml", f"charter-{self.uid()}")
        self.assertIn("<kernel>", definition)
        self.change(replicas=0)
        ordering.wait_machines(self.server, 0, 1)
        eventually(lambda: self.stops(self.uid()) == 1, "it was asked, not killed")
        self.change(replicas=1)
        eventually(lambda: len(self.said()) == 2, "it boots once more", GUEST_S)
        self.kubectl("delete", *INSTANCE, "--wait=false")
        self.gone("machines,volumes", "-n", NS, timeout=GUEST_S)
        self.assertEqual(self.host.domains(), [])
        self.assertEqual([f for f in self.host.files() if not f.startswith("charter-image.")], [])


if __name__ == "__main__":
    unittest.main()
