"""A PostgreSQL server of the test's own (tests/support/private_postgres.py), and psql on it."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from charter_e2e import ROOT

SCRIPT = ROOT / "tests/support/private_postgres.py"
PSQL_S = 60


class Postgres:
    """Runs until `close`. `facts` are what the script says: "uri", "socket", "tls", "password", "ca"."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="charter-pg-")
        self.process = subprocess.Popen([sys.executable, "-B", str(SCRIPT), os.path.join(self.folder.name, "server")],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.facts = self._read()
        self.absent = self.facts.get("absent", "")

    def _read(self):
        line = self.process.stdout.readline()
        assert line, "tests/support/private_postgres.py failed"
        return json.loads(line)

    def order(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        answer = self._read()
        assert answer == {"done": word}, answer

    @property
    def uri(self):
        return self.facts["uri"]

    def sql(self, statement):
        """What a query gives, as text."""
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.uri, "-c", statement],
                              capture_output=True, text=True, timeout=PSQL_S, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def password_file(self):
        """A PGPASSFILE for whoever needs a password."""
        path = pathlib.Path(self.folder.name, "pgpass")
        escaped = self.facts["password"].replace("\\", "\\\\").replace(":", "\\:")
        path.write_text(f"*:*:*:*:{escaped}\n")
        path.chmod(0o600)
        return path

    def hold(self):
        """A transaction that keeps the ledger's lock until it is closed."""
        holder = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", self.uri], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        holder.stdin.write("BEGIN;\nSELECT 'held' FROM charter.ledger_head FOR UPDATE;\n")
        holder.stdin.flush()
        assert holder.stdout.readline().strip() == "held"
        return holder

    def close(self):
        self.process.stdin.close()
        self.process.wait(PSQL_S)
        self.process.stdout.close()
        self.folder.cleanup()
