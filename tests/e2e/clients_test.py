"""Recorded requests of Helm 4, @kubernetes/client-node and client-go, sent again as they were, and the answers compared field by field.

What they send as protobuf or watch is not in the recording; protobuf_test.py, helm_test.py and node_test.py have the clients themselves.
"""

import json
import unittest

import recording
from asker import Asker
from charter_e2e import ServerTest, eventually

ANSWER = ("status", "headers", "warnings", "body")
GADGETS = "/apis/conv.dev/v1/gadgets"


class ClientsTest(ServerTest):
    """All of it is sent once, in its order; each test looks at one client."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.kubectl("create", "namespace", "conv")
        cls.server.kubectl("apply", "-f", str(recording.FOLDER / "crd.yaml"))
        cls.server.kubectl("wait", "--for=condition=Established", "crd/widgets.conv.dev", "--timeout=20s")
        cls.ask = Asker(cls.server, {"admin": ("system:masters", "admin-uid")})
        cls.differences = recording.Differences.listed("clients")
        lines = (recording.FOLDER / "clients.jsonl").read_text().splitlines()
        cls.recorded = {f"{number} {entry['client']} {entry['method']} {entry['url'].split('?')[0]}": entry
                        for number, entry in enumerate(map(json.loads, lines), 1)}
        known = {}  # uids and versions of the recording, and those that this server has given instead
        for title, entry in cls.recorded.items():
            cls.send(title, entry, known)

    @classmethod
    def send(cls, title, entry, known):
        body = entry.get("sent")
        for old, new in known.items():
            body = body and body.replace(f'"{old}"', f'"{new}"')
        answer = cls.ask(title, entry["method"], entry["url"], body, sends=entry.get("sends"), accept=entry["accept"],
                         **{"User-Agent": entry["agent"]})
        real, given = entry["body"].get("metadata", {}), (answer or {}).get("metadata", {})
        known.update((real[name], given[name]) for name in ("uid", "resourceVersion") if name in real and name in given)
        if "gadgets.conv.dev" in entry["url"]:
            eventually(lambda: cls.ask.status("GET", GADGETS) == 200, "gadgets are served")

    def check(self, client):
        complaints = []
        for title, entry in self.recorded.items():
            if entry["client"] == client:
                real, charter = recording.lines({name: entry[name] for name in ANSWER if name in entry}, self.ask.answers[title])
                complaints += self.differences.complaints(title, real, charter)
        self.assertEqual([], complaints, "\n" + "\n".join(complaints))

    def test_helm_is_answered_alike(self):
        self.check("helm")

    def test_the_javascript_client_is_answered_alike(self):
        self.check("node")

    def test_client_go_is_answered_alike(self):
        self.check("client-go")

    def test_listed_differences_are_of_requests_in_the_recording(self):
        self.assertEqual({"helm", "node", "client-go"}, {entry["client"] for entry in self.recorded.values()})
        self.assertLessEqual(self.differences.titles(), set(self.recorded))

    def test_every_listed_difference_has_its_reason_in_the_document(self):
        self.assertEqual([], self.differences.unknown_rows())


if __name__ == "__main__":
    unittest.main(verbosity=2)
