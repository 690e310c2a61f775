"""A libvirtd of the test's own (tests/support/private_libvirtd.py), and virsh on it."""

import json
import pathlib
import subprocess
import sys
import tempfile

from charter_e2e import ROOT

SCRIPT = ROOT / "tests/support/private_libvirtd.py"
VIRSH_S = 60


class Host:
    """What is on a host: `uri`, and the directories `pool` and `consoles`."""

    def line(self, *words):
        """A command as whoever owns the host's libvirtd runs it."""
        return list(words)

    def virsh(self, *command, check=True):
        done = subprocess.run(self.line("virsh", "-q", "-c", self.uri, *command), capture_output=True, text=True,
                              timeout=VIRSH_S, check=False)
        assert done.returncode == 0 or not check, f"virsh {command}: {done.stderr}"
        return done.stdout.strip()

    def domains(self, *flags):
        """Names of all domains, or of those that the flags select."""
        return sorted(self.virsh("list", "--name", *(flags or ("--all",))).split())

    def files(self):
        return sorted(path.name for path in pathlib.Path(self.pool).iterdir())

    def console(self, uid):
        """What the guest of a machine has said, over all its starts."""
        found = list(pathlib.Path(self.consoles).glob(f"charter-console.*.{uid}.log"))
        return found[0].read_text(errors="replace") if found else ""


class PrivateLibvirtd(Host):
    """Started by its constructor; `absent` says why it could not be, where it could not."""

    def __init__(self, remote=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="charter-libvirt-"))
        self.process = subprocess.Popen([sys.executable, "-B", str(SCRIPT), str(self.folder / "host"),
                                         *(["remote"] if remote else [])],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        hello = self._answer()
        self.absent = hello.get("absent", "")
        self.uri, self.pool, self.consoles = hello.get("uri"), hello.get("pool"), hello.get("consoles")
        self.guest = hello.get("guest")
        self.tls, self.ssh = hello.get("tls"), hello.get("ssh")  # {"uri", "folder"}: tests/support/remote_access.py

    def _answer(self):
        line = self.process.stdout.readline()
        assert line, f"{SCRIPT.name} failed"  # no reason to skip
        return json.loads(line)

    def order(self, word):
        """kill, stop, cont, start, qemus, rekey: carried out when this returns."""
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        answer = self._answer()
        assert "error" not in answer, answer
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()
        subprocess.run(["rm", "-rf", str(self.folder)], check=False)
