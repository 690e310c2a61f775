"""`charter operator` processes against a plain API server, and a proxy between them that misbehaves."""

import http.client
import http.server
import json
import os
import re
import select
import signal
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request

from charter_e2e import BINARY, ROOT, Server, ServerTest, eventually
from https_server import openssl

START_S = 40
HELM = os.environ.get("HELM", str(ROOT / ".charter/tools/helm"))
FAST = ("--leader-elect-lease-duration=5s", "--leader-elect-renew-deadline=3s", "--leader-elect-retry-period=500ms")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Operator:
    """One replica."""

    def __init__(self, server, name, flags=(), kubeconfig=None, listen="127.0.0.1:0"):
        self.server = server
        self.listen = listen
        self.name = name
        self.flags = flags
        self.kubeconfig = kubeconfig or server.data / "kubeconfig"
        self.log = server.folder / f"{name}.log"
        self.process = None

    def start(self):
        line = [BINARY, "operator", "--kubeconfig", str(self.kubeconfig), "--data-dir", str(self.server.hosts),
                "--listen", self.listen, *self.flags]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(line, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        return self

    @property
    def pid(self):
        return self.process.pid

    def text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def port(self):
        def found():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended with code {self.process.returncode}:\n{self.text()[-4000:]}")
            ports = re.findall(r'ready.* port="?(\d+)', self.text())
            return ports and int(ports[-1])
        return eventually(found, f"{self.name} is ready", START_S)

    def get(self, path):
        context = ssl._create_unverified_context()
        try:
            with urllib.request.urlopen(f"https://127.0.0.1:{self.port()}{path}", context=context, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, series):
        """Sum of the samples whose line begins with this."""
        lines = [line for line in self.get("/metrics")[1].splitlines() if line.startswith(series)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def leads(self):
        return self.metric('leader_election_master_status{name="charter-operator"}') == 1

    def wait_works(self):
        self.port()  # says so when the process has ended
        eventually(lambda: " works" in self.text() or self.process.poll() is not None, f"{self.name} works", START_S)
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with code {self.process.returncode}:\n{self.text()[-4000:]}")
        return self

    def stop(self):
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        return code, time.monotonic() - began

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()

    def suspend(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)


class PlainServer(Server):
    """The API server alone, the definitions applied, and a directory that operators share."""

    def __init__(self):
        super().__init__()
        self.flags = ["--no-controllers"]
        self.hosts = self.folder / "operators"
        self.hosts.mkdir()

    def start(self):
        super().start()
        definitions = subprocess.run([BINARY, "crds"], capture_output=True, text=True, check=True).stdout
        self.kubectl("apply", "--server-side", "-f", "-", stdin=definitions)

    def charter(self, *arguments):
        """Commands on the simulated hosts: they belong to the operators."""
        return subprocess.run([BINARY, *arguments, "--data-dir", str(self.hosts)],
                              capture_output=True, text=True, timeout=60, check=False)

    def calls(self, where="1", *values):
        """Driver calls in the hosts' own ledger."""
        found = []
        for path in sorted((self.hosts / "sim").glob("*.world")):
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30) as rows:
                found += rows.execute(f"SELECT seq, pid, call, uid, outcome, effect FROM calls WHERE {where}", values).fetchall()
        return found


class OperatorTest(ServerTest):
    """A test class with one plain API server for all its tests; operators belong to a test."""

    @classmethod
    def setUpClass(cls):
        cls.server = PlainServer()
        cls.addClassCleanup(cls.server.close)
        cls.server.start()

    def operator(self, name, *flags, **options):
        made = Operator(self.server, name, flags, **options)
        self.addCleanup(made.kill)
        self.addCleanup(lambda: self.tell(made))
        return made.start()

    def tell(self, made):
        outcome = self._outcome
        if not outcome.success:
            print(f"--- {made.name}\n" + "\n".join(made.text().splitlines()[-60:]), flush=True)


class Proxy:
    """A TCP proxy on loopback, below TLS. `mode`: pass, cut (connections end), stall (nothing moves, nothing ends), slow."""

    def __init__(self, target):
        host, port = target.rsplit(":", 1)
        self.target = (host, int(port))
        self.mode = "pass"
        self.delay = 0.0
        self.lock = threading.Lock()
        self.pairs = []
        self.stalled = set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self.closed:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if self.mode == "cut":
                near.close()
                continue
            try:
                far = socket.create_connection(self.target, timeout=10)
            except OSError:
                near.close()
                continue
            with self.lock:
                self.pairs.append((near, far))
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near, far):
        pair = (near, far)
        try:
            while True:
                ready, _, _ = select.select([near, far], [], [], 0.2)
                if pair in self.stalled:
                    time.sleep(0.1)
                    continue
                for end in ready:
                    piece = end.recv(65536)
                    if not piece:
                        return
                    if self.delay:
                        time.sleep(self.delay)
                    if pair in self.stalled:
                        continue
                    (far if end is near else near).sendall(piece)
        except OSError:
            pass
        finally:
            for end in pair:
                end.close()

    def cut(self):
        """Every connection ends, and new ones are refused until `mend`."""
        self.mode = "cut"
        with self.lock:
            for pair in self.pairs:
                for end in pair:
                    try:
                        end.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
            self.pairs.clear()

    def stall(self):
        """Half-open: the connections that are there stay and carry nothing any more; new ones work."""
        with self.lock:
            self.stalled.update(self.pairs)

    def mend(self):
        self.mode = "pass"
        self.delay = 0.0

    def close(self):
        self.closed = True
        self.cut()
        self.listener.close()

    def kubeconfig(self, server):
        """The server's kubeconfig with this proxy's address."""
        path = server.folder / f"proxied-{self.port}.kubeconfig"
        text = (server.data / "kubeconfig").read_text()
        path.write_text(text.replace(server.listen, f"127.0.0.1:{self.port}"))
        os.chmod(path, 0o600)
        return path


