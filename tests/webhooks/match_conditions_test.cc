#include "controller/webhooks/match_conditions.h"

#include "controller/cel/access.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace charter {
namespace {

/// Allows what is asked in namespace "lab", and remembers the question.
class LabOnly : public cel::AccessJudge {
 public:
  Answer decide(const cel::AccessAsk& ask) const override {
    last = ask;
    return {ask.ns == "lab", ask.ns == "lab" ? "RBAC: allowed" : ""};
  }
  mutable cel::AccessAsk last;
};

const char* const kRequest = R"({
  "kind": {"group": "shop.dev", "version": "v1", "kind": "Widget"},
  "resource": {"group": "shop.dev", "version": "v1", "resource": "widgets"},
  "requestKind": {"group": "shop.dev", "version": "v1", "kind": "Widget"},
  "requestResource": {"group": "shop.dev", "version": "v1", "resource": "widgets"},
  "name": "a", "namespace": "lab", "operation": "UPDATE", "dryRun": false,
  "userInfo": {"username": "fred", "groups": ["dev", "system:authenticated"], "extra": {"team": ["red"]}},
  "options": {"kind": "UpdateOptions", "fieldManager": "kubectl"}})";
const char* const kObject = R"({"metadata": {"name": "a", "labels": {"tier": "gold"}},
  "spec": {"size": 3, "ratio": 1.5, "tags": ["x", "y"], "deep": {"a": {"b": null}}}})";
const char* const kBefore = R"({"metadata": {"name": "a"}, "spec": {"size": 2}})";

/// "true", "false" or why it cannot be said.
std::string matched(const std::vector<std::string>& expressions,
                    const cel::AccessJudge* access = nullptr) {
  std::vector<MatchCondition> conditions;
  for (const std::string& expression : expressions)
    conditions.push_back({"c" + std::to_string(conditions.size()), expression});
  const Json request = *parse_json(kRequest);
  const Json object = *parse_json(kObject);
  const Json before = *parse_json(kBefore);
  const auto met = MatchConditions(conditions).match({request, &object, &before, access});
  if (!met) return met.error().message;
  return *met ? "true" : "false";
}

TEST(MatchConditions, Expressions_see_the_objects_and_the_request) {
  const char* const holds[] = {
      "object.spec.size == 3 && oldObject.spec.size == 2",
      "object.spec.ratio > 1.0 && type(object.spec.size) == int",
      "has(object.metadata.labels) && !has(oldObject.metadata.labels)",
      "object.metadata.labels['tier'] == 'gold' && object.metadata.labels.exists(k, k == 'tier')",
      "object.spec.tags.all(t, t.size() == 1) && 'y' in object.spec.tags",
      "object.spec.deep.a.b == null",
      "request.operation == 'UPDATE' && request.namespace == 'lab' && request.name == 'a'",
      "request.resource.group == 'shop.dev' && request.kind.kind == 'Widget'",
      "request.userInfo.username == 'fred' && 'dev' in request.userInfo.groups",
      "request.userInfo.extra['team'] == ['red']",
      "request.options.fieldManager == 'kubectl' && !request.dryRun",
      "!has(request.subResource)",
      "oldObject.spec != object.spec",
  };
  for (const char* expression : holds)
    EXPECT_EQ(matched({expression}), "true") << expression;
}

TEST(MatchConditions, One_that_does_not_hold_decides_whatever_the_others_come_to) {
  EXPECT_EQ(matched({}), "true");
  EXPECT_EQ(matched({"true", "object.spec.size > 1"}), "true");
  EXPECT_EQ(matched({"object.spec.absent == 1", "false"}), "false");
  EXPECT_EQ(matched({"object.spec.absent == 1", "true"}),
            "expression 'object.spec.absent == 1' resulted in error: no such key: absent");
  EXPECT_EQ(
      matched({"object.a == 1", "oldObject.b == 1"}),
      "[expression 'object.a == 1' resulted in error: no such key: a, expression 'oldObject.b "
      "== 1' resulted in error: no such key: b]");
}

TEST(MatchConditions, What_they_may_cost_is_bounded) {
  const std::string slow = "lists.range(800).all(a, lists.range(800).all(b, a + b >= 0))";
  EXPECT_EQ(matched({slow}), "expression '" + slow +
                                 "' resulted in error: operation cancelled: actual cost limit "
                                 "exceeded");
  // Each of these is within its own limit; four are more than all may cost.
  const std::string most = "lists.range(90000).all(a, a + a >= 0)";
  EXPECT_EQ(matched({most}), "true");
  EXPECT_EQ(matched({most, most, most, most, most, most}),
            "validation failed due to running out of cost budget, no further validation rules will "
            "be run");
}

