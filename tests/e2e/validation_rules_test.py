"""x-kubernetes-validations with a real kubectl: what a rule lets through, refuses, and tells about what was there before."""

import unittest

from charter_e2e import ServerTest, eventually

GROUP = "rules.example"
CRD = f"ranges.{GROUP}"
NS = "default"


def definition(spec_rules, name_rules=(), unit_rules=()):
    text, number = {"type": "string"}, {"type": "integer"}
    limit = {"type": "object", "required": ["name"], "properties": {
        "name": {**text, "x-kubernetes-validations": list(name_rules)},
        "value": {**number, "x-kubernetes-validations": [
            {"rule": "self >= oldSelf", "message": "a limit only grows"}]}}}
    spec = {"type": "object", "required": ["min", "max"], "x-kubernetes-validations": list(spec_rules), "properties": {
        "min": number, "max": number,
        "unit": {**text, "x-kubernetes-validations": list(unit_rules)},
        "limits": {"type": "array", "maxItems": 10, "items": limit, "x-kubernetes-list-type": "map",
                   "x-kubernetes-list-map-keys": ["name"]}}}
    status = {"type": "object", "properties": {"seen": number}, "x-kubernetes-validations": [
        {"rule": "!has(self.seen) || self.seen >= 0", "message": "nobody sees less than nothing"}]}
    schema = {"type": "object", "properties": {"spec": spec, "status": status}, "x-kubernetes-validations": [
        {"rule": "self.metadata.name.size() <= 20", "message": "the name is too long"}]}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": CRD},
            "spec": {"group": GROUP, "scope": "Namespaced",
                     "names": {"kind": "Range", "plural": "ranges", "singular": "range", "listKind": "RangeList"},
                     "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
                                   "schema": {"openAPIV3Schema": schema}}]}}


ORDERED = {"rule": "self.min <= self.max",
           "messageExpression": "'min %d is above max %d'.format([self.min, self.max])"}


def range_of(name, low, high, **more):
    return {"apiVersion": f"{GROUP}/v1", "kind": "Range", "metadata": {"name": name, "namespace": NS},
            "spec": {"min": low, "max": high, **more}}


class ValidationRulesTest(ServerTest):
    def define(self, *arguments, **options):
        done = self.kubectl("apply", "-f", "-", stdin=definition(*arguments, **options))
        self.kubectl("wait", "--for=condition=Established", f"crd/{CRD}", "--timeout=20s")
        return done

    def setUp(self):
        self.define([ORDERED])

    def test_a_rule_lets_the_right_through_and_refuses_the_wrong(self):
        self.apply(range_of("right", 1, 2))
        self.assertIn("min 3 is above max 2", self.refused("apply", "-f", "-", stdin=range_of("wrong", 3, 2)))
        self.assertNotIn("wrong", self.names("range", "-n", NS))
        said = self.refused("patch", "range", "right", "-n", NS, "--type=merge", "-p", '{"spec":{"min":9}}')
        self.assertIn("spec: Invalid value: min 9 is above max 2", said)
        said = self.refused("apply", "-f", "-", stdin=range_of("a-name-that-is-too-long-for-it", 1, 2))
        self.assertIn("the name is too long", said)

    def test_a_rule_about_the_status_judges_the_subresource(self):
        self.apply(range_of("observed", 1, 2))
        patch = ("patch", "range", "observed", "-n", NS, "--subresource=status", "--type=merge", "-p")
        self.kubectl(*patch, '{"status":{"seen":3}}')
        self.assertIn("nobody sees less than nothing", self.refused(*patch, '{"status":{"seen":-1}}'))

    def test_a_transition_rule_finds_the_element_by_its_key(self):
        self.apply(range_of("grows", 1, 2, limits=[{"name": "a", "value": 5}, {"name": "b", "value": 1}]))
        self.apply(range_of("grows", 1, 2, limits=[{"name": "b", "value": 2}, {"name": "a", "value": 5}]))
        said = self.refused("apply", "-f", "-", stdin=range_of("grows", 1, 2, limits=[{"name": "c", "value": 0},
                                                                                      {"name": "a", "value": 4}]))
        self.assertIn("spec.limits[1].value: Invalid value: 4: a limit only grows", said)

    def test_what_was_stored_before_a_rule_came_is_told_and_not_refused(self):
        self.apply(range_of("old", 1, 2, unit="inch"))
        self.define([ORDERED], unit_rules=[{"rule": "self != 'inch'", "message": "use the metric system"}])
        changed = self.kubectl("apply", "-f", "-", stdin=range_of("old", 1, 5, unit="inch"))
        self.assertIn('Warning: spec.unit: Invalid value: "inch": use the metric system', changed.stderr)
        self.assertIn("use the metric system", self.refused("apply", "-f", "-", stdin=range_of("new", 1, 2, unit="inch")))

    def test_a_rule_that_does_not_compile_is_refused_with_its_place(self):
        said = self.refused("apply", "-f", "-", stdin=definition([{"rule": "self.most > 1"}]))
        self.assertIn("spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule", said)
        self.assertIn("ERROR: <input>:1:5: undefined field 'most'", said)
        said = self.refused("apply", "-f", "-", stdin=definition([{"rule": "self.min"}]))
        self.assertIn("cel expression must evaluate to a bool", said)
        # The definition stays as it was.
        self.assertIn("min 3 is above max 2", self.refused("apply", "-f", "-", stdin=range_of("wrong", 3, 2)))

    def test_a_write_costs_no_more_than_it_may(self):
        endless = {"rule": "lists.range(1000).all(a, lists.range(1000).all(b, a + b >= 0))", "message": "endless"}
        self.define([endless])
        said = self.refused("apply", "-f", "-", stdin=range_of("slow", 1, 2))
        self.assertIn("call cost exceeds limit for rule: endless", said)

    def test_a_rule_that_could_cost_too_much_is_refused_with_advice(self):
        pairs = {"rule": "self.limits.all(a, self.limits.exists_one(b, a.name == b.name))", "message": "twice"}
        said = self.refused("apply", "-f", "-", stdin=definition([pairs]))
        self.assertIn("spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Forbidden: "
                      "estimated rule cost exceeds budget by factor of 3.", said)
        self.assertIn("(try simplifying the rule, or adding maxItems, maxProperties, and maxLength", said)
        self.define([{"rule": "!has(self.limits) || self.limits.all(a, a.name != 'x')", "message": "no x"}])

    def test_rules_outlive_the_process(self):
        self.server.kill()
        self.server.start()
        eventually(lambda: self.kubectl("get", "range", "-n", NS, check=False).returncode == 0, "ranges are served")
        self.assertIn("min 3 is above max 2", self.refused("apply", "-f", "-", stdin=range_of("wrong", 3, 2)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
