"""Users, groups and programs with rights of their own: kubectl as each of them, from forbidden words to a scaler that may only scale."""

import base64
import json
import os
import re
import shutil
import subprocess
import unittest

import ordering
from charter_e2e import KUBECTL, ROOT, ServerTest, eventually

RBAC = "rbac.authorization.k8s.io"
SAMPLES = ROOT / "manifests/quickstart"
SA_TOKEN = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}


def role(name, namespace, *rules):
    return {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": {"name": name, "namespace": namespace},
            "rules": [{"apiGroups": [group], "resources": resources, "verbs": verbs} for group, resources, verbs in rules]}


def binding(name, namespace, to, *subjects):
    kind, target = to.split("/")
    return {"apiVersion": f"{RBAC}/v1", "kind": "RoleBinding", "metadata": {"name": name, "namespace": namespace},
            "roleRef": {"apiGroup": RBAC, "kind": kind, "name": target}, "subjects": list(subjects)}


def user(name):
    return {"apiGroup": RBAC, "kind": "User", "name": name}


def group(name):
    return {"apiGroup": RBAC, "kind": "Group", "name": name}


class IdentityTest(ServerTest):
    """What all these tests share: people with kubeconfigs and tokens of their own."""

    def person(self, name, *groups):
        """A kubeconfig with a client certificate for a user."""
        path = self.server.folder / f"{name}.kubeconfig"
        if not path.exists():
            made = self.server.charter("kubeconfig", "--user", name, "--group", ",".join(groups))
            self.assertEqual(made.returncode, 0, made.stderr)
            path.write_text(made.stdout)
        return path

    def as_person(self, name, *arguments, groups=(), stdin=None, code=0):
        return self.run_kubectl(["--kubeconfig", str(self.person(name, *groups))], *arguments, stdin=stdin, code=code)

    def as_token(self, token, *arguments, stdin=None, code=0):
        done = self.server.kubectl_with_token(token, *arguments, stdin=stdin, code=code)
        return done.stdout + done.stderr

    def run_kubectl(self, who, *arguments, stdin=None, code=0):
        text = json.dumps(stdin) if isinstance(stdin, (dict, list)) else stdin
        done = subprocess.run([KUBECTL, *who, "--cache-dir", str(self.server.folder / "cache"), *arguments], input=text or "",
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, f"kubectl {' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
        return done.stdout + done.stderr

    def account_token(self, name, namespace, **spec):
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        answer = self.out("create", "--raw", path, "-f", "-", stdin={**SA_TOKEN, "spec": spec})
        return json.loads(answer)["status"]["token"]


class Rbac(IdentityTest):
    def setUp(self):
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "lab"}})

    def test_a_certificate_user_may_what_his_roles_say(self):
        said = self.as_person("ann", "get", "configmaps", "-n", "lab", code=1)
        self.assertIn('Error from server (Forbidden): configmaps is forbidden: User "ann" cannot list resource "configmaps" '
                      'in API group "" in the namespace "lab"', said)
        self.apply(role("reader", "lab", ("", ["configmaps"], ["get", "list"])), binding("ann", "lab", "Role/reader", user("ann")))
        self.assertIn("kube-root-ca.crt", self.as_person("ann", "get", "configmaps", "-n", "lab"))
        attributes = {"verb": "list", "resource": "configmaps", "namespace": "lab"}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}}
        answer = self.as_person("ann", "create", "--raw", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "-f", "-", stdin=review)
        self.assertEqual(json.loads(answer)["status"],
                         {"allowed": True, "reason": 'RBAC: allowed by RoleBinding "ann/lab" of Role "reader" to User "ann"'})
        self.assertIn("cannot list resource \"namespaces\" in API group \"\" at the cluster scope",
                      self.as_person("ann", "get", "ns", code=1))
        self.kubectl("delete", "rolebinding", "ann", "-n", "lab")
        self.as_person("ann", "get", "configmaps", "-n", "lab", code=1)

    def test_a_group_of_a_certificate_counts(self):
        self.apply(binding("ops", "lab", "ClusterRole/view", group("ops")))
        eventually(lambda: self.out("get", "clusterrole", "view", "-o", "jsonpath={.rules}") not in ("", "[]"), "view collects its rules")
        self.as_person("otto", "get", "configmaps", "-n", "lab", groups=("dev", "ops"))
        self.as_person("otto", "get", "secrets", "-n", "lab", code=1, groups=("dev", "ops"))

    def test_a_token_is_made_listed_used_and_ended(self):
        made = self.server.charter("token", "create", "--user", "tina", "--group", "ops,dev")
        self.assertEqual(made.returncode, 0, made.stderr)
        token = made.stdout.strip()
        kept = (self.server.data / "tokens.json")
        self.assertNotIn(token.rsplit(".", 1)[1], kept.read_text())
        self.assertEqual(kept.stat().st_mode & 0o777, 0o600)
        self.assertIn('User "tina" cannot list resource "secrets"', self.as_token(token, "get", "secrets", "-n", "lab", code=1))
        self.apply(binding("tina", "lab", "ClusterRole/cluster-admin", user("tina")))
        self.as_token(token, "get", "secrets", "-n", "lab")
        identity = self.server.charter("token", "list").stdout
        self.assertIn("tina", identity)
        name = token.split(".")[1]
        self.assertEqual(self.server.charter("token", "delete", name).returncode, 0)
        self.assertIn("Unauthorized", self.as_token(token, "get", "secrets", "-n", "lab", code=1))
        self.assertIn("Unauthorized", self.as_token("nonsense", "get", "secrets", "-n", "lab", code=1))

    def test_a_service_account_token_works_until_its_account_goes(self):
        self.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": "lab"}},
                   binding("robot", "lab", "ClusterRole/edit", {"kind": "ServiceAccount", "name": "robot", "namespace": "lab"}))
        token = self.account_token("robot", "lab", expirationSeconds=600)
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        self.assertEqual(claims["sub"], "system:serviceaccount:lab:robot")
        self.assertEqual(claims["exp"] - claims["iat"], 600)
        eventually(lambda: self.out("get", "clusterrole", "edit", "-o", "jsonpath={.rules}") not in ("", "[]"), "edit collects its rules")
        self.as_token(token, "create", "-f", "-", "-n", "lab",
                      stdin={"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "made"}})
        self.as_token(token, "get", "roles", "-n", "lab", code=1)
        self.kubectl("delete", "serviceaccount", "robot", "-n", "lab")
        self.assertIn("Unauthorized", self.as_token(token, "get", "configmaps", "-n", "lab", code=1))

    def test_keys_and_tokens_outlive_a_restart(self):
        self.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "stays", "namespace": "lab"}})
        token = self.account_token("stays", "lab")
        key = self.server.data / "pki/service-account.key"
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        self.server.stop()
        self.server.start()
        self.assertIn("system:serviceaccount:lab:stays", self.as_token(token, "get", "configmaps", "-n", "lab", code=1))

    def test_act_as_another(self):
        self.apply(binding("bob", "lab", "ClusterRole/cluster-admin", user("bob")))
        self.kubectl("get", "secrets", "-n", "lab", "--as", "bob")
        said = self.kubectl("get", "secrets", "-n", "lab", "--as", "carl", code=1).stderr
        self.assertIn('User "carl" cannot list resource "secrets"', said)
        self.kubectl("get", "secrets", "-A", "--as", "carl", "--as-group", "system:masters")
        said = self.as_person("ann", "get", "secrets", "-n", "lab", "--as", "bob", code=1)
        self.assertIn('users "bob" is forbidden: User "ann" cannot impersonate resource "users" in API group "" at the cluster scope', said)

    def test_nobody_gives_away_more_than_he_has(self):
        self.apply(role("keeper", "lab", (RBAC, ["roles", "rolebindings"], ["create", "get", "list", "patch", "update"]),
                        ("", ["configmaps"], ["get"])), binding("keeper", "lab", "Role/keeper", user("kim")))
        self.as_person("kim", "create", "role", "fine", "-n", "lab", "--verb=get", "--resource=configmaps", "--dry-run=client")
        self.as_person("kim", "create", "-f", "-", stdin=role("fine", "lab", ("", ["configmaps"], ["get"])))
        said = self.as_person("kim", "create", "-f", "-", stdin=role("more", "lab", ("", ["secrets"], ["get"])), code=1)
        self.assertIn("is attempting to grant RBAC permissions not currently held:", said)
        self.assertIn('{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}', said)
        said = self.as_person("kim", "create", "-f", "-", stdin=binding("up", "lab", "ClusterRole/cluster-admin", user("kim")), code=1)
        self.assertIn("not currently held", said)

    def test_default_roles_collect_the_products_kinds(self):
        def verbs():
            rules = self.get("clusterrole", "view").get("rules") or []
            return [r for r in rules if "contracts" in r.get("resources", [])]
        eventually(verbs, "view covers contracts")
        for name in ("charter:provider", "charter:consumer", "charter:developer", "charter:security-manager",
                     "charter:billing-administrator", "charter:sla-client"):
            self.kubectl("get", "clusterrole", name)

    def test_namespaces_have_what_programs_expect(self):
        eventually(lambda: "default" in self.names("serviceaccounts", "-n", "lab"), "the default account")
        self.kubectl("delete", "serviceaccount", "default", "-n", "lab")
        eventually(lambda: "default" in self.names("serviceaccounts", "-n", "lab"), "the default account again")
        certificate = self.out("get", "configmap", "kube-root-ca.crt", "-n", "lab", "-o", r"jsonpath={.data.ca\.crt}")
        self.assertEqual(certificate.strip(), (self.server.data / "pki/ca.crt").read_text().strip())

    def test_a_certificate_of_another_authority_is_nobodys(self):
        if not shutil.which("openssl"):
            self.skipTest("needs openssl")
        folder = self.server.folder
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                        "/O=system:masters/CN=evil", "-keyout", folder / "evil.key", "-out", folder / "evil.crt"],
                       check=True, capture_output=True)
        said = self.run_kubectl(["--kubeconfig", str(self.server.data / "kubeconfig"), "--client-certificate", str(folder / "evil.crt"),
                                 "--client-key", str(folder / "evil.key")], "get", "secrets", "-A", code=1)
        self.assertNotIn("No resources found", said)


