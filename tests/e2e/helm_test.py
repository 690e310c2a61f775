"""A chart with a provider, prices, a Secret, a Role and a definition of its own, through Helm's whole life of a release."""

import base64
import json
import os
import pathlib
import subprocess
import unittest

from charter_e2e import ROOT, ServerTest

CHART = pathlib.Path(__file__).parent / "chart"
TOOLS = ROOT / ".charter/tools"
HELM = os.environ.get("HELM", str(TOOLS / "helm"))
NAMESPACE = "shop"


class HelmTest(ServerTest):
    def helm(self, *arguments, code=0):
        folder = self.server.folder / "helm"
        environment = {**os.environ, "KUBECONFIG": str(self.server.data / "kubeconfig"), "HELM_CACHE_HOME": f"{folder}/cache",
                       "HELM_CONFIG_HOME": f"{folder}/config", "HELM_DATA_HOME": f"{folder}/data"}
        done = subprocess.run([HELM, "--namespace", NAMESPACE, *arguments], capture_output=True, text=True, timeout=120,
                              check=False, env=environment)
        self.assertEqual(done.returncode, code, f"helm {' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
        return done.stdout + done.stderr

    def hosts(self):
        return len(self.get("provider", "capacity")["spec"]["simulated"]["hosts"])

    def revisions(self):
        return [(entry["revision"], entry["status"]) for entry in json.loads(self.helm("history", "capacity", "-o", "json"))]

    def test_a_release_lives_and_ends(self):
        self.kubectl("create", "namespace", NAMESPACE)
        self.helm("install", "capacity", str(CHART), "--wait", "--timeout", "60s")
        # --wait waited for the provider's own condition.
        ready = [entry for entry in self.get("provider", "capacity")["status"]["conditions"] if entry["type"] == "Ready"]
        self.assertEqual(ready[0]["status"], "True")
        self.assertEqual(self.hosts(), 1)
        self.assertEqual(self.get("gadget", "capacity", "-n", NAMESPACE)["spec"], {"size": 16, "colour": "grey"})
        secret = self.get("secret", "capacity-login", "-n", NAMESPACE)
        self.assertEqual(base64.b64decode(secret["data"]["password"]), b"changeit")
        self.assertIn("deployed", self.helm("status", "capacity"))

        self.helm("upgrade", "capacity", str(CHART), "--set", "hosts=3,password=other", "--wait", "--timeout", "60s")
        self.assertEqual(self.hosts(), 3)
        # What is not valid changes nothing and is told with its field.
        said = self.helm("upgrade", "capacity", str(CHART), "--set", "hosts=4,vcpus=-1", code=1)
        self.assertIn("spec.simulated.hosts", said)
        self.assertEqual(self.hosts(), 3)

        self.helm("rollback", "capacity", "1", "--wait", "--timeout", "60s")
        self.assertEqual(self.hosts(), 1)
        self.assertEqual(self.revisions(), [(1, "superseded"), (2, "superseded"), (3, "failed"), (4, "deployed")])
        # The same again is no change of any object.
        before = self.get("provider", "capacity")["metadata"]["resourceVersion"]
        self.helm("upgrade", "capacity", str(CHART))
        self.assertEqual(self.get("provider", "capacity")["metadata"]["resourceVersion"], before)

        self.helm("uninstall", "capacity", "--wait", "--timeout", "60s")
        for kind, name in (("provider", "capacity"), ("ratecard", "capacity"), ("secret", "capacity-login"), ("gadget", "capacity")):
            self.gone(kind, name, "-n", NAMESPACE)
        self.assertEqual(self.names("crd", "gadgets.chart.dev"), ["gadgets.chart.dev"], "Helm leaves definitions")
        self.assertEqual(self.out("get", "secrets", "-n", NAMESPACE, "-o", "name"), "", "no record of the release is left")

    def test_lint_and_template(self):
        self.helm("lint", str(CHART))
        said = self.helm("template", "x", str(CHART), "--validate")
        self.assertIn("kind: Provider", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
