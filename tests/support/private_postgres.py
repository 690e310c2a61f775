#!/usr/bin/env python3
"""A PostgreSQL server of a test's own, of an unprivileged user: its socket, files and log lie in one directory, and nothing
of the host's PostgreSQL is touched. Runs until its standard input ends, takes orders from it, and leaves nothing behind.

    private_postgres.py DIRECTORY

Prints one line of JSON for each order, the first when the server answers, or {"absent": why} where there is none:

    uri       of an empty database, over the socket, without a password
    socket    the same, for a user who needs `password`
    tls       the same, over TLS on loopback; the server's certificate is of `ca` and names localhost
    ca        a file

Orders: crash (no process of it is left, and nothing was ended in order), start, pause and resume (all of its processes), database
(another empty one: its URIs), quit.
"""

import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time

import ctypes

START_S = 60
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
USER, PASSWORD = "billing", "pass word/with:signs@"
SETTINGS = {"listen_addresses": "127.0.0.1", "ssl": "on", "ssl_cert_file": "server.pem", "ssl_key_file": "server.key",
            "shared_buffers": "16MB", "max_connections": "40", "max_wal_size": "128MB", "logging_collector": "off"}
ACCESS = f"local all {USER} scram-sha-256\nlocal all all trust\nhostssl all {USER} 127.0.0.1/32 scram-sha-256\n"


def programs():
    """Where Debian puts them: the newest version's."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


def unprivileged():
    """What makes a process one of an unprivileged user: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Postgres:
    """The server and everything below its directory."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.root.mkdir(parents=True)
        self.bin = programs()
        self.data = self.root / "data"
        self.process = None
        self.databases = 0
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        who = unprivileged()
        if who:
            os.chown(self.root, who["user"], who["group"])
            os.chmod(self.root.parent, 0o755)
        self.run(self.bin / "initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync", "-A", "trust")
        (self.data / "pg_hba.conf").write_text(ACCESS)
        self.make_certificates()

    def run(self, *line):
        done = subprocess.run([str(word) for word in line], capture_output=True, text=True, timeout=START_S, check=False,
                              cwd=self.root, **unprivileged())
        if done.returncode != 0:
            raise RuntimeError(f"{line[0]}: {done.stderr}")
        return done.stdout

    def make_certificates(self):
        files = {name: str(self.root / name) for name in ("ca.pem", "ca.key", "server.csr")}
        key, pem = str(self.data / "server.key"), str(self.data / "server.pem")
        (self.root / "names").write_text("subjectAltName=DNS:localhost\n")
        new = ("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        self.run(*new, "-x509", "-days", "2", "-subj", "/CN=test", "-keyout", files["ca.key"], "-out", files["ca.pem"])
        self.run(*new, "-subj", "/CN=server", "-keyout", key, "-out", files["server.csr"])
        self.run("openssl", "x509", "-req", "-in", files["server.csr"], "-CA", files["ca.pem"], "-CAkey", files["ca.key"],
                 "-CAcreateserial", "-days", "2", "-extfile", self.root / "names", "-out", pem)
        os.chmod(key, 0o600)

    def start(self):
        line = [str(self.bin / "postgres"), "-D", str(self.data), "-k", str(self.root), "-p", str(self.port)]
        for name, value in SETTINGS.items():
            line += ["-c", f"{name}={value}"]
        with open(self.root / "log", "ab") as log:
            self.process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.root,
                                            preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT), **unprivileged())
        end = time.monotonic() + START_S
        while subprocess.run([str(self.bin / "pg_isready"), "-q", "-h", str(self.root), "-p", str(self.port)],
                             check=False).returncode:
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"the server does not start: {(self.root / 'log').read_text()[-4000:]}")
            time.sleep(0.02)
        if self.databases == 0:
            quoted = PASSWORD.replace("'", "''")
            self.sql("postgres", f"CREATE ROLE {USER} LOGIN PASSWORD '{quoted}'")

    def sql(self, database, *statements):
        """As the administrator."""
        words = [word for statement in statements for word in ("-c", statement)]
        return self.run(self.bin / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.root, "-p", self.port,
                        "-U", "postgres", "-d", database, *words)

    def crash(self):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def signal_all(self, number):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in [self.process.pid, *map(int, children)]:
            os.kill(pid, number)

    def database(self):
        """Another one, owned by the user who has a password; the administrator gets in without."""
        self.databases += 1
        name = f"ledger{self.databases}"
        self.sql("postgres", f"CREATE DATABASE {name} OWNER {USER}")
        local = f"/{name}?host={self.root}&port={self.port}"
        return {"uri": f"postgres://postgres@{local}", "socket": f"postgres://{USER}@{local}",
                "tls": f"postgres://{USER}@localhost:{self.port}/{name}?hostaddr=127.0.0.1",
                "password": PASSWORD, "ca": str(self.root / "ca.pem"), "database": name}

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.signal_all(signal.SIGCONT)
            self.crash()
        shutil.rmtree(self.root, ignore_errors=True)


def obey(server, order):
    if order == "database":
        return server.database()
    if order == "crash":
        server.crash()
    elif order == "start":
        server.start()
    elif order == "pause":
        server.signal_all(signal.SIGSTOP)
    elif order == "resume":
        server.signal_all(signal.SIGCONT)
    else:
        return {"error": f"unknown order {order}"}
    return {"done": order}


def say(**fact):
    print(json.dumps(fact), flush=True)


def main():
    if programs() is None or shutil.which("openssl") is None:
        say(absent="not installed: postgresql, openssl; run hack/install-deps.sh")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = Postgres(sys.argv[1])
    try:
        server.start()
        say(**server.database())
        for line in sys.stdin:
            if line.strip() == "quit":
                break
            say(**obey(server, line.strip()))
    finally:
        server.close()


if __name__ == "__main__":
    main()
