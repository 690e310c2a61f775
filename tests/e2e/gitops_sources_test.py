"""Which commit a source takes, from whom, after what: dependsOn, suspend, signatures, ranges of versions, credentials."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from charter_e2e import eventually
from git_servers import PASSWORD, USER, GitHttps, GitSsh
from gitops import GitOpsCase, config_map


class Signers:
    """Two people, each with an OpenPGP and an SSH key."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="charter-keys-"))
        self.home = self.folder / "gnupg"
        self.home.mkdir(mode=0o700)
        for name in ("fred", "eve"):
            self.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", self.folder / name)
            self.run("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", f"{name} <{name}@x>", "ed25519", "sign", "never")

    def run(self, *words, **more):
        return subprocess.run(words, check=True, capture_output=True, text=True, env={**os.environ, "GNUPGHOME": str(self.home)}, **more).stdout

    def public_key(self, name, kind):
        return (self.folder / f"{name}.pub").read_text() if kind == "ssh" else self.run("gpg", "--batch", "--armor", "--export", f"{name}@x")

    def commit(self, repository, message, files, name, kind):
        """A commit that this person signs. Its hash."""
        for path, text in files.items():
            (repository.folder / path).write_text(text)
        key = self.folder / name if kind == "ssh" else f"{name}@x"
        form = ["-c", "gpg.format=ssh"] if kind == "ssh" else []
        self.run("git", "add", "-A", cwd=repository.folder)
        self.run("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *form, "-c", f"user.signingkey={key}", "commit", "-q", "-S",
                 "-m", message, cwd=repository.folder)
        return repository.head()

    def close(self):
        self.run("gpgconf", "--kill", "all")
        shutil.rmtree(self.folder)


