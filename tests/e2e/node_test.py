"""The official JavaScript client: calls of every kind, custom resources, watches, an informer, an election."""

import os
import pathlib
import shutil
import subprocess
import unittest

from charter_e2e import ROOT, ServerTest

PROGRAM = pathlib.Path(__file__).parent / "node/clients.mjs"
MODULES = ROOT / ".charter/tools/node/node_modules"


class NodeTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        if not MODULES.is_dir():
            raise AssertionError(f"{MODULES} is missing: hack/test.sh installs the client there")
        super().setUpClass()
        # Node looks for modules beside the program.
        shutil.copy(PROGRAM, cls.server.folder)
        (cls.server.folder / "node_modules").symlink_to(MODULES)
        cls.server.kubectl("create", "namespace", "node")

    def role(self, name):
        done = subprocess.run(["node", str(self.server.folder / PROGRAM.name), name], capture_output=True, text=True, timeout=120,
                              check=False, env={**os.environ, "KUBECONFIG": str(self.server.data / "kubeconfig")})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_calls(self):
        self.role("calls")

    def test_custom_resources(self):
        self.role("customResources")

    def test_watch(self):
        self.role("watch")

    def test_informer(self):
        self.role("informer")

    def test_election(self):
        self.role("election")


if __name__ == "__main__":
    unittest.main(verbosity=2)
