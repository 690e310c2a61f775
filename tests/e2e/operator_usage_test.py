"""The usage of a contract where another API server runs: the operator serves it to whom that server knows and allows."""

import base64
import csv
import io
import json
import subprocess
import unittest

from charter_e2e import BINARY, eventually
from operating import free_port
from operator_test import Story
from ordering import NS

USAGE = f"/apis/charter.dev/v1alpha1/namespaces/{NS}/contracts/orders/usage"


class UsageTest(Story):
    """One operator with webhooks, whose certificates it answers under."""

    def config(self, name, user):
        """A kubeconfig of this user alone."""
        config = json.loads(self.out("config", "view", "--raw", "-o", "json"))
        config["users"] = [{"name": config["contexts"][0]["context"]["user"], "user": user}]
        path = self.server.folder / f"{name}.kubeconfig"
        path.write_text(json.dumps(config))
        return str(path)

    def export(self, config, *arguments, contract="orders", ns=NS):
        line = [BINARY, "usage", "export", contract, "-n", ns, "--kubeconfig", config, "--operator", self.url, "--operator-ca",
                str(self.ca), *arguments]
        return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)

    def prepare(self):
        port = free_port()
        self.url = f"https://localhost:{port}"
        operator = self.operator("served", f"--webhook-url=https://127.0.0.1:{port}", listen=f"127.0.0.1:{port}").wait_works()
        registered = lambda: json.loads(self.out("get", "validatingwebhookconfigurations", "charter.dev", "-o", "json",
                                                 "--ignore-not-found") or "{}")
        found = eventually(registered, "the webhooks are registered", 30)
        self.ca = self.server.folder / "operator-ca.pem"
        self.ca.write_bytes(base64.b64decode(found["webhooks"][0]["clientConfig"]["caBundle"]))
        return operator

    def account(self, name, *roles):
        """A ServiceAccount's kubeconfig."""
        self.kubectl("create", "serviceaccount", name, "-n", NS)
        for role in roles:
            self.kubectl("create", "rolebinding", f"{name}-{role}", "-n", NS, f"--role={role}", f"--serviceaccount={NS}:{name}")
        return self.config(name, {"token": self.out("create", "token", name, "-n", NS).strip()})

    def test_who_may_read_the_usage_gets_it_and_nobody_else_learns_anything(self):
        operator = self.prepare()
        self.order()
        self.kubectl("create", "role", "usage", "-n", NS, "--verb=get", "--resource=contracts.charter.dev/usage")
        self.kubectl("create", "role", "contracts", "-n", NS, "--verb=get", "--resource=contracts.charter.dev")
        reader, other = self.account("reader", "usage"), self.account("other", "contracts")

        def active():
            done = self.export(reader)
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = list(csv.DictReader(io.StringIO(done.stdout)))
            return [line for line in lines if line["meter"] == "cpu-hours" and line["basis"] == "Active"]
        eventually(active, "what runs is in the usage")
        done = self.export(reader, "--format", "json", "--granularity", "Day")
        self.assertIn("lines", json.loads(done.stdout))
        self.check_refusals(reader, other)
        self.check_plain(operator)
        operator.stop()

    def check_refusals(self, reader, other):
        done = self.export(other)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot get contracts/usage", done.stderr)
        # Of what is not theirs they hear the same, whether it is there or not.
        elsewhere = [self.export(reader, ns="catalog", contract=name).stderr.replace(name, "X") for name in ("orders", "none")]
        self.assertEqual(elsewhere[0], elsewhere[1])
        self.assertIn("cannot get", elsewhere[0])
        self.assertIn("not found", self.export(reader, contract="none").stderr)
        done = self.export(self.config("forged", {"token": "forged"}))
        self.assertEqual(done.returncode, 1)
        self.assertIn("bearer token", done.stderr)
        done = self.export(self.config("admin", json.loads(self.out("config", "view", "--raw", "-o", "json"))["users"][0]["user"]))
        self.assertEqual(done.returncode, 2)
        self.assertIn("--operator: only bearer tokens", done.stderr)
        self.assertIn("granularity", self.export(reader, "--granularity", "Second").stderr)

    def check_plain(self, operator):
        """Without a token, on paths that are none, and with other verbs."""
        self.assertEqual(operator.get(USAGE)[0], 401)
        self.assertEqual(operator.get("/apis/charter.dev/v1alpha1/namespaces/x/contracts/y/nothing")[0], 401)


if __name__ == "__main__":
    unittest.main(verbosity=2)
