"""A Charter server of its own for each test class, and kubectl against it.

Everything here waits for an observable fact until a deadline; what was started is stopped by its pid.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("CHARTER_BINARY", str(ROOT / "build/release/charter"))
KUBECTL = os.environ.get("KUBECTL") or shutil.which("kubectl") or "kubectl"
START_S = 30
STOP_S = 10
COMMAND_S = 60
POLL_S = 0.05
LOG_LINES = 60


class Deadline(AssertionError):
    """Something awaited did not happen in time."""


def eventually(fact, what, timeout=30.0, pause=POLL_S):
    """Calls `fact` until it returns something true, and returns that."""
    end = time.monotonic() + timeout
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() >= end:
            raise Deadline(f"not within {timeout} s: {what}")
        time.sleep(pause)


class Server:
    """One data directory, and the server process that runs on it at the moment."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="charter-e2e-"))
        self.data = self.folder / "data"
        self.data.mkdir()
        self.log = self.folder / "server.log"
        self.listen = "127.0.0.1:0"
        self.flags = []  # more of `charter serve`
        self.process = None

    def command(self):
        return [BINARY, "serve", "--data-dir", str(self.data), "--listen", self.listen, *self.flags]

    def spawn(self):
        """Starts the process and does not wait for it to serve."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def start(self):
        self.spawn()
        self.wait_ready()

    def wait_ready(self):
        eventually(self._ready, "the server is ready", START_S)
        if self.listen.endswith(":0"):
            # A restart keeps the address, as an administrator's server would; watches and kubeconfigs stay valid.
            url = self.kubectl("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}").stdout
            self.listen = url.removeprefix("https://")

    def _ready(self):
        code = self.process.poll()
        if code is not None:
            raise AssertionError(f"the server ended while starting with code {code}:\n{self.log_tail()}")
        pid = self.data / "charter.pid"
        if not pid.exists() or pid.read_text().strip() != str(self.process.pid):
            return False
        return (self.data / "kubeconfig").exists() and self.kubectl("get", "--raw", "/readyz", check=False).returncode == 0

    def kill(self):
        """A crash: no handler of the server runs."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Asks the server to stop; returns its exit code and the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Deadline(f"the server did not stop within {STOP_S} s of SIGTERM") from None
        return code, time.monotonic() - began

    def close(self):
        """Ends whatever still runs and removes the files."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def charter(self, *arguments):
        """Another command of the program, on this server's data directory."""
        return subprocess.run([BINARY, *arguments, "--data-dir", str(self.data)],
                              capture_output=True, text=True, timeout=COMMAND_S, check=False)

    def kubectl_line(self, *arguments):
        return [KUBECTL, "--kubeconfig", str(self.data / "kubeconfig"),
                "--cache-dir", str(self.folder / "kubectl-cache"), *arguments]

    def kubectl(self, *arguments, stdin=None, check=True, code=None, timeout=COMMAND_S, environment=None):
        """Runs kubectl. `code` is the exit code that is expected instead of 0; check=False expects none."""
        text = json.dumps(stdin) if isinstance(stdin, (dict, list)) else stdin
        done = subprocess.run(self.kubectl_line(*arguments), input=text or "", capture_output=True, text=True,
                              timeout=timeout, check=False, env={**os.environ, **(environment or {})})
        expected = 0 if code is None else code
        if check and done.returncode != expected:
            raise AssertionError(f"kubectl {' '.join(arguments)}: exit code {done.returncode}, expected {expected}\n"
                                 f"stdout: {done.stdout}\nstderr: {done.stderr}")
        return done

    def kubectl_with_token(self, token, *arguments, **options):
        """kubectl with nothing but a bearer token."""
        path = self.folder / "token.kubeconfig"
        config = json.loads(self.kubectl("config", "view", "--raw", "-o", "json").stdout)
        config["users"] = [{"name": "charter", "user": {"token": token}}]
        path.write_text(json.dumps(config))
        return self.kubectl(f"--kubeconfig={path}", *arguments, **options)

    def log_tail(self):
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_LINES:])


class ServerTest(unittest.TestCase):
    """A test class with one server for all its tests."""

    @classmethod
    def make_server(cls):
        return Server()

    @classmethod
    def setUpClass(cls):
        cls.server = cls.make_server()
        cls.addClassCleanup(cls.server.close)
        cls.server.start()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        super().run(result)
        if result and len(result.failures) + len(result.errors) > before:
            print(f"--- server log after {self.id()}\n{self.server.log_tail()}\n---", flush=True)

    def kubectl(self, *arguments, **options):
        return self.server.kubectl(*arguments, **options)

    def out(self, *arguments, **options):
        return self.kubectl(*arguments, **options).stdout.strip()

    def refused(self, *arguments, stdin=None, code=1):
        """Runs a command that must fail with `code` and returns what it says."""
        return self.kubectl(*arguments, stdin=stdin, code=code).stderr

    def get(self, *arguments):
        return json.loads(self.out("get", *arguments, "-o", "json"))

    def names(self, *arguments):
        """Names in a list, without the kind."""
        return [line.split("/", 1)[1] for line in self.out("get", *arguments, "-o", "name").splitlines()]

    def apply(self, *objects, flags=()):
        return self.out("apply", *flags, "-f", "-", stdin="\n".join(json.dumps(item) for item in objects))

    def gone(self, *arguments, timeout=30.0):
        """Waits until the named object, or every object of the list, is gone."""
        eventually(lambda: not self.out("get", *arguments, "-o", "name", "--ignore-not-found"),
                   f"{' '.join(arguments)} is gone", timeout)
