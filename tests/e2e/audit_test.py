"""The audit log of a real server: what kubectl does is on record before it happens, and no byte of the log changes unseen."""

import base64
import http.client
import json
import os
import ssl
import subprocess
import threading
import time
import unittest

from charter_e2e import BINARY, POLL_S, Server, ServerTest, eventually

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "door", "namespace": "default"},
          "stringData": {"key": "open-sesame-4711"}}
EVERYTHING = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: RequestResponse}]\n"
KILLS = 3
LIFE_S = 1.5


class AuditedServer(Server):
    """A server with flags of its own."""

    def __init__(self, *flags):
        super().__init__()
        self.flags = list(flags)

    def audit_log(self):
        return self.data / "audit" / "audit.log"

    def events(self):
        files = sorted(self.audit_log().parent.glob("audit*.log"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def verify(self):
        return self.charter("audit", "verify")


def config_map(name):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": {"a": "b"}}


class AuditTest(ServerTest):
    """By the built-in policy."""

    @classmethod
    def setUpClass(cls):
        cls.server = AuditedServer()
        cls.addClassCleanup(cls.server.close)
        cls.server.start()

    def recorded(self, verb, resource, stage="ResponseComplete"):
        """Waits for a record, because that of an answer may come after it."""
        def found():
            return [event for event in self.server.events() if event["verb"] == verb and event["stage"] == stage
                    and event.get("objectRef", {}).get("resource") == resource]
        return eventually(found, f"a record of {verb} {resource}")

    def test_apply_get_and_delete_are_recorded_with_who_what_and_how_it_ended(self):
        self.apply(config_map("seen"))
        self.apply(SECRET)
        self.kubectl("get", "secret", "door")
        self.kubectl("delete", "configmap", "seen")
        created = [event for event in self.recorded("create", "configmaps") if event["objectRef"].get("name") == "seen"]
        self.assertEqual(len(created), 1)
        event = created[0]
        self.assertEqual((event["kind"], event["apiVersion"], event["level"]), ("Event", "audit.k8s.io/v1", "Metadata"))
        self.assertIn("system:masters", event["user"]["groups"])
        self.assertTrue(event["userAgent"].startswith("kubectl"))
        self.assertEqual(event["sourceIPs"], ["127.0.0.1"])
        self.assertEqual(event["responseStatus"]["code"], 201)
        self.assertTrue(event["objectRef"]["uid"])
        self.assertEqual(event["annotations"]["authorization.k8s.io/decision"], "allow")
        before = [one for one in self.server.events() if one["auditID"] == event["auditID"]]
        self.assertEqual([one["stage"] for one in before], ["RequestReceived", "ResponseComplete"])
        self.recorded("get", "secrets")
        self.recorded("delete", "configmaps")
        self.assertNotIn("open-sesame", self.server.audit_log().read_text())
        self.assertNotIn("b3Blbi1zZXNhbWU", self.server.audit_log().read_text())

    def test_a_refusal_is_recorded_and_a_plain_read_is_not(self):
        self.refused("get", "configmaps", "--as", "eve")
        denied = [event for event in self.recorded("list", "configmaps") if event["responseStatus"]["code"] == 403]
        self.assertEqual(denied[0]["responseStatus"]["reason"], "Forbidden")
        self.assertEqual(denied[0]["annotations"]["authorization.k8s.io/decision"], "forbid")
        self.kubectl("get", "namespaces")
        self.assertFalse([event for event in self.server.events() if event.get("objectRef", {}).get("resource") == "namespaces"
                          and event["verb"] == "list"])

    def test_the_running_log_verifies_and_metrics_count(self):
        self.apply(config_map("counted"))
        done = self.server.verify()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(" 0 faults", done.stdout)
        metrics = self.out("get", "--raw", "/metrics")
        for name in ("apiserver_audit_event_total", 'apiserver_audit_level_total{level="Metadata"}',
                     'apiserver_audit_error_total{plugin="log"} 0'):
            self.assertIn(name, metrics)


class AuditPolicyTest(unittest.TestCase):
    def serve(self, *flags):
        server = AuditedServer(*flags)
        self.addCleanup(server.close)
        return server

    def test_a_policy_that_asks_for_everything_gets_bodies_but_no_secret(self):
        server = self.serve("--audit-policy-file")
        policy = server.folder / "policy.yaml"
        policy.write_text(EVERYTHING)
        server.flags.append(str(policy))
        server.start()
        server.kubectl("apply", "-f", "-", stdin=SECRET)
        server.kubectl("get", "secret", "door", "-o", "yaml")
        server.kubectl("create", "configmap", "plain", "--from-literal=word=visible-word")
        token = server.kubectl("create", "token", "default").stdout.strip()
        server.stop()
        text = server.audit_log().read_text()
        self.assertIn("visible-word", text)
        for word in ("open-sesame", "b3Blbi1zZXNhbWU", token):
            self.assertNotIn(word, text)
        self.assertEqual(server.verify().returncode, 0)

    def test_a_wrong_policy_or_flag_ends_the_start_with_its_field(self):
        server = self.serve()
        policy = server.folder / "policy.yaml"
        policy.write_text("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Everything}]\n")
        for flags, words in ((["--audit-policy-file", str(policy)], "rules[0].level: Unsupported value"),
                             (["--audit-log-mode", "maybe"], "expected blocking-strict or best-effort"),
                             (["--audit-log-maxsize", "0"], "expected a number from 1")):
            done = subprocess.run([*server.command(), *flags], capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(words, done.stderr)

    def test_stdout_takes_the_records_and_none_makes_none(self):
        server = self.serve("--audit-log-path", "-")
        server.start()
        server.kubectl("create", "configmap", "a")
        server.stop()
        lines = [line for line in server.log.read_text().splitlines() if line.startswith('{"kind":"Event"')]
        self.assertTrue([line for line in lines if json.loads(line)["verb"] == "create"])
        copy = server.folder / "copy.log"
        copy.write_text("\n".join(lines) + "\n")
        done = subprocess.run([BINARY, "audit", "verify", "--log-path", str(copy)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        quiet = self.serve("--audit-log-path", "none")
        quiet.start()
        quiet.kubectl("create", "configmap", "a")
        quiet.stop()
        self.assertFalse((quiet.data / "audit").exists())


class Writer(threading.Thread):
    """Creates ConfigMaps one after the other, each with an Audit-ID of its own, and remembers which were acknowledged."""

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.context = self.administrator()
        self.acknowledged = []
        self.ending = threading.Event()

    def administrator(self):
        """TLS as the kubeconfig's user."""
        config = json.loads(self.server.kubectl("config", "view", "--raw", "-o", "json").stdout)
        user = config["users"][0]["user"]
        authority = base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
        pair = self.server.folder / "admin.pem"
        pair.write_bytes(b"".join(base64.b64decode(user[key]) for key in ("client-certificate-data", "client-key-data")))
        context = ssl.create_default_context(cadata=authority)
        context.load_cert_chain(pair)
        return context

    def connect(self):
        host, port = self.server.listen.split(":")
        return http.client.HTTPSConnection(host, int(port), context=self.context, timeout=10)

    @staticmethod
    def create(connection, name):
        """The status and the text of the answer. kubectl would try again, for most of a minute, what is refused for now."""
        connection.request("POST", "/api/v1/namespaces/default/configmaps", json.dumps(config_map(name)),
                           {"Content-Type": "application/json", "Audit-ID": name})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def run(self):
        number = 0
        while not self.ending.is_set():
            connection = self.connect()
            try:
                while not self.ending.is_set():
                    number += 1
                    name = f"write-{number}"
                    if self.create(connection, name)[0] == 201:
                        self.acknowledged.append(name)
            except (OSError, http.client.HTTPException):
                time.sleep(POLL_S)  # the server was killed: it comes again
            finally:
                connection.close()


class AuditCrashTest(unittest.TestCase):
    def setUp(self):
        self.server = AuditedServer()
        self.addCleanup(self.server.close)
        self.server.start()

    def test_every_acknowledged_write_is_on_record_after_kills_and_the_chain_holds(self):
        writer = Writer(self.server)
        writer.start()
        self.addCleanup(writer.join)
        self.addCleanup(writer.ending.set)
        for _ in range(KILLS):
            time.sleep(LIFE_S)
            self.server.kill()
            self.assertEqual(self.server.verify().returncode, 0, "right after a kill")
            self.server.start()
        writer.ending.set()
        writer.join()
        listed = self.server.kubectl("get", "configmaps", "-o", "name").stdout
        stored = {line.split("/")[1] for line in listed.splitlines() if "/write-" in line}
        self.server.stop()
        self.assertGreater(len(writer.acknowledged), 50)
        received = {event["auditID"] for event in self.server.events() if event["stage"] == "RequestReceived"}
        self.assertEqual(set(writer.acknowledged) - received, set())
        self.assertEqual(stored - received, set(), "nothing is stored that is not on record")
        done = self.server.verify()
        self.assertEqual(done.returncode, 0, done.stdout)
        starts = [event for event in self.server.events() if event["verb"] == "start"]
        self.assertEqual(len(starts), KILLS + 1)

    def test_a_flipped_byte_a_cut_tail_and_a_removed_file_are_found(self):
        self.server.kubectl("create", "configmap", "a")
        self.server.stop()
        log = self.server.audit_log()
        good = log.read_bytes()
        self.assertEqual(self.server.verify().returncode, 0)
        place = good.index(b'"verb":"create"') + 9
        log.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1:])
        done = self.server.verify()
        self.assertEqual(done.returncode, 1)
        line = good[:place].count(b"\n") + 1
        self.assertIn(f"{log}:{line}: record {line}: the line is not the one that was written", done.stdout)
        log.write_bytes(b"".join(good.splitlines(keepends=True)[:-1]))
        self.assertIn("missing at the end", self.server.verify().stdout)
        log.unlink()
        self.assertEqual(self.server.verify().returncode, 2)

    def test_a_full_disk_refuses_writes_until_there_is_room(self):
        self.server.stop()
        small = self.server.folder / "small"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], check=False, capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("no right to mount a small disk")
        self.addCleanup(subprocess.run, ["umount", str(small)], check=False)
        self.addCleanup(self.server.kill)  # before that: it holds a file there
        self.server.flags = ["--audit-log-path", str(small / "audit.log")]
        self.server.start()
        filler = small / "filler"
        filler.touch()
        self.fill(filler)
        numbers = iter(range(1000))
        connection = Writer(self.server).connect()
        self.addCleanup(connection.close)
        refused = eventually(lambda: self.refused_create(connection, next(numbers)), "a create is refused")
        self.assertIn("no space left", refused)
        self.server.kubectl("get", "configmaps")
        self.assertIn("currently unable", self.server.kubectl("get", "--raw", "/readyz", code=1).stderr)
        filler.unlink()
        eventually(lambda: self.server.kubectl("get", "--raw", "/readyz", check=False).returncode == 0, "ready again")
        self.server.kubectl("create", "configmap", "after")
        self.server.stop()
        done = self.server.verify()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn('"verb":"gap"', (small / "audit.log").read_text())

    @staticmethod
    def fill(path):
        """Takes what room is left."""
        handle = os.open(path, os.O_WRONLY)
        try:
            while True:
                os.write(handle, b"x" * 4096)
        except OSError:
            os.close(handle)

    @staticmethod
    def refused_create(connection, number):
        status, text = Writer.create(connection, f"full-{number}")
        return text if status != 201 else ""


if __name__ == "__main__":
    unittest.main()