class KubectlAuth(IdentityTest):
    """kubectl auth and create token. Clients since 1.32 ask them in protobuf; KUBECTL_JSON names an older one (1.28 to 1.31)."""

    def setUp(self):
        self.client = os.environ.get("KUBECTL_JSON", KUBECTL)
        probe = self.auth(self.server.data / "kubeconfig", "auth", "whoami", code=None)
        if "UnsupportedMediaType" in probe or "unknown command" in probe:
            self.skipTest(f"{self.client} asks in protobuf, which this server does not read, or has no such command")

    def auth(self, config, *arguments, code=0):
        done = subprocess.run([self.client, "--kubeconfig", str(config), *arguments], capture_output=True, text=True, timeout=60, check=False)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_whoami_and_create_token(self):
        shown = self.auth(self.server.data / "kubeconfig", "auth", "whoami")
        self.assertRegex(shown, r"Username\s+charter-admin")
        self.assertRegex(shown, r"Groups\s+\[system:masters system:authenticated\]")
        eventually(lambda: "default" in self.names("serviceaccounts", "-n", "default"), "the default account")
        token = self.auth(self.server.data / "kubeconfig", "create", "token", "default", "-n", "default").strip()
        self.assertIn('User "system:serviceaccount:default:default"', self.as_token(token, "get", "secrets", code=1))

    def test_can_i_and_its_list(self):
        self.apply(role("reader", "default", ("", ["configmaps"], ["get", "list"])), binding("ann", "default", "Role/reader", user("ann")))
        ann = self.person("ann")
        self.assertEqual(self.auth(ann, "auth", "can-i", "list", "configmaps").strip(), "yes")
        self.assertEqual(self.auth(ann, "auth", "can-i", "delete", "configmaps", code=1).strip(), "no")
        listed = self.auth(ann, "auth", "can-i", "--list")
        self.assertRegex(listed, r"configmaps\s+\[\]\s+\[\]\s+\[get list\]")
        self.assertRegex(listed, r"selfsubjectaccessreviews.authorization.k8s.io\s+\[\]\s+\[\]\s+\[create\]")
        self.assertRegex(self.auth(ann, "auth", "whoami"), r"Username\s+ann")


