"""The operator's chart with the real Helm: lint, what it renders, and what its values refuse. No server."""

import json
import os
import subprocess
import unittest

from charter_e2e import KUBECTL, ROOT

HELM = os.environ.get("HELM", str(ROOT / ".charter/tools/helm"))
CHART = ROOT / "helm/charter"
GOLDEN = ROOT / "manifests/operator/operator.yaml"
STRICT = {"webhook.enabled": "false", "replicas": "3", "ledger.accessMode": "ReadWriteMany", "serviceMonitor.enabled": "true",
          "image.digest": "sha256:" + "a" * 64, "debug": "true", "roles.create": "false"}


class ChartTest(unittest.TestCase):
    maxDiff = None

    def run_helm(self, *arguments, code=0):
        done = subprocess.run([HELM, *arguments], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, f"helm {' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
        return done.stdout + (done.stderr if code else "")

    def template(self, *arguments, code=0):
        return self.run_helm("template", "charter", str(CHART), "--namespace", "charter-system", *arguments, code=code)

    def test_lint_finds_nothing(self):
        self.assertIn("1 chart(s) linted, 0 chart(s) failed", self.run_helm("lint", "--strict", str(CHART)))

    def test_the_defaults_render_what_is_checked_in(self):
        self.assertEqual(self.template(), GOLDEN.read_text(), "run hack/sync-helm-crds.sh")

    def test_the_roles_of_people_are_those_of_the_program(self):
        self.assertEqual((CHART / "files/actors.yaml").read_text(), (ROOT / "crds/roles/actors.yaml").read_text())

    def test_values_reach_what_they_name(self):
        text = self.template(*(f"--set={name}={value}" for name, value in STRICT.items()))
        for part in ("kind: PodDisruptionBudget", "kind: ServiceMonitor", "replicas: 3", "accessModes: [ReadWriteMany]",
                     "charter@sha256:aaaa", "- --debug", "type: RollingUpdate"):
            self.assertIn(part, text)
        for part in ("--webhook-service", "charter:provider", "validatingwebhookconfigurations", "type: Recreate"):
            self.assertNotIn(part, text)

    def test_a_ledger_in_postgres_needs_no_volume_and_its_address_is_in_a_file(self):
        text = self.template("--set", "ledger.postgres.secretName=ledger", "--set", "replicas=2")
        for part in ("replicas: 2", "- --ledger-uri-file=/etc/charter/ledger/uri", "type: RollingUpdate", 'secretName: "ledger"',
                     "defaultMode: 0440", "mountPath: /etc/charter/ledger, readOnly: true", "emptyDir: {}"):
            self.assertIn(part, text)
        self.assertNotIn("PersistentVolumeClaim", text)
        text = self.template("--set", "ledger.postgres.secretName=ledger", "--set", "ledger.existingClaim=images")
        self.assertIn('persistentVolumeClaim: {claimName: "images"}', text)
        self.assertNotIn("ledger-uri", self.template())

    def test_the_pod_has_no_rights_on_its_node(self):
        text = self.template()
        for part in ("runAsNonRoot: true", "readOnlyRootFilesystem: true", "allowPrivilegeEscalation: false", "drop: [ALL]",
                     "type: RuntimeDefault"):
            self.assertIn(part, text)

    def test_values_that_mean_nothing_or_cannot_work_are_refused(self):
        for wrong, why in (("replica=2", "replica"), ("ledger.accessMode=ReadOnlyMany", "accessMode"),
                           ("leaderElection.leaseDuration=soon", "leaseDuration"), ("image.digest=latest", "digest"),
                           ("replicas=2", "ReadWriteMany"), ("ledger.postgres.uri=postgres://u:p@h/d", "uri"),
                           ("ledger.postgres.key=a/b", "key")):
            self.assertIn(why, self.template("--set", wrong, code=1), wrong)

    def test_the_overlay_for_people_without_helm_builds(self):
        done = subprocess.run([KUBECTL, "kustomize", str(ROOT / "manifests/operator")], capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("kind: Namespace", done.stdout)
        self.assertIn("image: charter:0.1.0", done.stdout)


def lua(value):
    """A document as a Lua expression."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"[{json.dumps(k)}] = {lua(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ", ".join(map(lua, value)) + "}"
    return "nil" if value is None else json.dumps(value)


class HealthScriptTest(unittest.TestCase):
    """What Argo CD makes of our conditions, by the script that is shipped."""

    def health(self, *conditions, generation=2, observed=2):
        thing = {"metadata": {"generation": generation},
                 "status": {"conditions": [{"observedGeneration": observed, "message": "m", **c} for c in conditions]}}
        return self.run_script(thing)

    def run_script(self, thing):
        text = (ROOT / "manifests/operator/gitops/argocd-cm.yaml").read_text()
        script = text.split("health.lua: |\n", 1)[1]
        program = f"local obj = {lua(thing)}\nlocal function judge()\n{script}\nend\nio.write(judge().status)"
        done = subprocess.run(["lua5.4", "-"], input=program, capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_each_state_has_its_health(self):
        def is_so(kind, status="True", reason="R"):
            return {"type": kind, "status": status, "reason": reason}

        for wanted, conditions in (
                ("Healthy", [is_so("Ready")]),
                ("Progressing", [is_so("Ready", "Unknown"), is_so("Reconciling")]),
                ("Degraded", [is_so("Ready", "False")]),
                ("Degraded", [is_so("Ready", "Unknown"), is_so("Stalled")]),
                ("Suspended", [is_so("Ready", "Unknown", "WaitForAcceptance")]),
                ("Suspended", [is_so("Ready"), is_so("Paused")])):
            self.assertEqual(self.health(*conditions), wanted, conditions)
        self.assertEqual(self.health(is_so("Ready"), generation=3), "Progressing", "of an older generation")
        self.assertEqual(self.run_script({"metadata": {}}), "Progressing")
        self.assertEqual(self.run_script({"metadata": {}, "status": {"phase": "x"}}), "Progressing")


if __name__ == "__main__":
    unittest.main(verbosity=2)
