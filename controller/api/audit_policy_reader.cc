#include "controller/api/audit_policy.h"
#include "controller/base/check.h"
#include "controller/base/embedded.h"
#include "controller/base/limits.h"
#include "controller/object/causes.h"
#include "controller/object/labels.h"
#include "controller/object/schema.h"

#include <nlohmann/json.hpp>

#include <array>

// The part of audit_policy.h that reads a file. Its shape is a schema, as every other document's;
// what a schema cannot say follows in check_rule, with kube-apiserver's words.
namespace charter {
namespace {

constexpr const char* kAuditApiVersion = "audit.k8s.io/v1";
constexpr std::array kLevels = {AuditLevel::None, AuditLevel::Metadata, AuditLevel::Request,
                                AuditLevel::RequestResponse};
constexpr std::array kStages = {AuditStage::RequestReceived, AuditStage::ResponseStarted,
                                AuditStage::ResponseComplete, AuditStage::Panic};

Json words_schema() {
  return {{"type", "array"}, {"maxItems", limits::kAuditListMax}, {"items", {{"type", "string"}}}};
}

Json stages_schema() {
  Json out = words_schema();
  for (const AuditStage stage : kStages)
    out["items"]["enum"].push_back(stage_word(stage));
  return out;
}

Json rule_schema() {
  Json level = {{"type", "string"}};
  for (const AuditLevel one : kLevels)
    level["enum"].push_back(level_word(one));
  const Json resources = {{"type", "array"},
                          {"maxItems", limits::kAuditListMax},
                          {"items",
                           {{"type", "object"},
                            {"properties",
                             {{"group", {{"type", "string"}}},
                              {"resources", words_schema()},
                              {"resourceNames", words_schema()}}}}}};
  return {{"type", "object"},
          {"required", {"level"}},
          {"properties",
           {{"level", level},
            {"users", words_schema()},
            {"userGroups", words_schema()},
            {"verbs", words_schema()},
            {"namespaces", words_schema()},
            {"nonResourceURLs", words_schema()},
            {"resources", resources},
            {"omitStages", stages_schema()},
            {"omitManagedFields", {{"type", "boolean"}}}}}};
}

std::shared_ptr<const Schema> policy_schema() {
  const Json schema = {
      {"type", "object"},
      {"properties",
       {{"omitStages", stages_schema()},
        {"omitManagedFields", {{"type", "boolean"}}},
        {"rules",
         {{"type", "array"}, {"maxItems", limits::kAuditRulesMax}, {"items", rule_schema()}}}}}};
  std::vector<Cause> causes;
  auto out = Schema::compile(schema, "", causes);
  CHECK_MSG(out != nullptr, causes.empty() ? "" : causes[0].field + causes[0].message);
  return out;
}

std::vector<std::string> words_of(const Json& rule, const char* key) {
  const auto list = rule.find(key);
  return list == rule.end() || list->is_null() ? std::vector<std::string>()
                                               : list->get<std::vector<std::string>>();
}

AuditStages stages_of(const Json& tree) {
  AuditStages out;
  for (const std::string& word : words_of(tree, "omitStages")) {
    for (const AuditStage stage : kStages) {
      if (word == stage_word(stage)) out.add(stage);
    }
  }
  return out;
}

AuditRule read_rule(const Json& tree, const AuditVerdict& policy) {
  AuditRule out;
  out.verdict = policy;
  out.verdict.omitted.add(stages_of(tree));
  out.verdict.omit_managed_fields =
      flag_at(tree, {"omitManagedFields"}, policy.omit_managed_fields);
  for (const AuditLevel level : kLevels) {
    if (text_at(tree, {"level"}) == level_word(level)) out.verdict.level = level;
  }
  out.users = words_of(tree, "users");
  out.groups = words_of(tree, "userGroups");
  out.verbs = words_of(tree, "verbs");
  out.namespaces = words_of(tree, "namespaces");
  out.paths = words_of(tree, "nonResourceURLs");
  if (const Json* list = at(tree, {"resources"}); list && list->is_array()) {
    for (const Json& entry : *list) {
      out.resources.push_back({text_at(entry, {"group"}), words_of(entry, "resources"),
                               words_of(entry, "resourceNames")});
    }
  }
  return out;
}

void check_rule(const AuditRule& rule, const std::string& path, std::vector<Cause>& causes) {
  for (size_t i = 0; i < rule.paths.size(); ++i) {
    const std::string& one = rule.paths[i];
    const std::string field = path + ".nonResourceURLs[" + std::to_string(i) + "]";
    if (one == "*") continue;
    if (!one.starts_with('/')) {
      causes.push_back(
          invalid_cause(field, one, "non-resource URL rules must begin with a '/' character"));
    } else if (one.find('*') < one.size() - 1) {
      causes.push_back(invalid_cause(
          field, one, "non-resource URL wildcards '*' must be the final character of the rule"));
    }
  }
  for (size_t i = 0; i < rule.resources.size(); ++i) {
    const AuditResources& one = rule.resources[i];
    const std::string field = path + ".resources[" + std::to_string(i) + "]";
    const std::string problem = one.group.empty() ? "" : subdomain_problem(one.group);
    if (!problem.empty()) causes.push_back(invalid_cause(field + ".group", one.group, problem));
    if (!one.names.empty() && one.resources.empty())
      causes.push_back(invalid_cause(field + ".resourceNames", one.names,
                                     "using resourceNames requires at least one resource"));
  }
  if (!rule.paths.empty() && (!rule.resources.empty() || !rule.namespaces.empty()))
    causes.push_back(
        invalid_cause(path + ".nonResourceURLs", rule.paths,
                      "rules cannot apply to both regular resources and non-resource URLs"));
}

Error invalid_policy(std::vector<Cause> causes) {
  std::string text;
  for (const Cause& cause : causes)
    text += (text.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  return {Code::Invalid, text, {}, std::move(causes)};
}

}  // namespace

Result<AuditPolicy> parse_audit_policy(std::string_view text) {
  std::vector<std::string> duplicates;
  auto parsed = parse_yaml(text, &duplicates);
  if (!parsed) return Error{Code::Invalid, parsed.error().message};
  Json tree = std::move(*parsed);
  std::vector<Cause> causes;
  if (!tree.is_object()) return Error{Code::Invalid, "a policy must be an object"};
  if (text_at(tree, {"apiVersion"}) != kAuditApiVersion)
    causes.push_back(
        unsupported_cause("apiVersion", tree.value("apiVersion", Json()), {kAuditApiVersion}));
  if (text_at(tree, {"kind"}) != "Policy")
    causes.push_back(unsupported_cause("kind", tree.value("kind", Json()), {"Policy"}));
  for (const std::string& path : duplicates)
    causes.push_back({"FieldValueDuplicate", "duplicate field", path});
  const auto schema = policy_schema();
  std::vector<std::string> unknown;
  schema->validate(tree, causes);
  schema->prune(tree, &unknown);
  for (const std::string& path : unknown)
    causes.push_back({"FieldValueInvalid", "unknown field", path});
  if (!causes.empty()) return invalid_policy(std::move(causes));
  AuditPolicy out;
  out.otherwise.omitted = stages_of(tree);
  out.otherwise.omit_managed_fields = flag_at(tree, {"omitManagedFields"}, false);
  const Json rules = tree.value("rules", Json::array());
  for (size_t i = 0; i < rules.size(); ++i) {
    out.rules.push_back(read_rule(rules[i], out.otherwise));
    check_rule(out.rules.back(), "rules[" + std::to_string(i) + "]", causes);
  }
  if (out.rules.empty())
    causes.push_back(required_cause("rules", "a policy has at least one rule"));
  if (!causes.empty()) return invalid_policy(std::move(causes));
  return out;
}

AuditPolicy builtin_audit_policy() {
  const auto files = embedded::audit_policies();
  CHECK(files.size() == 1);
  auto policy = parse_audit_policy(files[0].text);
  CHECK_MSG(policy.has_value(), policy ? "" : policy.error().message);
  policy->records_refusals = true;
  return std::move(*policy);
}

}  // namespace charter