class AccountMembers(IdentityTest):
    """Members of an account do their job and nothing else (scenarios S2, S4)."""

    def test_the_contract_is_requested_accepted_scaled_and_terminated_by_who_may(self):
        for sample in sorted(SAMPLES.glob("*.yaml")):
            if sample.name < "7":  # all but the contract and the instance: those are the members' work
                self.kubectl("apply", "-f", str(sample))
        ordering.hasten(self.server, "datacenter-1")
        ordering.set_fields(self.server, "account", "consumerco", members=[
            {"subject": {"kind": "User", "name": "rita"}, "permissions": ["RequestContract"]},
            {"subject": {"kind": "User", "name": "fred"}, "permissions": ["AcceptContract"]},
            {"subject": {"kind": "User", "name": "tom"}, "permissions": ["Terminate"]},
            {"subject": {"kind": "User", "name": "carl"}, "permissions": ["Configure"]},
            {"subject": {"kind": "ServiceAccount", "name": "sla-system", "namespace": "consumerco"}, "permissions": ["ChangeCapacity"]},
            {"subject": {"kind": "User", "name": "mary"}, "permissions": ["AdministerAccount"]}])
        self.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "sla-system", "namespace": "consumerco"}})
        eventually(lambda: len(self.names("rolebindings", "-n", "consumerco")) >= 6, "the members' roles")
        self.request_and_accept()
        self.configure_and_scale()
        self.administer()
        self.terminate()

    def request_and_accept(self):
        contract = (SAMPLES / "70-contract.yaml").read_text().replace("name: orders", "name: ordered")
        self.as_person("stranger", "create", "-f", "-", stdin=contract, code=1)
        self.as_person("fred", "create", "-f", "-", stdin=contract, code=1)
        self.as_person("rita", "create", "-f", "-", stdin=contract)
        name = eventually(lambda: self.as_person("fred", "get", "contract", "ordered", "-n", "consumerco", "-o",
                                                 "jsonpath={.status.offer.hash}").strip(), "an offer")
        accept = json.dumps({"spec": {"acceptance": {"offerHash": name}}})
        patch = ("patch", "contract", "ordered", "-n", "consumerco", "--type=merge", "-p")
        said = self.as_person("rita", *patch, accept, code=1)
        self.assertIn('spec.acceptance: Forbidden: needs the verb "accept" on this contract', said)
        said = self.as_person("fred", *patch, json.dumps({"spec": {"quantities": {"compute": 1}}}), code=1)
        self.assertIn('needs the verb "amend"', said)
        said = self.as_person("fred", *patch, json.dumps({"spec": {"terminate": {"requested": True}}}), code=1)
        self.assertIn('needs the verb "terminate"', said)
        self.as_person("fred", *patch, accept)
        self.kubectl("wait", "--for=condition=Active", "contract/ordered", "-n", "consumerco", "--timeout=60s")

    def configure_and_scale(self):
        instance = (SAMPLES / "80-instance.yaml").read_text().replace("name: orders", "name: ordered")
        self.as_person("fred", "create", "-f", "-", stdin=instance, code=1)
        self.as_person("carl", "create", "-f", "-", stdin=instance)
        name = re.search(r"^  name: (\S+)", instance, re.M).group(1)
        token = self.account_token("sla-system", "consumerco")
        self.as_token(token, "scale", f"serviceinstance/{name}", "-n", "consumerco", "--replicas=1")
        self.assertEqual(self.out("get", "serviceinstance", name, "-n", "consumerco", "-o", "jsonpath={.spec.replicas}"), "1")
        for arguments in (("patch", "serviceinstance", name, "-n", "consumerco", "--type=merge", "-p", '{"spec":{"activation":"Deactivated"}}'),
                          ("get", "contracts", "-n", "consumerco"), ("get", "invoices", "-n", "consumerco"),
                          ("delete", "serviceinstance", name, "-n", "consumerco"), ("get", "secrets", "-n", "consumerco"),
                          ("get", "serviceinstances", "-n", "default"), ("get", "serviceinstances", "-A")):
            self.assertIn("forbidden", self.as_token(token, *arguments, code=1), arguments)
        self.kubectl("delete", "serviceinstance", name, "-n", "consumerco", "--timeout=90s")

    def administer(self):
        self.as_person("mary", "get", "account", "consumerco")
        self.as_person("mary", "get", "accounts", code=1)
        said = self.as_person("mary", "patch", "account", "consumerco", "--type=merge", "-p", '{"spec":{"limits":{"compute":999}}}', code=1)
        self.assertIn('spec.limits: Forbidden: needs the verb "grant" on this account', said)
        self.as_person("mary", "patch", "account", "consumerco", "--type=merge", "-p", '{"spec":{"displayName":"ConsumerCo"}}')

    def terminate(self):
        patch = ("patch", "contract", "ordered", "-n", "consumerco", "--type=merge", "-p", '{"spec":{"terminate":{"requested":true}}}')
        self.assertIn('needs the verb "terminate"', self.as_person("fred", *patch, code=1))
        self.as_person("tom", *patch)
        self.as_person("fred", "delete", "contract", "ordered", "-n", "consumerco", code=1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