class OrderTest(GitOpsCase):
    """dependsOn and suspend."""

    def other(self, name, **spec):
        """A second source, of the same repository."""
        mine, self.name = self.name, name
        try:
            self.source(**spec)
        finally:
            self.name = mine
        self.addCleanup(lambda: self.kubectl("delete", "gitsource", name, "--ignore-not-found"))

    def test_it_waits_for_what_it_depends_on_and_then_goes(self):
        base = f"{self.name}-base"
        commit = self.repository.commit("both", {"base/a.yaml": config_map("base", color="x"), "app/a.yaml": config_map("app", color="x")})
        self.source(path="app", dependsOn=[{"name": base}])
        self.assertIn(base, self.blocked("ReferenceNotReady")["message"])
        self.other(base, path="base", suspend=True)
        self.poke()
        self.assertIn(base, self.blocked("ReferenceNotReady")["message"])
        self.assertIsNone(self.value("app"))
        self.kubectl("patch", "gitsource", base, "--type=merge", "-p", '{"spec":{"suspend":false}}')
        self.applied(commit)
        self.assertEqual((self.value("base"), self.value("app")), ("x", "x"))
        # What it depends on does not become Ready again: nothing of a later commit is applied.
        broken = "apiVersion: charter.dev/v1alpha1\nkind: ServiceOffering\nmetadata: {name: broken}\nspec: {publication: Sold}\n"
        self.repository.commit("broken base", {"base/b.yaml": broken, "app/a.yaml": config_map("app", color="y")})
        self.kubectl("annotate", "gitsource", base, "--overwrite", "charter.dev/reconcile-requested-at=now")
        eventually(lambda: self.out("get", "gitsource", base, "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].reason}") == "CommitInvalid",
                   "the base is refused")
        self.poke()
        self.blocked("ReferenceNotReady")
        self.assertEqual(self.value("app"), "x")

    def test_a_circle_is_said_by_each_of_its_members(self):
        second = f"{self.name}-b"
        self.repository.commit("one", {"a.yaml": config_map("circle", color="x")})
        self.other(second, dependsOn=[{"name": self.name}])
        self.source(dependsOn=[{"name": second}])
        way = f"{self.name} -> {second} -> {self.name}"
        self.assertIn(way, self.blocked("InvalidReference")["message"])
        self.assertEqual(self.condition("Stalled")["status"], "True")
        eventually(lambda: f"{second} -> {self.name} -> {second}" in self.out("get", "gitsource", second, "-o",
                                                                                                "jsonpath={.status.conditions[?(@.type=='Ready')].message}"),
                   "the other one says it as well")
        self.assertIsNone(self.value("circle"))
        self.kubectl("patch", "gitsource", second, "--type=json", "-p", '[{"op":"remove","path":"/spec/dependsOn"}]')
        self.applied(self.repository.head())
        self.assertIn("must be another source", self.refused(
            "patch", "gitsource", self.name, "--type=merge", "-p", f'{{"spec":{{"dependsOn":[{{"name":"{self.name}"}}]}}}}'))

    def test_while_it_is_suspended_nothing_happens_and_then_it_goes_on(self):
        first = self.repository.commit("one", {"a.yaml": config_map("asleep", color="one", size="1")})
        self.source(prune=True)
        self.applied(first)
        self.kubectl("patch", "gitsource", self.name, "--type=merge", "-p", '{"spec":{"suspend":true}}')
        self.blocked("Suspended")
        second = self.repository.commit("two", {"b.yaml": config_map("awake", color="two")}, remove=["a.yaml"])
        self.kubectl("patch", "configmap", "asleep", "-n", "team", "--type=merge", "-p", '{"data":{"color":"by hand"}}')
        version = self.get("gitsource", self.name)["metadata"]["resourceVersion"]
        self.poke()
        eventually(lambda: self.get("gitsource", self.name)["metadata"]["resourceVersion"] != version, "it was asked")
        # Another source that is applied after that shows that there was time for it.
        other = f"{self.name}-other"
        self.other(other, path="nowhere-yet")
        eventually(lambda: self.out("get", "gitsource", other, "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].reason}"), "the other one was looked at")
        self.assertEqual((self.value("asleep"), self.value("awake")), ("by hand", None))
        self.assertEqual(self.status()["lastApplied"]["id"], first)
        self.kubectl("patch", "gitsource", self.name, "--type=merge", "-p", '{"spec":{"suspend":false}}')
        self.applied(second)
        self.gone("configmap", "asleep", "-n", "team")


