"""`charter image import` from an https address, and `charter import ovf`: what is stored, and what never is."""

import hashlib
import http.server
import io
import pathlib
import ssl
import subprocess
import tarfile
import tempfile
import threading
import unittest

import ordering
from charter_e2e import BINARY, ROOT, ServerTest

DISK = bytes(510) + b"\x55\xaa" + bytes((1 << 20) - 512)
SHA256 = hashlib.sha256(DISK).hexdigest()


class Images(http.server.BaseHTTPRequestHandler):
    """One image, by several addresses that behave differently."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/disk.raw")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()  # no length: until the connection ends, which it does not
            try:
                for _ in range(1000):
                    self.wfile.write(bytes(1 << 20))
            except OSError:
                pass  # who has had enough closes
            self.close_connection = True
        elif self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", str(len(DISK)))
            self.end_headers()
            self.wfile.write(DISK[:1000])
            self.close_connection = True
        elif self.path == "/disk.raw":
            self.send_response(200)
            self.send_header("Content-Length", str(len(DISK)))
            self.end_headers()
            self.wfile.write(DISK)
        else:
            self.send_error(404)

    def log_message(self, *_):
        pass


class ImageByUrl(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="charter-images-")
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = pathlib.Path(cls.scratch.name)
        key, cls.certificate = cls.folder / "key.pem", cls.folder / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", str(key), "-out", str(cls.certificate), "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Images)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cls.certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        cls.base = f"https://localhost:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)

    def setUp(self):
        self.data = pathlib.Path(tempfile.mkdtemp(dir=self.folder))

    def run_import(self, url, *flags, ca=True):
        trust = ["--ca-file", str(self.certificate)] if ca else []
        return subprocess.run([BINARY, "image", "import", url, "--data-dir", str(self.data), *trust, *flags],
                              capture_output=True, text=True, check=False, timeout=120)

    def stored(self):
        folder = self.data / "images"
        return sorted(f.name for f in folder.iterdir()) if folder.exists() else []

    def refused(self, said, url, *flags, **more):
        done = self.run_import(url, *flags, **more)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn(said, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.stored(), [], "nothing is left of it")

    def test_what_has_the_stated_digest_is_stored_under_it(self):
        done = self.run_import(f"{self.base}/disk.raw", "--sha256", SHA256)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith(f"sha256:{SHA256}  raw"), done.stdout)
        self.assertEqual(self.stored(), [f"sha256-{SHA256}"])
        self.assertEqual((self.data / f"images/sha256-{SHA256}").read_bytes(), DISK)

    def test_what_has_another_digest_is_not(self):
        self.refused("SHA-256 is " + SHA256, f"{self.base}/disk.raw", "--sha256", "0" * 64)

    def test_without_a_digest_nothing_is_fetched(self):
        self.refused("--sha256", f"{self.base}/disk.raw")

    def test_what_is_larger_than_allowed_is_not_read_to_its_end(self):
        self.refused("more than 1000 bytes", f"{self.base}/disk.raw", "--sha256", SHA256, "--size-max", "1000")
        self.refused("more than 3145728 bytes", f"{self.base}/endless", "--sha256", SHA256, "--size-max", "3MiB")

    def test_what_is_cut_off_or_elsewhere_is_refused(self):
        self.refused("", f"{self.base}/cut", "--sha256", SHA256)
        self.refused("302", f"{self.base}/moved", "--sha256", SHA256)
        self.refused("404", f"{self.base}/nothing", "--sha256", SHA256)

    def test_only_https_of_a_trusted_server_is_spoken(self):
        self.refused("no answer", f"{self.base}/disk.raw", "--sha256", SHA256, ca=False)
        self.refused("https://", f"{self.base.replace('https', 'http')}/disk.raw", "--sha256", SHA256)
        self.refused("https://", "file:///etc/passwd", "--sha256", SHA256)


class OvfImport(ServerTest):
    """A package becomes documents that the server takes as they are."""

    def package(self):
        descriptor = (ROOT / "tests/fuzz/ovf.corpus/one_system").read_bytes()
        manifest = (f"SHA256(web.ovf)= {hashlib.sha256(descriptor).hexdigest()}\n"
                    f"SHA256(disk.img)= {SHA256}\n").encode()
        path = self.server.folder / "web.ova"
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
            for name, data in (("web.ovf", descriptor), ("web.mf", manifest), ("disk.img", DISK)):
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
        return path

    def test_what_it_prints_can_be_applied_and_becomes_ready(self):
        done = self.server.charter("import", "ovf", str(self.package()))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('left out: system "Web Server": device "sound"', done.stderr)
        self.assertIn(f"stored: disk.img as raw, sha256:{SHA256}", done.stderr)
        self.kubectl("create", "namespace", "catalog")
        self.kubectl("apply", "-f", "-", stdin=done.stdout)
        ordering.wait_ready(self.server, "image", "web-d1")
        ordering.wait_ready(self.server, "servicetemplate", "web", "-n", "catalog")
        stored = self.server.charter("image", "list").stdout
        self.assertIn(self.get("image", "web-d1")["spec"]["source"]["sha256"], stored, "its guests can boot")


if __name__ == "__main__":
    unittest.main()