TEST(MatchConditions, The_authorizer_answers_for_the_caller_and_for_service_accounts) {
  const LabOnly access;
  EXPECT_EQ(matched({"authorizer.group('').resource('configmaps').namespace('lab').check('create')"
                     ".allowed()"},
                    &access),
            "true");
  EXPECT_EQ(access.last, (cel::AccessAsk{"", "", {}, "", "configmaps", "", "lab", "", "create"}));
  EXPECT_EQ(matched({"authorizer.group('apps').resource('deployments').subresource('scale')"
                     ".name('x').check('get').allowed()"},
                    &access),
            "false");
  EXPECT_EQ(access.last,
            (cel::AccessAsk{"", "", {}, "apps", "deployments", "scale", "", "x", "get"}));
  EXPECT_EQ(matched({"authorizer.serviceAccount('lab', 'robot').path('/healthz').check('get')"
                     ".reason() == ''"},
                    &access),
            "true");
  EXPECT_EQ(access.last, (cel::AccessAsk{"lab", "robot", "/healthz", "", "", "", "", "", "get"}));
  EXPECT_EQ(matched({"authorizer.requestResource.check('escalate').reason() == 'RBAC: allowed'"},
                    &access),
            "true");
  EXPECT_EQ(access.last,
            (cel::AccessAsk{"", "", {}, "shop.dev", "widgets", "", "lab", "a", "escalate"}));
  EXPECT_EQ(matched({"authorizer.path('').check('get').allowed()"}, &access),
            "expression 'authorizer.path('').check('get').allowed()' resulted in error: path must "
            "not be empty");
  EXPECT_EQ(matched({"authorizer.requestResource.check('a').errored() || "
                     "authorizer.requestResource.check('b').allowed() && "
                     "authorizer.requestResource.check('c').allowed()"},
                    &access),
            "expression 'authorizer.requestResource.check('a').errored() || "
            "authorizer.requestResource.check('b').allowed() && "
            "authorizer.requestResource.check('c').allowed()' resulted in error: operation "
            "cancelled: actual cost limit exceeded")
      << "two questions fit an expression, a third is too much";
  EXPECT_EQ(matched({"[1].all(authorizer, authorizer == 1)"}, &access), "true");
  EXPECT_EQ(matched({"authorizer.requestResource.check('get').allowed()"}),
            "expression 'authorizer.requestResource.check('get').allowed()' resulted in error: no "
            "such attribute(s): authorizer");
}

/// What is said of a list of conditions, one finding a line.
std::string refused(const std::string& list) {
  std::vector<Cause> causes;
  check_match_conditions(*parse_yaml(list), "m", causes);
  std::string out;
  for (const Cause& cause : causes)
    out += cause.field + ": " + cause.message + "\n";
  return out;
}

TEST(MatchConditions, Wrong_ones_are_refused_at_their_place) {
  EXPECT_EQ(refused("[{name: a, expression: 'object.spec.size > 1'}, {name: x.dev/b, expression: "
                    "'true'}]"),
            "");
  EXPECT_EQ(refused("[{name: a, expression: ' '}, {expression: 'true'}]"),
            "m[0].expression: Required value\nm[1].name: Required value\n");
  EXPECT_EQ(refused("[{name: a, expression: 'true'}, {name: a, expression: 'false'}]"),
            "m[1].name: Duplicate value: \"a\"\n");
  EXPECT_NE(refused("[{name: 'not good', expression: 'true'}]").find("m[0].name: Invalid value: "),
            std::string::npos);
  EXPECT_EQ(refused("[{name: a, expression: ' 1 + 1'}]"),
            "m[0].expression: Invalid value: \"1 + 1\": must evaluate to bool but got int\n");
  EXPECT_EQ(refused("[{name: a, expression: 'object.spec.ready'}]"),
            "m[0].expression: Invalid value: \"object.spec.ready\": must evaluate to bool but got "
            "dyn\n");
  EXPECT_EQ(refused("[{name: a, expression: 'request.verb == 1'}]"),
            "m[0].expression: Invalid value: \"request.verb == 1\": compilation failed: ERROR: "
            "<input>:1:8: undefined field 'verb'\n | request.verb == 1\n | .......^\n");
  EXPECT_EQ(refused("[{name: a, expression: 'variables.x == 1'}]").substr(0, 118),
            "m[0].expression: Invalid value: \"variables.x == 1\": compilation failed: ERROR: "
            "<input>:1:1: undeclared reference to 'v");
  std::string many = "[";
  for (int i = 0; i < 65; ++i)
    many += "{name: a" + std::to_string(i) + ", expression: 'true'},";
  EXPECT_EQ(refused(many + "]"), "m: Too many: 65: must have at most 64 items\n");
}

TEST(MatchConditions, What_was_stored_wrong_all_the_same_is_an_error) {
  EXPECT_EQ(matched({"object.spec.size"}), "compilation error: must evaluate to bool but got dyn");
}

}  // namespace
}  // namespace charter
