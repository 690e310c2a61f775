"""Certificates that change under a running server: no watch is dropped, nothing is restarted, bad files change nothing."""

import os
import pathlib
import signal
import ssl
import subprocess
import tempfile
import threading
import unittest

from charter_e2e import Server, eventually

CHECK_S = 20  # the server looks every five seconds


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Authority:
    """A CA of an administrator, who issues certificates with the openssl command."""

    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder)
        self.name = name
        self.certificate = self.folder / f"{name}.crt"
        self.key = self.folder / f"{name}.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate)

    def issue(self, name, subject, extension):
        """(certificate with chain, key)"""
        key, request, leaf = (self.folder / f"{name}.{end}" for end in ("key", "csr", "crt"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(extension + "\n")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
                "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                "-days", "10", "-extfile", extensions, "-out", leaf)
        return leaf.read_text() + self.certificate.read_text(), key.read_text()


class Watch:
    """A `kubectl get -w` that notes the names it is told of."""

    def __init__(self, server):
        self.names = []
        self.process = subprocess.Popen(server.kubectl_line("get", "configmaps", "-w", "-o", "name", "--request-timeout=0"),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.names.append(line.strip().split("/", 1)[1])

    def close(self):
        self.process.kill()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        self.process.wait()


class Certificates(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def shown(self):
        """The certificate of a new handshake."""
        host, port = self.server.listen.rsplit(":", 1)
        return ssl.get_server_certificate((host, int(port))).strip()

    def first_of(self, path):
        text = pathlib.Path(path).read_text()
        return text[:text.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----"

    def watch(self):
        out = Watch(self.server)
        self.addCleanup(out.close)
        self.make("first")
        eventually(lambda: "first" in out.names, "the watch has begun")
        return out

    def make(self, name):
        self.server.kubectl("create", "configmap", name)

    def goes_on(self, watch, name):
        self.make(name)
        eventually(lambda: name in watch.names, f"the watch is told of {name}")
        self.assertIsNone(watch.process.poll())

    def metric(self, line):
        return line in self.server.kubectl("get", "--raw", "/metrics").stdout

    def put(self, pair):
        for path, text in zip((self.folder / "tls.crt", self.folder / "tls.key"), pair):
            new = path.with_suffix(".new")
            new.write_text(text)
            os.replace(new, path)

    def test_given_certificates_are_swapped_under_an_open_watch_and_bad_ones_are_not(self):
        extension = "subjectAltName=IP:127.0.0.1"
        first = Authority(self.folder, "first-ca").issue("one", "/CN=one", extension)
        second = Authority(self.folder, "second-ca").issue("two", "/CN=two", extension)
        self.put(first)
        self.server.flags = ["--tls-cert-file", str(self.folder / "tls.crt"),
                             "--tls-private-key-file", str(self.folder / "tls.key")]
        self.server.start()
        pid = self.server.process.pid
        self.assertTrue(first[0].startswith(self.shown()))
        watch = self.watch()
        self.put((second[0], first[1]))
        eventually(lambda: "the private key does not belong to the certificate" in self.server.log_tail(), "it is told", CHECK_S)
        self.assertTrue(first[0].startswith(self.shown()), "a bad pair changes nothing")
        self.goes_on(watch, "beside-a-bad-pair")
        self.assertTrue(self.metric('charter_certificate_reloads_total{result="refused"} 1'))
        self.put(second)
        eventually(lambda: second[0].startswith(self.shown()), "new handshakes get the new one", CHECK_S)
        self.goes_on(watch, "after-the-swap")
        self.assertTrue(self.metric('charter_certificate_reloads_total{result="applied"} 1'))
        self.assertEqual(self.server.process.pid, pid)
        self.assertIsNone(self.server.process.poll())

    def test_half_a_pair_or_a_missing_file_is_refused_at_start(self):
        for flags, said in ((["--tls-cert-file", "x"], "belong together"),
                            (["--tls-cert-file", "/nowhere.crt", "--tls-private-key-file", "/nowhere.key"], "/nowhere.crt: cannot read"),
                            (["--client-ca-file", "/nowhere.pem"], "/nowhere.pem: cannot read")):
            self.server.flags = flags
            self.server.spawn()
            self.assertEqual(self.server.process.wait(10), 2)
            self.assertIn(said, self.server.log_tail())

    def test_clients_of_another_ca_get_in_when_its_file_says_so(self):
        users = Authority(self.folder, "users-ca")
        certificate, key = users.issue("fred", "/O=dev/CN=fred", "extendedKeyUsage=clientAuth")
        (self.folder / "fred.pem").write_text(certificate)
        (self.folder / "fred.key").write_text(key)
        file = self.folder / "clients.pem"
        file.write_text((self.folder / "users-ca.crt").read_text())
        self.server.flags = ["--client-ca-file", str(file)]
        self.server.start()
        watch = self.watch()

        def who():
            ca = self.folder / "server-ca.pem"
            ca.write_text((self.server.data / "pki/ca.crt").read_text())
            return self.server.kubectl("--kubeconfig", "/dev/null", "--server", f"https://{self.server.listen}",
                                       "--certificate-authority", str(ca), "--client-certificate", str(self.folder / "fred.pem"),
                                       "--client-key", str(self.folder / "fred.key"), "auth", "can-i", "--list", check=False)

        self.assertEqual(who().returncode, 0, who().stderr)
        file.write_text(Authority(self.folder, "others-ca").certificate.read_text())
        self.server.process.send_signal(signal.SIGHUP)
        eventually(lambda: who().returncode != 0, "its CA is not trusted any more", CHECK_S)
        self.goes_on(watch, "after-the-change")

    def test_our_own_ca_is_changed_step_by_step_under_an_open_watch(self):
        self.server.start()
        watch = self.watch()
        before = self.shown()
        old = self.folder / "old.kubeconfig"
        old.write_text((self.server.data / "kubeconfig").read_text())

        def step(name, fact, what):
            done = self.server.charter("ca", name)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.server.process.send_signal(signal.SIGHUP)
            eventually(fact, what, CHECK_S)
            self.assertEqual(self.server.kubectl("get", "--raw", "/readyz").stdout, "ok")

        kubeconfig = self.server.data / "kubeconfig"
        step("prepare", lambda: kubeconfig.read_text() != old.read_text(), "the kubeconfig trusts both")
        self.assertEqual(self.shown(), before)
        prepared = kubeconfig.read_text()
        step("switch", lambda: self.shown() != before, "the new CA signed the server's certificate")
        kept = self.folder / "prepared.kubeconfig"
        kept.write_text(prepared)
        self.assertEqual(self.server.kubectl("--kubeconfig", str(kept), "get", "--raw", "/readyz").stdout, "ok",
                         "who took the kubeconfig in between gets in")
        self.assertNotEqual(self.server.kubectl("--kubeconfig", str(old), "get", "--raw", "/readyz", check=False).returncode, 0)
        step("finish", lambda: (self.server.data / "pki/ca.crt").read_text().count("BEGIN") == 1, "one is left")
        eventually(lambda: self.server.kubectl("--kubeconfig", str(kept), "get", "namespaces", check=False).returncode != 0,
                   "certificates of the old CA are not accepted any more", CHECK_S)
        self.goes_on(watch, "at-the-end")
        self.server.stop()
        self.server.start()
        self.assertEqual(self.server.kubectl("get", "--raw", "/readyz").stdout, "ok")


if __name__ == "__main__":
    unittest.main(verbosity=2)
