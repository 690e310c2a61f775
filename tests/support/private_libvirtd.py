#!/usr/bin/env python3
"""A libvirtd of a test's own: its sockets, configuration, state and pools lie in one directory, and nothing of the
host's libvirt is touched. Runs until its standard input ends, takes orders from it, and leaves nothing behind.

    private_libvirtd.py DIRECTORY [remote]

Prints one line of JSON for each order, the first when the daemon answers: {"uri", "pool", "consoles", "guest", "sha256",
"writer", "kernel"}, or {"absent": why} where there is no libvirt or no QEMU. With "remote" it also listens for TLS and SSH on loopback, and
adds {"tls", "ssh"} (remote_access.py: facts). Orders: kill, stop, cont, start (the daemon); qemus (the pids of its guests);
rekey (sshd has another host key from now on), only-netcat and no-tools (whoever comes over SSH finds no virt-ssh-helper, or nothing
at all); quit.

It needs root, for mount namespaces. QEMU's processes become children of this one (it is their sub-reaper), so that they
are collected at once: libvirt waits for that when it ends a guest.
"""

import ctypes
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

from remote_access import TOOLS, Ssh, Tls, wait_for_port

NEEDED = ("libvirtd", "virtlogd", "qemu-system-x86_64", "qemu-img", "virsh", "unshare", "as", "ld")
START_S = 20
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
BOUND = {"run": "/run/libvirt", "etc": "/etc/libvirt", "lib": "/var/lib/libvirt", "cache": "/var/cache/libvirt",
         "log": "/var/log/libvirt"}
NEEDED_REMOTE = ("sshd", "ssh-keygen", "openssl", "virt-ssh-helper", "nc")
LIBC = ctypes.CDLL(None, use_errno=True)


def missing(remote):
    """Why no daemon can be started here; empty when it can."""
    absent = [name for name in NEEDED + (NEEDED_REMOTE if remote else ()) if shutil.which(name) is None]
    if absent:
        return f"not installed: {', '.join(absent)}; run hack/install-deps.sh"
    if os.geteuid() != 0:
        return "not root: a libvirtd of the test's own needs a mount namespace"
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    return "" if probe.returncode == 0 else "this kernel allows no mount namespaces"


class Daemon:
    """The daemon, its log daemon, and everything below the directory."""

    def __init__(self, root, remote):
        self.root = pathlib.Path(root).resolve()
        self.tls = self.ssh = None
        self.process = None
        self.logger = None
        for name in BOUND:
            (self.root / name).mkdir(parents=True, exist_ok=True)
        for name in ("pool", "consoles"):
            (self.root / name).mkdir(exist_ok=True)
        for name in ("nwfilter", "qemu"):  # looked for by libvirtd, which does not make them
            (self.root / "etc" / name).mkdir(exist_ok=True)
        if remote:
            self.tls = Tls(self.root / "tls")
            self.ssh = Ssh(self.root / "ssh", self.spawn)
        self.write_configuration()

    def write_configuration(self):
        uuid = hashlib.sha256(str(self.root).encode()).hexdigest()
        uuid = f"{uuid[:8]}-{uuid[8:12]}-4{uuid[13:16]}-8{uuid[17:20]}-{uuid[20:32]}"
        (self.root / "etc/libvirtd.conf").write_text(
            'unix_sock_group = "root"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\n'
            f'host_uuid = "{uuid}"\nlog_outputs = "3:file:{self.root}/libvirtd.log"\n'
            + (self.tls.settings if self.tls else ""))
        # Without control groups guests share the processors like every other process of the test: a group of their own
        # would get next to nothing beside builds of higher priority, and a start would take a minute.
        (self.root / "etc/qemu.conf").write_text(
            'cgroup_controllers = []\n'
            'security_driver = "none"\nuser = "root"\ngroup = "root"\ndynamic_ownership = 0\nremember_owner = 0\n')
        (self.root / "etc/virtlogd.conf").write_text(f'log_outputs = "3:file:{self.root}/virtlogd.log"\n')

    def in_namespace(self, *command):
        """The command in a mount namespace where libvirt's directories are ours."""
        binds = " && ".join(f'mkdir -p {place} && mount --bind "{self.root / name}" {place}'
                            for name, place in BOUND.items())
        quoted = " ".join(f"'{word}'" for word in command)
        return ["unshare", "-m", "--propagation", "private", "sh", "-c", f"{binds} && exec {quoted}"]

    def spawn(self, *command):
        with open(self.root / "output.log", "ab") as log:
            return subprocess.Popen(self.in_namespace(*command), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))

    def start(self):
        if self.logger is None:
            self.logger = self.spawn("virtlogd", "-p", f"{self.root}/virtlogd.pid", "-f", f"{self.root}/etc/virtlogd.conf")
            self.wait_for(self.root / "run/virtlogd-sock")
        (self.root / "libvirtd.pid").unlink(missing_ok=True)
        self.process = self.spawn("libvirtd", "-p", f"{self.root}/libvirtd.pid", "-f", f"{self.root}/etc/libvirtd.conf",
                                  *(["--listen"] if self.tls else []))
        end = time.monotonic() + START_S
        while subprocess.run(["virsh", "-c", self.uri, "list"], capture_output=True, check=False, timeout=START_S).returncode:
            if time.monotonic() > end:
                raise RuntimeError(f"libvirtd does not answer: {(self.root / 'output.log').read_text()}")
            time.sleep(0.02)
        if self.tls:
            wait_for_port(self.tls.port)

    def wait_for(self, path):
        end = time.monotonic() + START_S
        while not path.exists():
            if time.monotonic() > end:
                raise RuntimeError(f"{path} does not appear: {(self.root / 'output.log').read_text()}")
            time.sleep(0.01)

    @property
    def uri(self):
        return f"qemu+unix:///system?socket={self.root}/run/libvirt-sock"

    def signal(self, number):
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()

    def qemus(self):
        """Pids of this daemon's guests."""
        return [pid for pid, line, _ in children() if line.startswith(b"/usr/bin/qemu-system")]

    def facts(self):
        """What a client needs."""
        known = {"uri": self.uri, "pool": f"{self.root}/pool", "consoles": f"{self.root}/consoles"}
        return known | ({"tls": self.tls.facts(), "ssh": self.ssh.facts()} if self.tls else {})

    def close(self):
        for process in (self.process, self.logger, self.ssh and self.ssh.process):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        for pid, line, _ in children():  # guests, and what serves their networks
            if line.startswith((b"/usr/bin/qemu-system", b"/usr/sbin/dnsmasq")):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.root, ignore_errors=True)


