"""How recorded answers are compared, without a server: what is a difference and what is not."""

import unittest

import recording
from recording import CUT, Differences, lines

LISTED = {"row": "What is served: no workloads", "in": ["q"], "real": ['kind = "Pod"'], "charter": ["kind = *"]}


class RecordingTest(unittest.TestCase):
    def complaints(self, recorded, given, *entries, title="q"):
        return list(Differences(list(entries)).complaints(title, *lines(recorded, given)))

    def test_equal_answers_have_no_complaints_and_others_name_the_field(self):
        self.assertEqual(self.complaints({"kind": "Pod", "n": [1, {"a": None}]}, {"n": [1, {"a": None}], "kind": "Pod"}), [])
        self.assertEqual(self.complaints({"n": [1, 2]}, {"n": [1, 3]}), ["q: only real: n[1] = 2", "q: only charter: n[1] = 3"])
        self.assertEqual(self.complaints({"a": 1, "n": []}, {"a": 1}), ["q: only real: n = []"])
        self.assertEqual(self.complaints({"n": 1}, {"n": True}), ["q: only real: n = 1", "q: only charter: n = true"])

    def test_a_listed_difference_explains_its_question_and_no_other(self):
        self.assertEqual(self.complaints({"kind": "Pod"}, {"kind": "Node"}, LISTED), [])
        self.assertEqual(len(self.complaints({"kind": "Pod"}, {"kind": "Node"}, LISTED, title="another")), 2)
        self.assertEqual(self.complaints({"kind": "Pod"}, {"kind": "Node", "more": 1}, LISTED), ["q: only charter: more = 1"])

    def test_a_listed_difference_that_is_gone_is_a_complaint(self):
        gone = self.complaints({"kind": "Pod"}, {"kind": "Pod"}, LISTED)
        self.assertEqual(gone, ['q: no line of real is like this any more: kind = "Pod"',
                                "q: no line of charter is like this any more: kind = *"])

    def test_nothing_is_compared_after_the_place_where_the_recording_was_cut(self):
        cut = {"items": [{"name": "a", CUT: CUT}, CUT], CUT: CUT}
        self.assertEqual(self.complaints(cut, {"items": [{"name": "a", "uid": "u"}, {"name": "b"}], "kind": "List"}), [])
        self.assertEqual(len(self.complaints(cut, {"items": [{"name": "b"}]})), 2)
        self.assertEqual(len(self.complaints({"items": ["a"]}, {"items": ["a", "b"]})), 1, "a list that was not cut is complete")
        text = "a message that is long" + CUT
        self.assertEqual(self.complaints({"text": text}, {"text": text[:-1] + " and goes on"}), [])
        self.assertEqual(len(self.complaints({"text": text}, {"text": "another"})), 2)

    def test_what_differs_from_run_to_run_is_not_compared_but_its_presence_is(self):
        one = {"uid": "1b81a013-aafa-4291-9d11-c07f51a3440a", "resourceVersion": "209", "time": "2026-11-23T22:47:31Z", "continue": "x"}
        two = {"uid": "33ef2ecd-29c0-4e07-a3cc-da79f0c92fbc", "resourceVersion": "7", "time": "2027-01-01T00:00:00Z", "continue": "y"}
        self.assertEqual(self.complaints(one, two), [])
        for name in one:
            self.assertEqual(len(self.complaints(one, {k: v for k, v in two.items() if k != name})), 1, name)
        self.assertEqual(len(self.complaints(one, two | {"continue": ""})), 2)
        self.assertEqual(len(self.complaints({"time": "2026-11-23T22:47:31Z"}, {"time": "2026-11-23T22:47:31.000000Z"})), 2)

    def test_causes_and_owners_have_no_order_but_all_must_be_there(self):
        def status(*causes):
            message = "invalid: [" + ", ".join(f"{field}: {text}" for field, text in causes) + "]"
            return {"kind": "Status", "message": message,
                    "details": {"causes": [{"field": field, "message": text} for field, text in causes]}}

        size, color = ("size", "too large"), ("color", "unknown")
        self.assertEqual(self.complaints(status(size, color), status(color, size)), [])
        self.assertTrue(self.complaints(status(size, color), status(size, ("color", "other"))))
        self.assertTrue(self.complaints(status(size, color), status(color, size, ("name", "short"))))
        owners = [{"manager": "a", "operation": "Update"}, {"manager": "b", "operation": "Apply"}]
        self.assertEqual(self.complaints({"managedFields": owners}, {"managedFields": owners[::-1]}), [])
        self.assertTrue(self.complaints({"managedFields": owners}, {"managedFields": owners[:1]}))

    def test_printed_columns_keep_their_order_and_lose_their_width(self):
        real, wider = recording.printed_lines("NAME   AGE\nw1     5s\n"), recording.printed_lines("NAME       AGE\nw1         1m5s\n")
        self.assertEqual(real, wider)
        self.assertFalse(recording.in_another_order(real, wider))
        self.assertTrue(recording.in_another_order(real, real[::-1]))
        self.assertNotEqual(recording.printed_lines("spec:\n  a: 1"), recording.printed_lines("spec:\na: 1"), "indentation counts")

    def test_a_reason_is_the_beginning_of_exactly_one_row(self):
        for row, unknown in (("What is served: no workloads", False), ("What is served: no", True), ("Documents: no workloads", True)):
            self.assertEqual(Differences([{"row": row, "in": []}]).unknown_rows(), [row] if unknown else [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
