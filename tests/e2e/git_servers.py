"""Git repositories on loopback: https through git's own http-backend, ssh through Debian's sshd.

As a program (for the unit tests of controller/git): `git_servers.py https|ssh FOLDER` serves the repositories below FOLDER,
prints one line of JSON that says how to reach them, and ends when its standard input does.
"""

import base64
import getpass
import http.server
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

USER, PASSWORD = "fred", "correct-horse"


def run(*words, **more):
    return subprocess.run(words, check=True, capture_output=True, **more).stdout


class GitHttps:
    """Serves FOLDER's repositories under /NAME to anybody, under /private/NAME to USER only, and is also unkind:

    /elsewhere/… redirects to another host, /hangs/… never answers, /babble/… answers what is no Git.
    """

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.own = pathlib.Path(tempfile.mkdtemp(prefix="charter-https-"))
        self.certificate, key = self.own / "ca.pem", self.own / "key.pem"
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", self.certificate)
        self.requests = []  # paths, in order
        self.hanging = threading.Event()
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.http.handle_error = lambda *_: None  # a client that does not trust us ends the handshake
        self.port = self.http.server_address[1]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def handler(outer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.requests.append(self.path)
                body = self.body()
                if self.path.startswith("/hangs/"):
                    outer.hanging.wait(60)
                    self.close_connection = True
                elif self.path.startswith("/elsewhere/"):
                    self.answer(302, {"Location": "https://localhost:1" + self.path.removeprefix("/elsewhere")}, b"")
                elif self.path.startswith("/babble/"):
                    self.answer(200, {"Content-Type": "text/html"}, b"<p>hello")
                elif self.path.startswith("/private/") and not self.allowed():
                    self.answer(401, {"WWW-Authenticate": 'Basic realm="git"', "Content-Type": "text/plain"}, b"who are you?")
                else:
                    self.backend(self.path.removeprefix("/private"), body)

            do_POST = do_GET

            def body(self):
                if self.headers.get("Transfer-Encoding") == "chunked":
                    parts = []
                    while (size := int(self.rfile.readline(), 16)) > 0:
                        parts.append(self.rfile.read(size))
                        self.rfile.readline()
                    self.rfile.readline()
                    return b"".join(parts)
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))

            def allowed(self):
                want = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
                return self.headers.get("Authorization") == want

            def backend(self, path, body):
                path, _, query = path.partition("?")
                environment = {"PATH": "/usr/bin:/bin", "GIT_PROJECT_ROOT": str(outer.folder), "GIT_HTTP_EXPORT_ALL": "1",
                               "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command,
                               "CONTENT_TYPE": self.headers.get("Content-Type") or "", "CONTENT_LENGTH": str(len(body)),
                               "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "", "HOME": "/nonexistent",
                               "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
                done = subprocess.run(["/usr/lib/git-core/git-http-backend"], input=body, capture_output=True, env=environment)
                head, _, content = done.stdout.partition(b"\r\n\r\n")
                fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
                self.answer(int(fields.pop("Status", "200").split()[0]), fields, content)

            def answer(self, status, fields, content):
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        return Handler

    def close(self):
        self.hanging.set()
        self.http.shutdown()
        self.http.server_close()
        shutil.rmtree(self.own)


class GitSsh:
    """sshd as this user; who has `key` reads whatever this user can."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.own = pathlib.Path(tempfile.mkdtemp(prefix="charter-sshd-"))
        self.key, self.other_key, host = self.own / "key", self.own / "other", self.own / "host"
        for path in (self.key, self.other_key, host):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path)
        (self.own / "authorized_keys").write_text(pathlib.Path(f"{self.key}.pub").read_text())
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.known_hosts = self.own / "known_hosts"
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {pathlib.Path(f'{host}.pub').read_text()}")
        (self.own / "config").write_text("\n".join((
            f"Port {self.port}", "ListenAddress 127.0.0.1", f"HostKey {host}", "PidFile none", "StrictModes no", "UsePAM no",
            f"AuthorizedKeysFile {self.own}/authorized_keys", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password", "")))
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)  # where a privileged sshd shuts its children in
        self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", self.own / "config"], stderr=subprocess.DEVNULL)
        self.wait()

    def wait(self):
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("sshd does not answer")

    @property
    def url(self):
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{self.folder}"

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.own)


def main():
    kind, folder = sys.argv[1:]
    if kind == "https":
        server = GitHttps(folder)
        told = {"url": server.url, "ca": server.certificate.read_text(), "user": USER, "password": PASSWORD}
    else:
        server = GitSsh(folder)
        told = {"url": server.url, "key": server.key.read_text(), "other_key": server.other_key.read_text(),
                "known_hosts": server.known_hosts.read_text()}
    print(json.dumps(told), flush=True)
    try:
        sys.stdin.buffer.read()
    finally:
        server.close()


if __name__ == "__main__":
    main()
