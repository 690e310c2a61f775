"""kubectl with ID tokens of an OpenID Connect provider: its keys change, it is out of reach, it comes back."""

import base64
import http.server
import json
import ssl
import subprocess
import threading
import time
import unittest

from charter_e2e import Server, ServerTest, eventually

CLIENT = "charter-cli"
# The server looks for keys at most once in this time, whatever tokens say.
FETCH_PAUSE_S = 10


def openssl(*arguments, stdin=None):
    return subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, check=True).stdout


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider:
    """An identity provider on loopback: https, a configuration, a key set."""

    def __init__(self, folder):
        self.folder = folder
        self.certificate = folder / "provider.pem"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
                "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(folder / "provider.key"), "-out", str(self.certificate))
        self.asked = 0
        self.serial = 0
        self.rotate()
        self.port = 0
        self.open()

    def open(self):
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                provider.asked += 1
                document = provider.documents().get(self.path)
                self.send_response(200 if document else 404)
                body = json.dumps(document or {}).encode()
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        http.server.ThreadingHTTPServer.allow_reuse_address = True
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self.http.server_address[1]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.folder / "provider.key")
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}/realm"

    def rotate(self):
        self.serial += 1
        self.key = self.folder / f"sign-{self.serial}.pem"
        openssl("genrsa", "-out", str(self.key), "2048")

    def documents(self):
        modulus = openssl("rsa", "-in", str(self.key), "-noout", "-modulus").decode().strip().split("=")[1]
        keys = [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": f"key-{self.serial}", "e": "AQAB",
                 "n": base64url(bytes.fromhex(modulus))}]
        return {"/realm/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
                "/realm/keys": {"keys": keys}}

    def token(self, user, groups=(), lifetime=3600, **more):
        claims = {"iss": self.url, "aud": [CLIENT], "sub": "0815", "email": user, "groups": list(groups),
                  "exp": int(time.time()) + lifetime, **more}
        header = {"alg": "RS256", "kid": f"key-{self.serial}"}
        text = base64url(json.dumps(header).encode()) + "." + base64url(json.dumps(claims).encode())
        return text + "." + base64url(openssl("dgst", "-sha256", "-sign", str(self.key), stdin=text.encode()))


class OidcTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        cls.provider = Provider(cls.server.folder)
        cls.addClassCleanup(cls.provider.close)
        cls.server.flags = ["--oidc-issuer-url", cls.provider.url, "--oidc-client-id", CLIENT,
                            "--oidc-username-claim", "email", "--oidc-groups-claim", "groups", "--oidc-groups-prefix", "corp:",
                            "--oidc-ca-file", str(cls.provider.certificate)]
        cls.server.start()
        cls.server.kubectl("create", "clusterrolebinding", "readers", "--clusterrole=view", "--group=corp:readers")

    def as_token(self, token, *arguments, code=0):
        return self.server.kubectl_with_token(token, *arguments, code=code)

    def test_a_user_has_the_rights_of_his_groups(self):
        token = self.provider.token("alice@corp.example", ["readers"])
        who = json.loads(self.as_token(token, "auth", "whoami", "-o", "json").stdout)["status"]["userInfo"]
        self.assertEqual(who["username"], "alice@corp.example")
        self.assertEqual(sorted(who["groups"]), ["corp:readers", "system:authenticated"])
        self.as_token(token, "get", "configmaps", "-n", "default")
        refused = self.as_token(token, "create", "configmap", "x", code=1).stderr
        self.assertIn('User "alice@corp.example" cannot create resource "configmaps"', refused)

    def test_bad_tokens_are_nobody(self):
        bad = {"expired": self.provider.token("a@b", lifetime=-1),
               "another client": self.provider.token("a@b", aud="other"),
               "a system's name": self.provider.token("system:admin"),
               "not verified": self.provider.token("a@b", email_verified=False)}
        for why, token in bad.items():
            with self.subTest(why):
                said = self.as_token(token, "get", "namespaces", code=1).stderr
                self.assertIn("Unauthorized", said)
                self.assertNotIn(token, self.server.log.read_text())

    def test_keys_change_while_the_server_runs(self):
        old = self.provider.token("bob@corp.example", ["readers"])
        self.as_token(old, "get", "configmaps")
        time.sleep(FETCH_PAUSE_S)
        self.provider.rotate()
        # The first request with the new key waits for it instead of being refused.
        self.as_token(self.provider.token("bob@corp.example", ["readers"]), "get", "configmaps")
        self.assertIn("Unauthorized", self.as_token(old, "get", "configmaps", code=1).stderr)

    def test_z_a_provider_out_of_reach_is_told_and_changes_nothing(self):
        token = self.provider.token("carol@corp.example", ["readers"])
        eventually(lambda: self.server.kubectl_with_token(token, "get", "configmaps", check=False).returncode == 0,
                   "the keys are known", 2 * FETCH_PAUSE_S)
        self.provider.close()
        self.as_token(token, "get", "configmaps")
        self.server.stop()
        self.server.start()
        self.assertIn("Unauthorized", self.as_token(token, "get", "configmaps", code=1).stderr)
        self.kubectl("get", "configmaps")
        self.assertIn("cannot fetch keys", self.server.log.read_text())
        self.provider.open()
        eventually(lambda: self.server.kubectl_with_token(token, "get", "configmaps", check=False).returncode == 0,
                   "the provider is found again", 3 * FETCH_PAUSE_S)

    def test_flags_are_checked_before_the_start(self):
        for flags, said in ((["--oidc-issuer-url", "http://x", "--oidc-client-id", "c"], "--oidc-issuer-url"),
                            (["--oidc-issuer-url", "https://x"], "--oidc-client-id"),
                            (["--oidc-client-id", "c"], "--oidc-issuer-url"),
                            (["--oidc-groups-claim", "groups"], "--oidc-groups-claim"),
                            (["--service-account-issuer", "x"], "--service-account-issuer")):
            with self.subTest(flags):
                done = self.server.charter("serve", *flags)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(said, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
