"""Users' admission webhooks behind real HTTPS, as kubectl and the reconcilers meet them."""

import base64
import json
import threading
import time
import unittest

from charter_e2e import Server, ServerTest, eventually
from https_server import HttpsServer

NAMESPACE = "default"


def configmap(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": NAMESPACE}, "data": data}


class Webhooks(HttpsServer):
    """Judges ConfigMaps by path; `hold` makes /slow wait."""

    def __init__(self, folder):
        self.seen = []
        self.released = threading.Event()
        super().__init__(folder, "webhooks", self.judge)

    def judge(self, method, path, review):
        request = review["request"]
        self.seen.append((path, request))
        response = {"uid": request["uid"], "allowed": True}
        place = path.split("?")[0]
        if place == "/deny":
            text = (request["object"] or request["oldObject"])["data"].get("text", "")
            if "bad" in text:
                response.update(allowed=False, status={"code": 403, "message": f"{text!r} is not allowed here"})
        elif place == "/label":
            labels = request["object"]["metadata"].get("labels", {})
            patch = [{"op": "add", "path": "/metadata/labels", "value": {**labels, "stamped": "yes"}}]
            response.update(patchType="JSONPatch", patch=base64.b64encode(json.dumps(patch).encode()).decode())
            response["warnings"] = ["stamped by the webhook"]
        elif place == "/slow":
            self.released.wait(60)
        elif place == "/html":
            return 200, "<html>"
        elif place == "/broken":
            return 500, {}
        return 200, {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}

    def webhook(self, path, **more):
        ca = base64.b64encode(self.certificate.read_bytes()).decode()
        rules = [{"operations": ["CREATE", "UPDATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}]
        return {"name": f"{path}.acme.example", "clientConfig": {"url": f"{self.url}/{path}", "caBundle": ca}, "rules": rules,
                "sideEffects": "None", "admissionReviewVersions": ["v1"], **more}


class WebhooksTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.webhooks = Webhooks(cls.server.folder)
        cls.addClassCleanup(cls.webhooks.close)

    def configure(self, kind, *webhooks):
        name = self.id().rsplit(".", 1)[1].replace("_", "-")
        self.apply({"apiVersion": "admissionregistration.k8s.io/v1", "kind": f"{kind}WebhookConfiguration",
                    "metadata": {"name": name}, "webhooks": list(webhooks)})
        self.addCleanup(self.kubectl, "delete", f"{kind}WebhookConfiguration", name, "--ignore-not-found")
        self.webhooks.seen.clear()

    def test_a_denial_reaches_kubectl_and_nothing_is_stored(self):
        self.configure("Validating", self.webhooks.webhook("deny"))
        refused = self.refused("apply", "-f", "-", stdin=json.dumps(configmap("denied", text="bad words")))
        self.assertIn('admission webhook "deny.acme.example" denied the request: \'bad words\' is not allowed here', refused)
        self.kubectl("get", "configmap", "denied", "-n", NAMESPACE, code=1)
        self.apply(configmap("allowed", text="good words"))
        self.refused("patch", "configmap", "allowed", "-n", NAMESPACE, "--type=merge", "-p", '{"data":{"text":"bad"}}')
        self.refused("apply", "--server-side", "--dry-run=server", "-f", "-", stdin=json.dumps(configmap("dry", text="bad")))
        dry = [request["dryRun"] for _, request in self.webhooks.seen]
        self.assertEqual(dry, [False, False, False, True])
        who = self.webhooks.seen[0][1]["userInfo"]
        self.assertIn("system:masters", who["groups"])

    def test_a_mutation_is_stored_with_its_warning_and_diff_is_silent_after_apply(self):
        self.configure("Mutating", self.webhooks.webhook("label"))
        applied = self.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(configmap("stamped", a="b")))
        self.assertIn("stamped by the webhook", applied.stderr)
        self.assertEqual(self.get("configmap", "stamped", "-n", NAMESPACE)["metadata"]["labels"], {"stamped": "yes"})
        again = self.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(configmap("stamped", a="b")))
        self.assertIn("serverside-applied", again.stdout)
        self.kubectl("diff", "--server-side", "-f", "-", stdin=json.dumps(configmap("stamped", a="b")))

    def test_the_failure_policy_holds_while_the_webhook_is_gone_and_it_is_found_again(self):
        self.configure("Validating", self.webhooks.webhook("deny", timeoutSeconds=2))
        self.apply(configmap("before", text="fine"))
        self.webhooks.close()
        try:
            refused = self.refused("create", "configmap", "while-gone", "-n", NAMESPACE)
            self.assertIn('failed calling webhook "deny.acme.example"', refused)
        finally:
            self.webhooks.open()
        self.apply(configmap("after", text="fine"))

    def test_what_is_no_answer_refuses_or_is_ignored_by_policy(self):
        for path in ("html", "broken"):
            self.configure("Validating", self.webhooks.webhook(path))
            self.assertIn("failed calling webhook", self.refused("create", "configmap", path, "-n", NAMESPACE))
            self.configure("Validating", self.webhooks.webhook(path, failurePolicy="Ignore"))
            self.kubectl("create", "configmap", path, "-n", NAMESPACE)

    def test_conditions_decide_whether_it_is_asked_and_their_failure_refuses_or_skips(self):
        def conditions(*expressions):
            return [{"name": f"c{i}.acme.example/{i}", "expression": e} for i, e in enumerate(expressions)]

        conditional = conditions("request.operation == 'CREATE'", "object.data.text.contains('bad')",
                                 "!authorizer.requestResource.check('exempt').allowed() || true")
        self.configure("Validating", self.webhooks.webhook("deny", matchConditions=conditional))
        self.apply(configmap("quiet", text="fine"))
        self.assertEqual(self.webhooks.seen, [])
        self.assertIn("denied the request", self.refused("apply", "-f", "-", stdin=json.dumps(configmap("loud", text="bad"))))
        self.apply(configmap("quiet", text="fine, and then bad"))  # an update
        self.assertEqual(len(self.webhooks.seen), 1)
        refused = self.refused("create", "configmap", "empty", "-n", NAMESPACE)
        self.assertIn('configmaps "empty" is forbidden: expression \'object.data.text.contains(\'bad\')\' resulted in error: '
                      "no such key: data", refused)
        self.configure("Validating", self.webhooks.webhook("deny", matchConditions=conditional, failurePolicy="Ignore"))
        self.kubectl("create", "configmap", "empty", "-n", NAMESPACE)
        self.assertEqual(self.webhooks.seen, [])
        configuration = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
                         "metadata": {"name": "wrong"},
                         "webhooks": [self.webhooks.webhook("deny", matchConditions=conditions("object.data.text"))]}
        refused = self.refused("apply", "-f", "-", stdin=json.dumps(configuration))
        self.assertIn('webhooks[0].matchConditions[0].expression: Invalid value: "object.data.text": must evaluate to bool but got dyn',
                      refused)

    def test_a_stranger_with_the_address_is_not_believed(self):
        folder = self.server.folder / "stranger"
        folder.mkdir()
        stranger = Webhooks(folder)
        self.addCleanup(stranger.close)
        webhook = self.webhooks.webhook("deny")
        webhook["clientConfig"]["url"] = f"{stranger.url}/deny"
        self.configure("Validating", webhook)
        self.assertIn("failed calling webhook", self.refused("create", "configmap", "stranger", "-n", NAMESPACE))
        self.assertEqual(stranger.seen, [])

    def test_a_webhook_that_hangs_holds_up_only_what_it_judges(self):
        self.configure("Validating", self.webhooks.webhook("slow", timeoutSeconds=30))
        waiting = [threading.Thread(target=self.kubectl, args=("create", "configmap", f"waits-{i}", "-n", NAMESPACE)) for i in range(8)]
        for thread in waiting:
            thread.start()
        try:
            eventually(lambda: len(self.webhooks.seen) >= 8, "eight writes wait for the webhook")
            began = time.monotonic()
            self.kubectl("create", "secret", "generic", "quick", "-n", NAMESPACE)
            self.kubectl("get", "configmaps", "-n", NAMESPACE)
            self.assertLess(time.monotonic() - began, 20)
            self.kubectl("get", "configmap", "waits-0", "-n", NAMESPACE, code=1)
        finally:
            self.webhooks.released.set()
        for thread in waiting:
            thread.join()
        self.kubectl("get", "configmap", "waits-0", "-n", NAMESPACE)

    def test_the_reconcilers_writes_are_judged_too_and_converge_once_allowed(self):
        rules = [{"operations": ["CREATE"], "apiGroups": ["rbac.authorization.k8s.io"], "apiVersions": ["*"], "resources": ["roles"]}]
        self.configure("Validating", self.webhooks.webhook("broken", rules=rules))
        self.kubectl("create", "namespace", "team")
        member = {"subject": {"kind": "User", "name": "fred"}, "permissions": ["ReadReports"]}
        self.apply({"apiVersion": "charter.dev/v1alpha1", "kind": "Account", "metadata": {"name": "team"},
                    "spec": {"namespaces": ["team"], "limits": {"compute": 1}, "members": [member],
                             "billing": {"email": "bills@team.example", "period": "Month"}}})
        eventually(lambda: self.webhooks.seen, "the account's role is shown to the webhook")
        self.assertEqual(self.names("roles", "-n", "team"), [])
        self.kubectl("delete", "validatingwebhookconfiguration", "--all")
        self.kubectl("wait", "--for=condition=Ready", "account/team", "--timeout=60s", timeout=90)
        self.assertEqual(len(self.names("roles", "-n", "team")), 1)


if __name__ == "__main__":
    unittest.main()