def build_guest(root, source="micro_guest"):
    """A guest of 512 bytes, padded to a disk: path and SHA-256."""
    source = pathlib.Path(__file__).with_name(f"{source}.S")
    image = root / f"{source.stem}.raw"
    built = root / f"{source.stem}.o"
    subprocess.run(["as", "--32", "-I", str(source.parent), "-o", str(built), str(source)], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-Ttext", "0x7c00", "--oformat", "binary", "-o", str(image), str(built)], check=True)
    os.truncate(image, 1 << 20)
    return str(image), hashlib.sha256(image.read_bytes()).hexdigest()


def build_kernel(root):
    """A kernel of two sectors with an initrd of 1000 bytes, as an image of format "kernel": its path."""
    source = pathlib.Path(__file__).with_name("micro_kernel.S")
    folder = root / "kernel"
    folder.mkdir()
    subprocess.run(["as", "--32", "-I", str(source.parent), "-o", str(root / "kernel.o"), str(source)], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-Ttext", "0", "--oformat", "binary", "-o", str(folder / "vmlinuz"),
                    str(root / "kernel.o")], check=True)
    (folder / "initrd.img").write_bytes(b"x" * 1000)
    (folder / "cmdline").write_text("console=ttyS0 said=<&'\"hello\">\n")
    image = root / "guest.kernel"
    subprocess.run(["tar", "--format=ustar", "-C", str(folder), "-cf", str(image), "vmlinuz", "initrd.img", "cmdline"],
                   check=True)
    return str(image)


def children():
    """Pid, command line and state of each child, adopted ones among them. A zombie has no command line."""
    found = []
    for thread in pathlib.Path("/proc/self/task").iterdir():
        try:
            pids = (thread / "children").read_text().split()
        except OSError:  # the thread has ended
            continue
        for pid in pids:
            try:
                state = pathlib.Path("/proc", pid, "stat").read_text().rsplit(")", 1)[1].split()[0]
                found.append((int(pid), pathlib.Path("/proc", pid, "cmdline").read_bytes(), state))
            except (OSError, IndexError):
                continue
    return found


def collect_orphans():
    """Reaps QEMU's processes, and only those: the others are waited for by who started them, and one that nobody waits
    for must not hide those behind it."""
    while True:
        for pid, _, state in children():
            try:
                if state == "Z" and pathlib.Path("/proc", str(pid), "comm").read_text().startswith("qemu-system"):
                    os.waitpid(pid, 0)
            except OSError:
                continue
        time.sleep(0.02)


def obey(daemon, order):
    if order == "kill":
        daemon.signal(signal.SIGKILL)
    elif order == "stop":
        daemon.signal(signal.SIGSTOP)
    elif order == "cont":
        daemon.signal(signal.SIGCONT)
    elif order == "start":
        daemon.start()
    elif order == "rekey" and daemon.ssh:
        daemon.ssh.start("host2")
    elif order in TOOLS and daemon.ssh:
        daemon.ssh.start("host", order)
    elif order == "qemus":
        return {"qemus": daemon.qemus()}
    else:
        return {"error": f"unknown order {order}"}
    return {"done": order}


def say(**fact):
    print(json.dumps(fact), flush=True)


def main():
    remote = sys.argv[2:] == ["remote"]
    why = missing(remote)
    if why:
        say(absent=why)
        return
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    daemon = Daemon(sys.argv[1], remote)
    try:
        daemon.start()
        threading.Thread(target=collect_orphans, daemon=True).start()
        guest, sha256 = build_guest(daemon.root)
        say(guest=guest, sha256=sha256, writer=build_guest(daemon.root, "micro_writer")[0], kernel=build_kernel(daemon.root),
            **daemon.facts())
        for line in sys.stdin:
            if line.strip() == "quit":
                break
            say(**obey(daemon, line.strip()))
    finally:
        daemon.close()


if __name__ == "__main__":
    main()
