"""Capacity declared in a Git repository: what is committed runs, what is reverted is reverted, and nothing is taken away by mistake."""

import shutil
import unittest

from charter_e2e import ROOT, eventually
from git_servers import PASSWORD, USER, GitHttps, GitSsh
from gitops import NS, GitOpsCase, config_map

QUICKSTART = ROOT / "manifests/quickstart"


class GitOpsTest(GitOpsCase):
    """What a source applies, reverts, refuses and takes away."""

    def test_what_is_committed_is_applied_and_what_is_reverted_is_reverted(self):
        first = self.repository.commit("blue", {"a.yaml": config_map("paint", color="blue")})
        self.source(prune=True)
        self.applied(first)
        self.assertEqual(self.value("paint"), "blue")
        self.assertEqual(self.status()["lastApplied"]["author"], "Ada")
        self.assertEqual(self.status()["lastApplied"]["message"], "blue")
        second = self.repository.commit("green, and a second one", {"a.yaml": config_map("paint", color="green"),
                                                                    "b/c.yaml": config_map("brush", color="grey")})
        self.poke()
        self.applied(second)
        self.assertEqual(self.value("paint"), "green")
        self.repository.git("revert", "--no-edit", "HEAD")
        self.poke()
        self.applied(self.repository.head())
        self.assertEqual(self.value("paint"), "blue")
        self.gone("configmap", "brush", "-n", NS)
        # The history is written anew, and what is pushed by force is followed.
        self.repository.git("reset", "-q", "--hard", first)
        third = self.repository.commit("red", {"a.yaml": config_map("paint", color="red")})
        self.poke()
        self.applied(third)
        self.assertEqual(self.value("paint"), "red")

    def test_a_tag_that_is_moved_is_followed(self):
        first = self.repository.commit("one", {"a.yaml": config_map("tagged", color="one")})
        self.repository.git("tag", "-a", "-m", "stable", "stable")
        self.source(ref={"tag": "stable"})
        self.applied(first)
        second = self.repository.commit("two", {"a.yaml": config_map("tagged", color="two")})
        self.repository.git("tag", "-f", "stable")
        self.poke()
        self.applied(second)
        self.assertEqual(self.value("tagged"), "two")

    def test_of_a_commit_that_is_half_wrong_nothing_is_applied(self):
        first = self.repository.commit("good", {"a.yaml": config_map("whole", color="good")})
        self.source()
        self.applied(first)
        offering = "apiVersion: charter.dev/v1alpha1\nkind: ServiceOffering\nmetadata: {name: broken}\nspec: {publication: Sold}\n"
        second = self.repository.commit("half wrong", {"a.yaml": config_map("whole", color="bad"), "b.yaml": offering})
        self.poke()
        said = self.blocked("CommitInvalid")
        self.assertIn("b.yaml", said["message"])
        self.assertIn("spec.publication", said["message"])
        self.assertEqual(self.value("whole"), "good")
        self.assertEqual(self.status()["lastAttempted"]["id"], second)
        self.assertEqual(self.status()["lastApplied"]["id"], first)
        third = self.repository.commit("mended", remove=["b.yaml"])
        self.poke()
        self.applied(third)
        self.assertEqual(self.value("whole"), "bad")

    def test_a_change_by_hand_is_reverted_and_fields_of_others_are_left(self):
        self.source()
        commit = self.repository.commit("mine", {"a.yaml": config_map("owned", color="mine")})
        self.poke()
        self.applied(commit)
        self.kubectl("patch", "configmap", "owned", "-n", NS, "--type=merge", "-p", '{"data":{"theirs":"kept"}}')
        self.kubectl("patch", "configmap", "owned", "-n", NS, "--type=merge", "-p", '{"data":{"color":"theirs"}}')
        eventually(lambda: self.value("owned") == "mine", "the colour is as committed")
        self.assertEqual(self.value("owned", "theirs"), "kept")
        self.kubectl("delete", "configmap", "owned", "-n", NS)
        eventually(lambda: self.value("owned") == "mine", "what was deleted is back")

    def test_drift_is_only_said_where_that_is_asked_for(self):
        commit = self.repository.commit("mine", {"a.yaml": config_map("watched", color="mine")})
        self.source(driftPolicy="Report")
        self.applied(commit)
        self.kubectl("patch", "configmap", "watched", "-n", NS, "--type=merge", "-p", '{"data":{"color":"theirs"}}')
        eventually(lambda: "ConfigMap team/watched" in self.out("get", "gitsource", self.name, "-o",
                                                                "jsonpath={.status.conditions[?(@.type=='DriftDetected')].message}"),
                   "the drift is reported")
        self.assertEqual(self.value("watched"), "theirs")
        self.assertEqual(self.ready()["status"], "True")

    def test_fields_that_somebody_had_before_are_taken_by_force_only(self):
        self.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "others", "namespace": NS}, "data": {"color": "old"}},
                   flags=("--server-side", "--field-manager=other"))
        commit = self.repository.commit("new", {"a.yaml": config_map("others", color="new")})
        self.source()
        self.assertIn("conflict", self.blocked("CommitInvalid")["message"])
        self.assertEqual(self.value("others"), "old")
        self.source(force=True)
        self.applied(commit)
        self.assertEqual(self.value("others"), "new")

    def test_a_service_account_that_is_gone_applies_nothing_any_more(self):
        account = f"{self.name}-sa"[:40]
        self.kubectl("create", "serviceaccount", account, "-n", NS)
        self.kubectl("create", "clusterrolebinding", account, "--clusterrole=cluster-admin", f"--serviceaccount={NS}:{account}")
        first = self.repository.commit("one", {"a.yaml": config_map("revoked", color="one")})
        self.source(serviceAccount={"namespace": NS, "name": account})
        self.applied(first)
        self.kubectl("delete", "serviceaccount", account, "-n", NS)
        self.repository.commit("two", {"a.yaml": config_map("revoked", color="two")})
        self.poke()
        self.assertIn(account, self.blocked("ReferenceNotFound")["message"])
        self.assertEqual(self.value("revoked"), "one")

    def test_an_emptied_directory_prunes_nothing_until_somebody_says_so(self):
        first = self.repository.commit("all", {"apps/a.yaml": config_map("kept", color="x"), "README": "text"})
        self.source(path="apps", prune=True)
        self.applied(first)
        self.repository.commit("gone", remove=["apps/a.yaml"])
        self.poke()
        self.blocked("CommitInvalid")  # the path is gone with its last file
        self.repository.commit("empty", {"apps/notes.txt": "no manifest"})
        self.poke()
        said = self.blocked("EmptySource")
        self.assertEqual(self.value("kept"), "x")
        self.kubectl("annotate", "gitsource", self.name, f"charter.dev/confirm-prune={self.repository.head()}")
        self.gone("configmap", "kept", "-n", NS)
        self.assertIn("confirm-prune", said["message"])

    def test_what_was_there_before_is_adopted_and_never_pruned(self):
        self.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "elder", "namespace": NS}})
        first = self.repository.commit("both", {"a.yaml": config_map("elder", color="new"), "b.yaml": config_map("younger", color="new")})
        self.source(prune=True)
        self.applied(first)
        second = self.repository.commit("neither", {"c.yaml": config_map("third", color="new")}, remove=["a.yaml", "b.yaml"])
        self.poke()
        self.applied(second)
        self.gone("configmap", "younger", "-n", NS)
        self.assertEqual(self.value("elder"), "new")

    def test_rights_of_the_service_account_hold(self):
        account = f"{self.name}-sa"
        self.kubectl("create", "serviceaccount", account, "-n", NS)
        commit = self.repository.commit("one", {"a.yaml": config_map("mayor", color="x")})
        self.source(serviceAccount={"namespace": NS, "name": account})
        said = self.blocked("CommitInvalid")
        self.assertIn(f"system:serviceaccount:{NS}:{account}", said["message"])
        self.assertIsNone(self.value("mayor"))
        self.kubectl("create", "role", account, "-n", NS, "--verb=create,patch", "--resource=configmaps")
        self.kubectl("create", "rolebinding", account, "-n", NS, f"--role={account}", f"--serviceaccount={NS}:{account}")
        self.poke()
        self.applied(commit)

    def test_a_repository_that_is_away_for_a_while_deletes_nothing(self):
        first = self.repository.commit("one", {"a.yaml": config_map("steady", color="x")})
        self.source(prune=True)
        self.applied(first)
        away = self.repository.folder.with_name("away")
        self.repository.folder.rename(away)
        self.kubectl("annotate", "gitsource", self.name, "--overwrite", "charter.dev/reconcile-requested-at=away")
        self.blocked("FetchFailed")
        self.assertEqual(self.value("steady"), "x")
        away.rename(self.repository.folder)
        self.poke()
        self.applied(first)

    def test_over_https_with_the_password_of_a_secret_only(self):
        commit = self.repository.commit("one", {"a.yaml": config_map("by-https", color="x")})
        remote = GitHttps(self.repository.folder.parent)
        self.addCleanup(remote.close)
        self.repository.url = f"{remote.url}/private/{self.repository.folder.name}/.git"
        self.source(secretRef=self.secret(username=USER, password="guess", ca_crt=remote.certificate.read_text()))
        said = self.blocked("FetchFailed")
        self.assertNotIn("guess", str(said))
        self.secret(username=USER, password=PASSWORD, ca_crt=remote.certificate.read_text())
        self.poke()
        self.applied(commit)
        self.assertEqual(self.value("by-https"), "x")

    def test_over_ssh_from_a_known_host_only(self):
        commit = self.repository.commit("one", {"a.yaml": config_map("by-ssh", color="x")})
        remote = GitSsh(self.repository.folder)
        self.addCleanup(remote.close)
        self.repository.url = remote.url
        self.source(secretRef=self.secret(identity=remote.key.read_text()))
        self.assertIn("known_hosts", self.blocked("FetchFailed")["message"])
        self.secret(identity=remote.key.read_text(), known_hosts=remote.known_hosts.read_text())
        self.poke()
        self.applied(commit)

    def test_what_is_nothing_but_its_name_is_pruned_too(self):
        account = f"apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: bare, namespace: {NS}}}\n"
        first = self.repository.commit("two", {"a.yaml": config_map("beside", color="x"), "b.yaml": account})
        self.source(prune=True)
        self.applied(first)
        second = self.repository.commit("one", remove=["b.yaml"])
        self.poke()
        self.applied(second)
        self.gone("serviceaccount", "bare", "-n", NS)
        self.assertEqual(self.value("beside"), "x")

    def test_what_reads_wrong_is_refused_where_it_stands(self):
        said = self.refused("apply", "-f", "-", stdin={
            "apiVersion": "charter.dev/v1alpha1", "kind": "GitSource", "metadata": {"name": "bad"},
            "spec": {"url": "https://ada:geheim@host/repo", "path": "a/../b", "interval": "1s", "ref": {"branch": "main", "tag": "v1"},
                     "serviceAccount": {"namespace": NS, "name": "deployer"}}})
        for field in ("spec.url", "spec.path", "spec.ref", "spec.interval"):
            self.assertIn(field, said)
        self.assertNotIn("geheim", said)