class Gateway:
    """An HTTPS proxy that speaks HTTP: single requests are answered by `fault(method, path)` instead of the server, or after it.

    A fault is (when, status, reason): "before" the server hears of it, or "after" it has done everything."""

    def __init__(self, server):
        self.server = server
        self.fault = lambda method, path: None
        self.faults = []  # what was done, for the test's own proof that there was something to survive
        self.folder = server.folder
        certificate, key = self.folder / "gateway.pem", self.folder / "gateway.key"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
                "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate))
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                size = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(size)
                fault = outer.fault(self.command, self.path)
                if fault:
                    outer.faults.append((*fault, self.command, self.path))
                if fault and fault[0] == "before":
                    return self.refuse(fault)
                self.forward(body, fault)

            def refuse(self, fault):
                _, status, reason = fault
                document = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": status,
                            "message": f"{reason} by the test"}
                text = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                if status == 429:
                    self.send_header("Retry-After", "1")
                self.end_headers()
                self.wfile.write(text)

            def forward(self, body, fault):
                context = ssl._create_unverified_context()
                far = http.client.HTTPSConnection(outer.server.listen, context=context, timeout=600)
                try:
                    headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
                    far.request(self.command, self.path, body=body or None, headers=headers)
                    answer = far.getresponse()
                    if fault:
                        answer.read()
                        return self.refuse(fault)
                    self.send_response(answer.status)
                    for name, value in answer.getheaders():
                        if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                            self.send_header(name, value)
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    while piece := answer.read1(65536):
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    self.wfile.write(b"0\r\n\r\n")
                except (OSError, http.client.HTTPException):
                    self.close_connection = True
                finally:
                    far.close()

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *arguments):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def kubeconfig(self):
        """As an administrator by token: a client certificate would end at the gateway."""
        made = Server.charter(self.server, "token", "create", "--user", "operator", "--group", "system:masters")
        if made.returncode != 0:
            raise AssertionError(made.stderr)
        token = made.stdout.split()[-1]
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "gateway",
                  "clusters": [{"name": "gateway", "cluster": {"server": f"https://127.0.0.1:{self.http.server_address[1]}",
                                                               "insecure-skip-tls-verify": True}}],
                  "users": [{"name": "gateway", "user": {"token": token}}],
                  "contexts": [{"name": "gateway", "context": {"cluster": "gateway", "user": "gateway"}}]}
        path = self.folder / "gateway.kubeconfig"
        path.write_text(json.dumps(config))
        return path
