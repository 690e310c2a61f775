"""Ways to a libvirtd of the test's own from outside: TLS with a CA of its own, and Debian's sshd. All on loopback."""

import getpass
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

CLIENT = "keyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=clientAuth\n"
SERVER = "subjectAltName=IP:127.0.0.1\nkeyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth\n"
FAST = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
WAIT_S = 20
TOOLS = {"only-netcat": ("sh", "nc"), "no-tools": ("sh",)}


def run(*words):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True).stdout


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for_port(port):
    end = time.monotonic() + WAIT_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


class Tls:
    """Certificates of a CA that the daemon trusts and of one that it does not, and the daemon's settings for them."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.port = free_port()
        for ca in ("ca", "other"):
            run("openssl", "req", "-x509", *FAST, "-nodes", "-days", "30", "-subj", f"/CN={ca}", "-addext",
                "keyUsage=keyCertSign", "-keyout", self.folder / f"{ca}.key", "-out", self.folder / f"{ca}.pem")
        self.issue("server", "127.0.0.1", SERVER)
        self.issue("client", "charter", CLIENT)
        self.issue("renewed", "charter", CLIENT)
        self.issue("foreign", "charter", CLIENT, ca="other")
        self.issue("denied", "stranger", CLIENT)
        self.issue("expired", "charter", CLIENT, days=-1)
        run("openssl", "pkey", "-in", self.folder / "client.key", "-aes128", "-passout", "pass:x", "-out", self.folder / "locked.key")

    def issue(self, name, common_name, extensions, ca="ca", days=30):
        own = {end: self.folder / f"{name}.{end}" for end in ("key", "csr", "ext", "pem")}
        own["ext"].write_text(extensions)
        run("openssl", "req", *FAST, "-nodes", "-subj", f"/CN={common_name}", "-keyout", own["key"],
            "-out", own["csr"])
        run("openssl", "x509", "-req", "-in", own["csr"], "-CA", self.folder / f"{ca}.pem", "-CAkey",
            self.folder / f"{ca}.key", "-CAcreateserial", "-days", days, "-extfile", own["ext"], "-out", own["pem"])

    @property
    def settings(self):
        """Lines of libvirtd.conf."""
        return (f'listen_tls = 1\nlisten_tcp = 0\nlisten_addr = "127.0.0.1"\ntls_port = "{self.port}"\nauth_tls = "none"\n'
                f'ca_file = "{self.folder}/ca.pem"\ncert_file = "{self.folder}/server.pem"\nkey_file = "{self.folder}/server.key"\n'
                f'tls_allowed_dn_list = ["CN=charter"]\n')

    def facts(self):
        """Where to connect, and a directory of NAME.pem and NAME.key: client, renewed, foreign (of another CA), denied (of
        whom the daemon allows nothing), expired, ca, other (CAs); locked.key has a passphrase."""
        return {"uri": f"qemu+tls://127.0.0.1:{self.port}/system", "folder": str(self.folder)}


class Ssh:
    """sshd as this user, run by `spawn(words)` as a process that sees the daemon's socket at its usual place."""

    def __init__(self, folder, spawn):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.spawn = spawn
        self.process = None
        self.port = free_port()
        for name in ("key", "other", "host", "host2"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", self.folder / name)
        run("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-C", "", "-f", self.folder / "rsa")
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "open sesame", "-C", "", "-f", self.folder / "locked")
        (self.folder / "authorized_keys").write_text("".join((self.folder / f"{name}.pub").read_text() for name in ("key", "rsa")))
        for name in ("host", "host2"):
            public = (self.folder / f"{name}.pub").read_text()
            (self.folder / f"known_{name}").write_text(f"[127.0.0.1]:{self.port} {public}")
        for name, programs in TOOLS.items():
            (self.folder / name).mkdir()
            for program in programs:
                (self.folder / name / program).symlink_to(shutil.which(program))
        self.start("host")

    def start(self, host_key, tools=""):
        """With another host key, or so that commands find nothing but one of TOOLS."""
        self.stop()
        config = self.folder / "config"
        config.write_text("\n".join((
            f"Port {self.port}", "ListenAddress 127.0.0.1", f"HostKey {self.folder / host_key}", "PidFile none", "StrictModes no",
            "UsePAM no", f"AuthorizedKeysFile {self.folder}/authorized_keys", "PasswordAuthentication no",
            "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password", "MaxStartups 100",
            f"SetEnv PATH={self.folder / tools}" if tools else "", "")))
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)  # where a privileged sshd shuts its children in
        self.process = self.spawn("/usr/sbin/sshd", "-D", "-e", "-f", str(config))
        wait_for_port(self.port)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()

    def facts(self):
        """Where to connect, and a directory of private keys: key and rsa (let in), other (not), locked (with a passphrase);
        known_host and known_host2 are lists of known hosts, the first of which is true until the order "rekey"."""
        return {"uri": f"qemu+ssh://{getpass.getuser()}@127.0.0.1:{self.port}/system", "folder": str(self.folder)}