class CapacityTest(GitOpsCase):
    """The quickstart from a repository."""

    def test_a_contract_that_is_in_force_leaves_with_its_owners_word_only(self):
        files = {path.name: path.read_text() for path in sorted(QUICKSTART.glob("*.yaml"))}
        self.repository.commit("the quickstart", files)
        self.source(prune=True)
        self.applied(self.repository.head())
        offer = eventually(lambda: self.out("get", "contract", "orders", "-n", "consumerco", "-o", "jsonpath={.status.offer.hash}"),
                           "the contract has an offer")
        contract = next(name for name, text in files.items() if "kind: Contract" in text)
        self.kubectl("patch", "contract", "orders", "-n", "consumerco", "--type=merge",
                     "-p", f'{{"spec":{{"acceptance":{{"offerHash":"{offer}"}}}}}}')
        eventually(lambda: self.out("get", "gitsource", self.name, "-o", "jsonpath={.status.conditions[?(@.type=='Healthy')].status}")
                   == "True", "everything that was committed is ready", 60)
        self.repository.commit("no contract", remove=[contract])
        self.poke()
        said = self.blocked("PruneBlocked")
        self.assertIn("Contract consumerco/orders", said["message"])
        self.assertIn("deletionProtection", said["message"])
        self.kubectl("patch", "contract", "orders", "-n", "consumerco", "--type=merge", "-p", '{"spec":{"deletionProtection":false}}')
        self.poke()
        eventually(lambda: "confirm-prune" in self.ready().get("message", ""), f"it asks for a word: {self.ready()}")
        self.kubectl("annotate", "contract", "orders", "-n", "consumerco", "charter.dev/confirm-prune=true")
        self.poke()
        self.gone("contract", "orders", "-n", "consumerco", timeout=60)


class CrashTest(GitOpsCase):
    """kill -9 in the middle."""

    OBJECTS = 400

    def many(self, count):
        return "---\n".join(config_map(f"many-{i:04}", color="x") for i in range(count))

    def count(self):
        return sum(name.startswith("many-") for name in self.names("configmaps", "-n", NS))

    def test_a_kill_in_the_middle_of_an_apply_and_of_a_prune_leaves_nothing_behind(self):
        first = self.repository.commit("one", {"a.yaml": self.many(1)})
        self.source(prune=True)
        self.applied(first)
        for size in (self.OBJECTS, 1):
            before = self.count()
            commit = self.repository.commit(f"{size}", {"a.yaml": self.many(size)})
            self.poke()
            eventually(lambda: self.count() != before, "it has begun", pause=0)
            self.server.kill()
            self.server.start()
            self.applied(commit)
            eventually(lambda: self.count() == size, f"{size} objects are there")
            self.assertEqual(len(self.status()["inventory"]), size)


if __name__ == "__main__":
    if shutil.which("git") is None:
        raise SystemExit("git is not installed: run hack/install-deps.sh")
    unittest.main(verbosity=2)
