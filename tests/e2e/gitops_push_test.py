"""A push acts at once: signed as GitHub, GitLab, Gitea and Forgejo sign, and nothing is learnt or done by who cannot."""

import base64
import hashlib
import hmac
import http.client
import json
import shutil
import ssl
import unittest

from charter_e2e import ROOT, eventually
from git_servers import GitHttps
from gitops import GitOpsCase, config_map

TOKEN = "It's a Secret to Everybody"
KEY = b"0123456789abcdef0123456789abcdef"
SIGNING_TOKEN = "whsec_" + base64.b64encode(KEY).decode()


def digest(body, key=TOKEN.encode()):
    return hmac.new(key, body, hashlib.sha256)


class PushTest(GitOpsCase):
    """Sources that are looked at once an hour, and when somebody pushed."""

    def receive(self, sender, token=TOKEN):
        self.source(interval="1h", ref={"branch": "main"}, receiver={"type": sender, "secretRef": self.secret(token=token)})

    def post(self, headers, body, name=None, method="POST"):
        """Status and text of the answer of a host's call, without any identity of Kubernetes."""
        config = self.kubectl("config", "view", "--raw", "-o", "jsonpath={.clusters[0].cluster.certificate-authority-data}").stdout
        context = ssl.create_default_context(cadata=base64.b64decode(config).decode())
        host, port = self.server.listen.rsplit(":", 1)
        connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=30)
        try:
            connection.request(method, f"/receivers/gitsources/{name or self.name}", body, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def payload(self, ref="refs/heads/main"):
        # What a host says of itself is not believed.
        return json.dumps({"ref": ref, "after": self.repository.head(), "repository": {"clone_url": "https://elsewhere.invalid/x.git"}}).encode()

    @staticmethod
    def github(body, event="push", key=TOKEN.encode()):
        return {"X-GitHub-Event": event, "X-Hub-Signature-256": "sha256=" + digest(body, key).hexdigest()}

    def pushed(self, color, headers_of):
        """Commits another colour, tells of it, and waits for it to be applied."""
        commit = self.repository.commit(color, {"a.yaml": config_map(self.name, color=color)})
        body = self.payload()
        status, text = self.post(headers_of(body), body)
        self.assertEqual((status, text), (200, "the repository is looked at now\n"))
        self.applied(commit)
        self.assertEqual(self.value(self.name), color)

    def begin(self, sender, token=TOKEN):
        commit = self.repository.commit("first", {"a.yaml": config_map(self.name, color="first")})
        self.receive(sender, token)
        self.applied(commit)
        self.assertEqual(self.status()["receiver"]["path"], f"/receivers/gitsources/{self.name}")
        self.assertEqual(self.condition("ReceiverReady")["status"], "True")

    def test_github(self):
        self.begin("GitHub")
        body = self.payload()
        self.assertEqual(self.post(self.github(body, "ping"), body), (200, "this event is no push: nothing to do\n"))
        self.pushed("second", self.github)
        self.pushed("third", self.github)

    def test_gitlab(self):
        self.begin("GitLab")
        self.pushed("second", lambda body: {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": TOKEN})

    def test_gitlab_with_a_signing_token(self):
        self.begin("GitLab", SIGNING_TOKEN)

        def signed(body):
            code = digest(b"f5e5f430.1700000000." + body, KEY).digest()
            return {"X-Gitlab-Event": "Push Hook", "webhook-id": "f5e5f430", "webhook-timestamp": "1700000000",
                    "webhook-signature": "v1," + base64.b64encode(code).decode()}

        self.pushed("second", signed)
        body = self.payload()
        self.assertEqual(self.post({"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": SIGNING_TOKEN}, body)[0], 401)

    def test_gitea_and_forgejo(self):
        self.begin("Gitea")
        self.pushed("second", lambda body: {**self.github(body), "X-Gitea-Event": "push", "X-Gitea-Signature": digest(body).hexdigest()})
        self.pushed("third", lambda body: {"X-GitHub-Event": "push", "X-Forgejo-Event": "push", "X-Forgejo-Signature": digest(body).hexdigest()})

    def test_who_cannot_sign_does_nothing_and_learns_nothing(self):
        remote = GitHttps(self.repository.folder.parent)
        self.addCleanup(remote.close)
        commit = self.repository.commit("first", {"a.yaml": config_map(self.name, color="first")})
        self.repository.url = f"{remote.url}/{self.repository.folder.name}/.git"
        secret = self.secret(token=TOKEN, ca_crt=remote.certificate.read_text())
        self.source(interval="1h", secretRef=secret, receiver={"type": "GitHub", "secretRef": secret})
        self.applied(commit)
        self.repository.commit("second", {"a.yaml": config_map(self.name, color="second")})
        asked = len(remote.requests)
        body = self.payload()
        wrong = self.post(self.github(body, key=b"another key of length"), body)
        self.assertEqual(wrong[0], 401)
        self.assertEqual(self.post(self.github(body), body, name="absent"), wrong)
        self.assertEqual(self.post({"X-GitHub-Event": "push"}, body), wrong)
        self.assertEqual(self.post(self.github(body), body + b" "), wrong)
        self.kubectl("patch", "gitsource", self.name, "--type=merge", "-p", '{"spec":{"suspend":true}}')
        self.assertEqual(self.post(self.github(body), body), wrong)
        eventually(lambda: self.condition("ReceiverReady").get("reason") == "Suspended", "it says that pushes are refused")
        self.assertEqual(self.value(self.name), "first")
        self.assertEqual(len(remote.requests), asked, "nobody was asked for anything")
        self.kubectl("patch", "gitsource", self.name, "--type=merge", "-p", '{"spec":{"suspend":false}}')
        eventually(lambda: self.value(self.name) == "second", "it goes on")
        log = self.server.log.read_text()
        for secret in (TOKEN, digest(body).hexdigest(), "elsewhere.invalid"):
            self.assertNotIn(secret, log)

    def test_what_is_not_followed_or_cannot_be_read_has_no_effect_and_says_so(self):
        self.begin("GitHub")
        body = self.payload("refs/heads/other")
        self.assertEqual(self.post(self.github(body), body), (200, "the source does not follow this reference: nothing to do\n"))
        form = b"payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%7D"
        status, text = self.post({**self.github(form), "Content-Type": "application/x-www-form-urlencoded"}, form)
        self.assertEqual(status, 415)
        self.assertIn("application/json", text)
        self.assertEqual(self.post(self.github(b"{"), b"{")[0], 400)
        self.assertEqual(self.post(self.github(b"{}"), b"{}")[0], 400)
        large = b" " * (1024 * 1024 + 1)
        self.assertEqual(self.post(self.github(large), large)[0], 413)
        self.assertEqual(self.post({"X-Hub-Signature-256": "0" * 40000}, body)[0], 431)
        self.assertEqual(self.post(self.github(body), body, method="PUT")[0], 405)

    def test_a_token_that_can_be_guessed_is_said_and_refused(self):
        self.repository.commit("first", {"a.yaml": config_map(self.name, color="first")})
        self.receive("GitHub", "too short")
        said = eventually(lambda: self.condition("ReceiverReady"), "the receiver is judged")
        self.assertEqual((said["status"], said["reason"]), ("False", "InvalidCredentials"))
        self.assertIn("at least 16", said["message"])
        self.assertNotIn("too short", said["message"])
        body = self.payload()
        self.assertEqual(self.post(self.github(body, key=b"too short"), body)[0], 401)

    def test_metrics_count_pushes_and_forget_sources(self):
        self.begin("GitHub")
        body = self.payload()
        self.post(self.github(body), body)
        self.post({}, body)
        series = (f'charter_gitsource_ready{{name="{self.name}"}} 1', f'charter_gitsource_objects{{name="{self.name}"}} 1',
                  f'charter_gitsource_last_applied_timestamp_seconds{{name="{self.name}"}}',
                  'charter_gitsource_pushes_total{outcome="accepted"}', 'charter_gitsource_pushes_total{outcome="refused"}',
                  'charter_gitsource_fetch_duration_seconds_count{result="success"}')
        eventually(lambda: all(one in self.kubectl("get", "--raw", "/metrics").stdout for one in series), f"there are {series}")
        self.kubectl("delete", "gitsource", self.name)
        eventually(lambda: f'name="{self.name}"' not in self.kubectl("get", "--raw", "/metrics").stdout, "its series are gone")

    def test_a_receiver_that_reads_wrong_is_refused_where_it_stands(self):
        said = self.refused("apply", "-f", "-", stdin={
            "apiVersion": "charter.dev/v1alpha1", "kind": "GitSource", "metadata": {"name": "bad"},
            "spec": {"url": "https://host/repo", "serviceAccount": {"namespace": "team", "name": "deployer"},
                     "receiver": {"type": "Bitbucket", "secretRef": {"name": "x"}}}})
        self.assertIn("spec.receiver.type", said)
        self.assertIn("spec.receiver.secretRef.namespace", said)
        self.assertIn("status.receiver.path", self.out("explain", "gitsource.spec.receiver"))
        self.out("apply", "--dry-run=server", "-f", str(ROOT / "manifests/gitops/git-source.yaml"))


if __name__ == "__main__":
    if shutil.which("git") is None:
        raise SystemExit("git is not installed: run hack/install-deps.sh")
    unittest.main(verbosity=2)
