"""kubectl with ID tokens of an OpenID Connect provider: its keys change, it is out of reach, it comes back."""

import base64
import json
import time
import unittest

from charter_e2e import Server, ServerTest, eventually
from https_server import HttpsServer, openssl

CLIENT = "charter-cli"
# The server looks for keys at most once in this time, whatever tokens say.
FETCH_PAUSE_S = 10


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider(HttpsServer):
    """An identity provider on loopback: https, a configuration, a key set."""

    def __init__(self, folder):
        self.folder = folder
        self.asked = 0
        self.serial = 0
        self.rotate()
        super().__init__(folder, "provider", self.document_at)

    def document_at(self, method, path, document):
        self.asked += 1
        found = self.documents().get(path)
        return (200, found) if found else (404, {})

    @property
    def issuer(self):
        return f"{self.url}/realm"

    def rotate(self):
        self.serial += 1
        self.signing_key = self.folder / f"sign-{self.serial}.pem"
        openssl("genrsa", "-out", str(self.signing_key), "2048")

    def documents(self):
        modulus = openssl("rsa", "-in", str(self.signing_key), "-noout", "-modulus").decode().strip().split("=")[1]
        keys = [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": f"key-{self.serial}", "e": "AQAB",
                 "n": base64url(bytes.fromhex(modulus))}]
        return {"/realm/.well-known/openid-configuration": {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"},
                "/realm/keys": {"keys": keys}}

    def token(self, user, groups=(), lifetime=3600, **more):
        claims = {"iss": self.issuer, "aud": [CLIENT], "sub": "0815", "email": user, "groups": list(groups),
                  "exp": int(time.time()) + lifetime, **more}
        header = {"alg": "RS256", "kid": f"key-{self.serial}"}
        text = base64url(json.dumps(header).encode()) + "." + base64url(json.dumps(claims).encode())
        return text + "." + base64url(openssl("dgst", "-sha256", "-sign", str(self.signing_key), stdin=text.encode()))


class OidcTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        cls.provider = Provider(cls.server.folder)
        cls.addClassCleanup(cls.provider.close)
        cls.server.flags = ["--oidc-issuer-url", cls.provider.issuer, "--oidc-client-id", CLIENT,
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
