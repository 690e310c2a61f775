"""Secrets at rest: no file of the data directory shows them; keys are rotated, missed and removed; rows cannot be moved."""

import base64
import json
import sqlite3
import unittest

from charter_e2e import Server

VALUE = "correct-horse-battery-staple"
LATER = "another-staple-for-the-horse"


def crc32c(data, crc=0):
    """The checksum of the store's rows (Castagnoli), bit by bit."""
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def row_sum(rev, prev, op, bucket, ns, name, blob):
    """What the store expects in the column `sum` of such a row."""
    head = rev.to_bytes(8, "little") + prev.to_bytes(8, "little") + (b"P" if op == 0 else b"D")
    for part in (bucket, ns, name):
        head += len(part.encode()).to_bytes(8, "little") + part.encode()
    return crc32c(blob, crc32c(head))


class SecretsAtRest(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        self.server.start()

    def make(self, name, value):
        self.server.kubectl("create", "secret", "generic", name, f"--from-literal=password={value}")

    def read(self, name):
        data = json.loads(self.server.kubectl("get", "secret", name, "-o", "json").stdout)["data"]
        return base64.b64decode(data["password"]).decode()

    def files_with(self, text):
        wanted = [text.encode(), base64.b64encode(text.encode())]
        found = []
        for path in self.server.data.rglob("*"):
            if path.is_file() and any(each in path.read_bytes() for each in wanted):
                found.append(path.name)
        return found

    def rows_by_key(self):
        done = self.server.charter("encryption", "status")
        self.assertEqual(done.returncode, 0, done.stderr)
        return {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()[1:]}

    def test_no_file_shows_a_secret_and_a_restart_reads_it(self):
        self.make("db", VALUE)
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "applied"}, "stringData": {"password": LATER}}
        self.server.kubectl("apply", "-f", "-", stdin=body)
        self.server.kubectl("delete", "secret", "applied")
        self.server.kubectl("create", "configmap", "shown", f"--from-literal=word={VALUE[::-1]}")
        self.assertEqual(self.files_with(VALUE) + self.files_with(LATER), [], "while it runs, the WAL among them")
        self.assertNotEqual(self.files_with(VALUE[::-1]), [], "the search finds what is not sealed")
        self.server.kill()
        self.assertEqual(self.files_with(VALUE) + self.files_with(LATER), [], "after a crash")
        self.server.start()
        self.assertEqual(self.read("db"), VALUE)
        self.server.stop()
        self.assertEqual(self.files_with(VALUE) + self.files_with(LATER), [])
        self.assertEqual(self.server.charter("verify").stdout, "0 findings\n")
        for path in [self.server.data / "keys", self.server.data / "keys/encryption.keys"]:
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_after_a_rotation_nothing_needs_the_old_key(self):
        self.make("db", VALUE)
        self.assertIn("in use", self.server.charter("encryption", "rotate").stderr)
        self.server.stop()
        [(old, was)] = self.rows_by_key().items()
        self.assertEqual(was[0], "seals")
        refused = self.server.charter("encryption", "remove-key", old)
        self.assertIn("rotate first", refused.stderr)
        rotated = self.server.charter("encryption", "rotate")
        self.assertEqual(rotated.returncode, 0, rotated.stderr)
        after = self.rows_by_key()
        self.assertEqual(after.pop(old), ["unused", "0"])
        [(new, now)] = after.items()
        self.assertEqual(now, ["seals", was[1]])
        self.assertEqual(self.files_with(old), [], "no row and no free space names the old key")
        self.assertEqual(self.server.charter("encryption", "remove-key", old).returncode, 0)
        self.assertEqual(list(self.rows_by_key()), [new])
        self.server.start()
        self.assertEqual(self.read("db"), VALUE)
        self.assertNotIn(VALUE, self.server.log.read_text())

    def test_a_missing_key_stops_the_start_by_name(self):
        self.make("db", VALUE)
        self.server.stop()
        [key] = self.rows_by_key()
        file = self.server.data / "keys/encryption.keys"
        kept = file.read_text()
        file.write_text(base64.b64encode(b"k" * 32).decode() + "\n")
        self.server.spawn()
        self.assertEqual(self.server.process.wait(10), 1)
        self.assertIn(f"sealed with key {key}, which is missing: {file} holds ", self.server.log_tail())
        self.assertIn(f"rows were not checked: sealed with key {key}", self.server.charter("verify").stdout)
        self.assertEqual(self.rows_by_key()[key][0], "MISSING")
        file.chmod(0o644)
        self.server.spawn()
        self.assertEqual(self.server.process.wait(10), 2)
        self.assertIn("is accessible to others", self.server.log_tail())
        file.chmod(0o600)
        file.write_text(kept)
        self.server.start()
        self.assertEqual(self.read("db"), VALUE)

    def test_keys_may_lie_outside_and_a_missing_file_is_not_made(self):
        self.server.stop()
        outside = self.server.folder / "outside.keys"
        self.server.flags = ["--encryption-key-file", str(outside)]
        self.server.spawn()
        self.assertEqual(self.server.process.wait(10), 1)
        self.assertIn("there is no such key file", self.server.log_tail())
        self.assertFalse(outside.exists())
        inside = self.server.data / "keys/encryption.keys"
        outside.write_text(base64.b64encode(b"o" * 32).decode() + "\n" + inside.read_text())
        outside.chmod(0o600)
        inside.unlink()
        self.server.start()
        self.make("db", VALUE)
        self.assertFalse(inside.exists())
        self.assertEqual(self.read("db"), VALUE)

    def test_a_row_that_was_moved_is_detected(self):
        self.make("mine", VALUE)
        self.make("yours", LATER)
        self.server.stop()
        database = sqlite3.connect(self.server.data / "charter.db")
        rows = {row[5]: row for row in database.execute(
            "SELECT rev, prev, op, bucket, ns, name, object, sum FROM log WHERE bucket LIKE '%secrets'")}
        self.assertEqual(row_sum(*rows["yours"][:7]), rows["yours"][7], "the forger knows the checksum")
        forged = (*rows["yours"][:6], rows["mine"][6])
        database.execute("UPDATE log SET object=?, sum=? WHERE rev=?", (forged[6], row_sum(*forged), forged[0]))
        database.commit()
        database.close()
        found = self.server.charter("verify")
        self.assertEqual(found.returncode, 1)
        self.assertIn("yours at revision", found.stdout)
        self.assertIn("they were changed, or belong to another row", found.stdout)
        self.server.spawn()
        self.assertEqual(self.server.process.wait(10), 1)
        self.assertIn("yours at revision", self.server.log_tail())


if __name__ == "__main__":
    unittest.main(verbosity=2)
