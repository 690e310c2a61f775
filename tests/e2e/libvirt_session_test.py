"""Real guests of an ordinary user: qemu:///session, whose libvirtd starts by itself and has no rights but his."""

import importlib.util
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import charter_e2e
import ordering
from charter_e2e import ROOT, Server, eventually
from libvirt_test import GUEST_S, INSTANCE, LibvirtServer
from ordering import NS
from private_libvirtd import Host

sys.path.append(str(ROOT / "tests/support"))
_spec = importlib.util.spec_from_file_location("libvirtd_script", ROOT / "tests/support/private_libvirtd.py")
libvirtd_script = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(libvirtd_script)

UID = GID = 65534


class Session(Host):
    """Directories of an ordinary user, in which his libvirtd keeps everything. As PrivateLibvirtd, without orders."""

    def __init__(self):
        self.absent = libvirtd_script.missing(remote=False)
        # Short, because the path of a guest agent's socket, of 107 bytes at most, begins with it.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cs-"))
        self.uri = "qemu:///session"
        self.places = {name: self.folder / short for name, short in (
            ("run", "r"), ("config", "c"), ("cache", "k"), ("data", "d"), ("home", "h"), ("pool", "p"), ("consoles", "l"))}
        for path in (self.folder, *self.places.values()):
            path.mkdir(exist_ok=True)
            os.chown(path, UID, GID)
        self.pool, self.consoles = str(self.places["pool"]), str(self.places["consoles"])
        if not self.absent:
            self.guest = libvirtd_script.build_guest(self.folder)[0]

    def line(self, *words):
        """The command as that user."""
        return ["setpriv", f"--reuid={UID}", f"--regid={GID}", "--clear-groups", "env", f"HOME={self.places['home']}",
                f"XDG_RUNTIME_DIR={self.places['run']}", f"XDG_CONFIG_HOME={self.places['config']}",
                f"XDG_CACHE_HOME={self.places['cache']}", f"XDG_DATA_HOME={self.places['data']}", *words]

    def close(self):
        for path in self.places["run"].rglob("*.pid"):  # guests, then the daemons
            try:
                os.kill(int(path.read_text()), signal.SIGKILL)
            except (OSError, ValueError):
                continue
        shutil.rmtree(self.folder, ignore_errors=True)


class SessionServer(Server):
    """The server as that user, too. The program is copied to where he can read it."""

    host = None

    def __init__(self):
        super().__init__()
        self.binary = self.folder / "charter"
        shutil.copy(charter_e2e.BINARY, self.binary)
        for path in (self.folder, self.data):
            os.chown(path, UID, GID)

    def command(self):
        return self.host.line(str(self.binary), *super().command()[1:])

    def charter(self, *arguments):
        return subprocess.run(self.host.line(str(self.binary), *arguments, "--data-dir", str(self.data)),
                              capture_output=True, text=True, timeout=60, check=False)


class LibvirtSession(LibvirtServer):
    """The quickstart's order without a right on the host."""

    replicas = 1

    @classmethod
    def make_host(cls):
        SessionServer.host = Session()
        return SessionServer.host

    @classmethod
    def make_server(cls):
        return SessionServer()

    @classmethod
    def provider(cls, manifest="10-provider.yaml"):
        provider = super().provider(manifest)
        assert provider["spec"]["libvirt"]["uri"] == "qemu:///session"
        return provider

    def test_a_guest_boots_grows_stops_and_goes(self):
        uid = self.uid()
        eventually(lambda: "GUEST-MARKER" in self.host.console(uid), "the guest speaks", GUEST_S)
        self.assertEqual(self.host.virsh("domuuid", f"charter-{uid}"), uid)
        self.change(parameters={"vcpus": 4})
        eventually(lambda: self.host.virsh("vcpucount", f"charter-{uid}", "--current", "--live") == "4",
                   "processors are plugged in", GUEST_S)
        ordering.wait_ready(self.server, *INSTANCE)
        self.assertEqual(self.boots(uid), 1)
        self.change(replicas=0)
        ordering.wait_machines(self.server, 0, 1)
        eventually(lambda: self.stops(uid) == 1, "it was asked, not killed")
        self.kubectl("delete", *INSTANCE, "--wait=false")
        self.gone("machines,volumes", "-n", NS, timeout=GUEST_S)
        self.assertEqual(self.host.domains(), [])
        self.assertEqual([f for f in self.host.files() if not f.startswith("charter-image.")], [])


if __name__ == "__main__":
    unittest.main()
