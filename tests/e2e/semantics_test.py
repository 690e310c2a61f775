"""The semantics transcript: everything that kube-apiserver 1.35 was asked, asked again and compared field by field."""

import json
import unittest

import questions
import recording
from asker import Asker
from charter_e2e import ServerTest


class SemanticsTest(ServerTest):
    """The whole transcript runs once; each test looks at the answers of one of its sections."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ask = Asker(cls.server, {"admin": ("system:masters", "admin-uid"), "dev": ("developers", "dev-uid")})
        crd = cls.server.kubectl("create", "-f", str(recording.FOLDER / "crd.yaml"), "--dry-run=client", "-o", "json").stdout
        ask.definition = json.loads(crd)
        for step in questions.STEPS:
            step(ask)
        cls.answers = ask.answers
        cls.recorded = [json.loads(line) for line in (recording.FOLDER / "semantics.jsonl").read_text().splitlines()]
        cls.differences = recording.Differences.listed("semantics")

    def check(self, *sections):
        complaints = []
        for entry in self.recorded:
            if entry["section"] in sections:
                expected = {name: value for name, value in entry.items() if name not in ("section", "title")}
                real, charter = recording.lines(expected, self.answers[entry["title"]])
                complaints += self.differences.complaints(entry["title"], real, charter)
        self.assertEqual([], complaints, "\n" + "\n".join(complaints))

    def test_the_questions_are_those_of_the_recording(self):
        titles = [entry["title"] for entry in self.recorded]
        self.assertEqual(sorted(titles), sorted(self.answers))
        self.assertEqual(len(titles), len(set(titles)))
        self.assertLessEqual(self.differences.titles(), set(titles))
        checked = {"CRD", "create / exists / invalid", "not found / forbidden / unauthorized / media types",
                   "update, resourceVersion, generation, status isolation", "field validation", "server-side apply",
                   "delete, finalizers, propagation", "lists", "watch", "roots", "reviews, tokens, leases", "namespace deletion"}
        self.assertEqual({entry["section"] for entry in self.recorded}, checked)

    def test_every_listed_difference_has_its_reason_in_the_document(self):
        self.assertEqual([], self.differences.unknown_rows())

    def test_definitions_and_namespaces_come_and_go_alike(self):
        self.check("CRD", "namespace deletion")

    def test_creates_are_answered_alike(self):
        self.check("create / exists / invalid")

    def test_refusals_are_answered_alike(self):
        self.check("not found / forbidden / unauthorized / media types")

    def test_updates_are_answered_alike(self):
        self.check("update, resourceVersion, generation, status isolation")

    def test_fields_are_validated_alike(self):
        self.check("field validation")

    def test_server_side_apply_is_answered_alike(self):
        self.check("server-side apply")

    def test_deletes_are_answered_alike(self):
        self.check("delete, finalizers, propagation")

    def test_lists_are_answered_alike(self):
        self.check("lists")

    def test_watches_see_the_same_events(self):
        self.check("watch")

    def test_documents_of_the_server_are_alike(self):
        self.check("roots")

    def test_reviews_leases_and_events_are_answered_alike(self):
        self.check("reviews, tokens, leases")


if __name__ == "__main__":
    unittest.main(verbosity=2)
