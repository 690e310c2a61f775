"""`charter plan --git`: what a branch of a real repository would do, over file, https and ssh, as text, JSON and Markdown."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import ordering
from charter_e2e import BINARY, COMMAND_S, ServerTest
from git_servers import PASSWORD, USER, GitHttps, GitSsh
from ordering import MANIFESTS

WHO = {"GIT_AUTHOR_NAME": "Fred", "GIT_AUTHOR_EMAIL": "f@x", "GIT_COMMITTER_NAME": "Fred", "GIT_COMMITTER_EMAIL": "f@x",
       "GIT_CONFIG_GLOBAL": "/dev/null", "PATH": "/usr/bin:/bin"}


class GitPlanTest(ServerTest):
    """One server and one repository; the tests run in order of name."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="charter-git-e2e-"))
        cls.repository = cls.folder / "capacity"
        shutil.copytree(MANIFESTS, cls.repository / "prod")
        # In the worst order: the instance before everything that it needs.
        (cls.repository / "prod" / "80-instance.yaml").rename(cls.repository / "prod" / "00-a-instance.yaml")
        cls.git("init", "-q", "-b", "main")
        cls.commit("everything")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)
        super().tearDownClass()

    @classmethod
    def git(cls, *words):
        return subprocess.run(["git", "-C", str(cls.repository), *words] if words[0] != "init" else
                              ["git", *words, str(cls.repository)],
                              check=True, capture_output=True, text=True, env=WHO).stdout.strip()

    @classmethod
    def commit(cls, message):
        cls.git("add", "-A")
        cls.git("commit", "-q", "-m", message)
        return cls.git("rev-parse", "HEAD")

    def plan(self, *arguments, code, url=None):
        words = [BINARY, "plan", "--kubeconfig", str(self.server.data / "kubeconfig"), "--git", url or f"file://{self.repository}"]
        done = subprocess.run([*words, *arguments], capture_output=True, text=True, timeout=COMMAND_S, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code != 1 else done.stdout + done.stderr

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    def test_1_a_commit_is_planned_in_whatever_order_its_files_stand(self):
        text = self.plan("--path", "prod", code=2)
        self.assertIn(f"Commit {self.git('rev-parse', 'HEAD')} of file://", text)
        self.assertIn("everything (Fred)", text)
        self.assertIn("+ created           Contract consumerco/orders", text)
        self.assertIn("Contract consumerco/orders: none -> 1198.20 USD (an offer, to be accepted)", text)
        self.assertIn("0 refused", text)

    def test_2_what_runs_is_no_change_and_a_branch_shows_its_own(self):
        self.kubectl("apply", "-f", MANIFESTS)
        ordering.accept(self.server)
        ordering.wait_everything_ready(self.server)
        self.assertIn("Plan: 0 created, 0 changed", self.plan("--path", "prod", "--ref", "main", code=0))
        self.git("checkout", "-q", "-b", "smaller")
        instance = self.repository / "prod" / "00-a-instance.yaml"
        instance.write_text(instance.read_text().replace("replicas: 3", "replicas: 1"))
        commit = self.commit("Fewer machines `at night` | for @everyone")
        told = json.loads(self.plan("--path", "prod", "--ref", "smaller", "-o", "json", code=2))
        self.assertEqual(told["origin"]["commit"], commit)
        changed = [row for row in told["objects"] if row["kind"] == "ServiceInstance"]
        self.assertEqual(changed[0]["fields"][0], {"path": "spec.replicas", "from": "3", "to": "1"})
        self.assertEqual(told, json.loads(self.plan("--path", "prod", "--ref", commit, "-o", "json", code=2)) |
                         {"origin": told["origin"]})
        self.plan("--path", "prod", "--ref", "refs/heads/main", code=0)

    def test_3_markdown_is_a_comment_that_mentions_nobody(self):
        text = self.plan("--path", "prod", "--ref", "smaller", "-o", "markdown", code=2)
        self.assertTrue(text.startswith("### Charter plan: 3 changed in place\n"), text)
        self.assertIn("| `~` | changed in place | `ServiceInstance consumerco/order-mgmt` | `spec.replicas`: `3` → `1` |", text)
        self.assertIn("`Fewer machines 'at night' \\| for @everyone` by `Fred`", text)
        self.assertIn("Nothing was changed on the server.", text)

    def test_4_a_broken_branch_says_which_file_and_fails(self):
        self.git("checkout", "-q", "-B", "broken", "main")
        contract = self.repository / "prod" / "70-contract.yaml"
        contract.write_text(contract.read_text().replace("compute: 3", "compute: 6"))
        self.commit("too much")
        text = self.plan("--path", "prod", "--ref", "broken", "-o", "markdown", code=1)
        self.assertIn("1 refused", text)
        self.assertIn("`70-contract.yaml`", text)
        self.assertIn("compute: limit 5, used 3, asked 6", text)
        (self.repository / "prod" / "kustomization.yaml").write_text("resources: [70-contract.yaml]\nnamePrefix: x-\n")
        self.commit("kustomized")
        self.assertIn("kustomization.yaml: namePrefix: this feature of Kustomize is not built",
                      self.plan("--path", "prod", "--ref", "broken", code=1))
        self.assertIn("there is no such directory", self.plan("--path", "none", "--ref", "main", code=1))
        self.assertIn("there is no branch none", self.plan("--ref", "none", code=1))

    def test_5_https_with_a_token(self):
        server = GitHttps(self.folder)
        try:
            ca, token = self.file("ca", server.certificate.read_text()), self.file("token", PASSWORD + "\n")
            wrong = self.file("wrong", "secret-that-is-wrong")
            url = f"{server.url}/private/capacity"
            more = ("--path", "prod", "--ref", "smaller", "--git-ca-file", ca, "--git-username", USER)
            self.plan(*more, "--git-token-file", token, url=url, code=2)
            said = self.plan(*more, "--git-token-file", wrong, url=url, code=1)
            self.assertIn("the credentials are refused", said)
            self.assertNotIn("secret-that-is-wrong", said)
            self.assertIn("asks for credentials", self.plan(*more, url=url, code=1))
            self.assertIn("the certificate is not trusted",
                          self.plan("--git-username", USER, "--git-token-file", token, url=url, code=1))
        finally:
            server.close()
        self.assertIn("nothing answers there", self.plan("--git-ca-file", ca, url=url, code=1))

    def test_6_ssh_with_a_key_and_known_hosts(self):
        server = GitSsh(self.folder)
        try:
            url = f"{server.url}/capacity"
            hosts = ("--git-known-hosts", str(server.known_hosts))
            more = ("--path", "prod", "--ref", "smaller")
            self.plan(*more, "--git-ssh-key", str(server.key), *hosts, url=url, code=2)
            self.assertIn("the private key is refused",
                          self.plan(*more, "--git-ssh-key", str(server.other_key), *hosts, url=url, code=1))
            self.assertIn("ssh needs known_hosts", self.plan(*more, "--git-ssh-key", str(server.key), url=url, code=1))
        finally:
            server.close()

    def test_7_options_that_do_not_fit_are_refused(self):
        self.assertIn("--ref: is for --git", self.wrong("-f", MANIFESTS, "--ref", "main"))
        self.assertIn("either -f FILE or --git URL", self.wrong("-f", MANIFESTS, "--git", "https://example.org/r"))
        self.assertIn("either -f FILE or --git URL", self.wrong())
        self.assertIn("expected text, json or markdown", self.wrong("-f", MANIFESTS, "-o", "html"))
        self.assertIn("has a user in it", self.wrong("--git", "https://fred:secret@example.org/r"))
        self.assertIn("cannot read this file", self.wrong("--git", "https://example.org/r", "--git-token-file", "/nonexistent"))

    def test_8_what_a_branch_no_longer_has_is_told_by_what_its_source_would_do(self):
        def config_map(name):
            return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: consumerco}}\n"

        self.git("checkout", "-q", "main")
        (self.repository / "maps").mkdir()
        for name in ("kept", "left"):
            (self.repository / "maps" / f"{name}.yaml").write_text(config_map(name))
        self.commit("two maps")
        self.kubectl("create", "serviceaccount", "deployer", "-n", "consumerco")
        self.kubectl("create", "clusterrolebinding", "deployer", "--clusterrole=cluster-admin", "--serviceaccount=consumerco:deployer")
        self.apply({"apiVersion": "charter.dev/v1alpha1", "kind": "GitSource", "metadata": {"name": "maps"},
                    "spec": {"url": f"file://{self.repository}", "path": "maps", "ref": {"branch": "main"}, "prune": True,
                             "serviceAccount": {"namespace": "consumerco", "name": "deployer"}}})
        ordering.wait_ready(self.server, "gitsource", "maps")
        self.plan("--path", "maps", "--ref", "main", code=0)
        self.git("checkout", "-q", "-b", "fewer")
        (self.repository / "maps" / "left.yaml").unlink()
        self.commit("one map less")
        text = self.plan("--path", "maps/", "--ref", "fewer", code=2)
        self.assertIn("No longer in the repository:\n  ConfigMap consumerco/left: would be pruned (GitSource maps)\n", text)
        self.assertIn("1 pruned, 0 refused", text)
        told = json.loads(self.plan("--path", "maps", "--ref", "fewer", "-o", "json", code=2))
        self.assertEqual(told["departures"], [{"kind": "ConfigMap", "namespace": "consumerco", "name": "left", "source": "maps",
                                               "fate": "Pruned", "why": ""}])
        self.assertIn("| `ConfigMap consumerco/left` | `would be pruned` | `maps` |",
                      self.plan("--path", "maps", "--ref", "fewer", "-o", "markdown", code=2))
        self.assertEqual(self.names("configmaps", "left", "-n", "consumerco"), ["left"])
        ordering.set_fields(self.server, "gitsource", "maps", prune=False)
        self.assertIn("ConfigMap consumerco/left: stays: prune is off (GitSource maps)", self.plan("--path", "maps", "--ref", "fewer", code=0))

    def wrong(self, *arguments):
        done = subprocess.run([BINARY, "plan", *arguments], capture_output=True, text=True, timeout=COMMAND_S, check=False,
                              env={**os.environ, "KUBECONFIG": str(self.server.data / "kubeconfig")})
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertNotIn("secret@", done.stderr)
        return done.stderr


if __name__ == "__main__":
    unittest.main(verbosity=2)
