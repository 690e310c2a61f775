"""A Git repository and the GitSource that follows it, for end-to-end tests."""

import base64
import pathlib
import subprocess

from charter_e2e import ServerTest, eventually

NS = "team"


def config_map(name, **data):
    return "\n".join(["apiVersion: v1", "kind: ConfigMap", f"metadata: {{name: {name}, namespace: {NS}}}", "data:",
                      *(f"  {key}: '{value}'" for key, value in data.items())]) + "\n"


class Repository:
    """A repository with a working tree, on the branch main."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.url = f"file://{self.folder}"

    def git(self, *arguments):
        return subprocess.run(["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *arguments], cwd=self.folder,
                              check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, message, files=(), remove=()):
        """Writes and removes files, and commits. The commit's hash."""
        for path, text in dict(files).items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text)
        for path in remove:
            (self.folder / path).unlink()
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.head()

    def head(self):
        return self.git("rev-parse", "HEAD")


class GitOpsCase(ServerTest):
    """One administrator's ServiceAccount, a repository and a source for each test."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.kubectl("create", "namespace", NS)
        cls.server.kubectl("create", "serviceaccount", "deployer", "-n", NS)
        cls.server.kubectl("create", "clusterrolebinding", "deployer", "--clusterrole=cluster-admin", f"--serviceaccount={NS}:deployer")

    def setUp(self):
        self.name = self.id().rsplit(".", 1)[1].removeprefix("test_").replace("_", "-")[:40].rstrip("-")
        self.repository = Repository(self.server.folder / "git" / self.name)
        self.addCleanup(lambda: self.kubectl("delete", "gitsource", self.name, "--ignore-not-found"))

    def source(self, **spec):
        self.apply({"apiVersion": "charter.dev/v1alpha1", "kind": "GitSource", "metadata": {"name": self.name},
                    "spec": {"url": self.repository.url, "interval": "10s", "serviceAccount": {"namespace": NS, "name": "deployer"},
                             **spec}})

    def poke(self):
        """As a webhook would: looks at the repository now."""
        self.kubectl("annotate", "gitsource", self.name, "--overwrite", f"charter.dev/reconcile-requested-at={self.repository.head()}")

    def status(self):
        return self.get("gitsource", self.name).get("status", {})

    def ready(self):
        return self.condition("Ready")

    def applied(self, commit):
        eventually(lambda: self.status().get("lastApplied", {}).get("id") == commit and self.ready().get("status") == "True",
                   f"{commit} is applied: {self.status()}")

    def blocked(self, reason):
        return eventually(lambda: self.ready() if self.ready().get("reason") == reason else None, f"Ready says {reason}: {self.status()}")

    def value(self, name, key="color"):
        found = self.kubectl("get", "configmap", name, "-n", NS, "-o", f"jsonpath={{.data.{key}}}", check=False)
        return found.stdout if found.returncode == 0 else None

    def secret(self, name=None, **values):
        """A Secret of that name, else the source's; a reference to it."""
        name = name or self.name
        self.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NS},
                    "data": {key.replace("ca_crt", "ca.crt"): base64.b64encode(value.encode()).decode() for key, value in values.items()}})
        return {"namespace": NS, "name": name}

    def condition(self, kind):
        for condition in self.status().get("conditions", []):
            if condition["type"] == kind:
                return condition
        return {}