class CommitTest(GitOpsCase):
    """verify, semver and secretRef."""

    def signed(self, kind):
        signers = Signers()
        self.addCleanup(signers.close)
        first = signers.commit(self.repository, "signed by fred", {"a.yaml": config_map(self.name, color="fred")}, "fred", kind)
        keys = self.secret(f"{self.name}-keys", fred=signers.public_key("fred", kind))
        self.source(verify={"secretRef": keys}, interval="1h")
        self.applied(first)
        self.assertEqual(self.status()["lastApplied"]["signer"], "fred")
        for message, commit in (("by nobody", lambda: self.repository.commit("by nobody", {"a.yaml": config_map(self.name, color="nobody")})),
                                ("by eve", lambda: signers.commit(self.repository, "by eve", {"a.yaml": config_map(self.name, color="eve")}, "eve", kind))):
            refused = commit()
            self.poke()
            eventually(lambda: self.status().get("lastAttempted", {}).get("id") == refused, f"the commit {message} was looked at")
            self.blocked("CommitInvalid")
            self.assertEqual(self.value(self.name), "fred", message)
            self.assertEqual(self.status()["lastApplied"]["id"], first)
        # With eve's key beside fred's the same commit counts; the Secret is read anew at each look.
        self.secret(f"{self.name}-keys", fred=signers.public_key("fred", kind), eve=signers.public_key("eve", kind))
        self.kubectl("annotate", "gitsource", self.name, "--overwrite", "charter.dev/reconcile-requested-at=keys")
        self.kubectl("patch", "gitsource", self.name, "--type=merge", "-p", '{"spec":{"interval":"2h"}}')
        self.applied(self.repository.head())
        self.assertEqual((self.value(self.name), self.status()["lastApplied"]["signer"]), ("eve", "eve"))

    def test_signed_with_openpgp(self):
        self.signed("pgp")

    def test_signed_with_ssh(self):
        self.signed("ssh")

    def tagged(self, version):
        commit = self.repository.commit(version, {"a.yaml": config_map(self.name, color=version)})
        self.repository.git("tag", f"v{version}")
        self.poke()
        return commit

    def test_a_range_takes_the_highest_version_in_it_and_no_other(self):
        self.repository.commit("none yet", {"a.yaml": config_map(self.name, color="none")})
        self.repository.git("tag", "v1.1.9")
        self.source(ref={"semver": "^1.2"}, interval="1h")
        self.blocked("FetchFailed")
        for version in ("1.2.0", "1.2.1"):
            self.applied(self.tagged(version))
            self.assertEqual(self.value(self.name), version)
        newest = self.status()["lastApplied"]["id"]
        for version in ("2.0.0", "1.3.0-rc.1", "1.2.1-1"):
            self.tagged(version)
            self.poke()
        # The last one within the range shows that those before it were looked at and left.
        last = self.tagged("1.2.2")
        eventually(lambda: self.status()["lastApplied"]["id"] != newest, "something newer is applied")
        self.applied(last)
        self.assertEqual(self.value(self.name), "1.2.2")
        applied = self.out("get", "events", "-A", "-o", f"jsonpath={{range .items[?(@.involvedObject.name=='{self.name}')]}}{{.message}}{{'\\n'}}{{end}}")
        for version in ("2.0.0", "1.3.0-rc.1", "1.2.1-1"):
            self.assertNotIn(f"({version})", applied)

    def test_credentials_that_do_not_fit_are_said_and_change_nothing(self):
        commit = self.repository.commit("one", {"a.yaml": config_map(self.name, color="x")})
        remote = GitHttps(self.repository.folder.parent)
        self.addCleanup(remote.close)
        self.repository.url = f"{remote.url}/private/{self.repository.folder.name}/.git"
        self.source(secretRef={"namespace": "team", "name": self.name})
        self.assertIn(f"team/{self.name}", self.blocked("ReferenceNotFound")["message"])
        self.secret(pasword=PASSWORD)
        said = self.blocked_within("InvalidCredentials")
        self.assertIn("none of the keys", said["message"])
        self.assertNotIn(PASSWORD, str(said))
        self.secret(username=USER, password=PASSWORD)  # the server's certificate is of no CA that is known
        self.blocked_within("FetchFailed")
        self.secret(username=USER, password=PASSWORD, ca_crt=remote.certificate.read_text())
        self.poke()
        self.applied(commit)

    def blocked_within(self, reason):
        """Without a poke: a Secret that is mended is found by itself."""
        return eventually(lambda: self.ready() if self.ready().get("reason") == reason else None, f"Ready says {reason}", 60)

    def test_a_key_that_the_host_does_not_know_opens_nothing(self):
        commit = self.repository.commit("one", {"a.yaml": config_map(self.name, color="x")})
        remote = GitSsh(self.repository.folder)
        self.addCleanup(remote.close)
        self.repository.url = remote.url
        self.source(secretRef=self.secret(identity=remote.other_key.read_text(), known_hosts=remote.known_hosts.read_text()))
        said = self.blocked("FetchFailed")
        self.assertNotIn("PRIVATE KEY", str(said))
        self.assertIsNone(self.value(self.name))
        self.secret(identity=remote.key.read_text(), known_hosts=remote.known_hosts.read_text())
        self.poke()
        self.applied(commit)


if __name__ == "__main__":
    for program in ("git", "gpg", "ssh-keygen"):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is not installed: run hack/install-deps.sh")
    unittest.main(verbosity=2)
