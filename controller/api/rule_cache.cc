#include "controller/api/rule_cache.h"

#include "controller/cel/rules.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

/// kube-apiserver skips the rules of an object whose shape is wrong, and says so.
bool hides_rules(const std::vector<Cause>& causes) {
  return std::any_of(causes.begin(), causes.end(), [](const Cause& cause) {
    return cause.reason == "FieldValueTypeInvalid" || cause.reason == "FieldValueRequired" ||
           cause.reason == "FieldValueTooMany" || cause.reason == "FieldValueTooLong";
  });
}

const Json* schema_of(const Json& version) {
  return at(version, {"schema", "openAPIV3Schema"});
}

bool stood_before(const Json& version, const Json* before) {
  const Json* versions = before != nullptr ? at(*before, {"spec", "versions"}) : nullptr;
  if (versions == nullptr || !versions->is_array()) return false;
  return std::any_of(versions->begin(), versions->end(), [&](const Json& old) {
    const Json* schema = schema_of(old);
    return text_at(old, {"name"}) == text_at(version, {"name"}) && schema != nullptr &&
           *schema == *schema_of(version);
  });
}

Cause rules_not_checked() {
  return {"FieldValueInvalid",
          "Invalid value: null: some validation rules were not checked because the object was "
          "invalid; correct the existing errors to complete validation",
          "<nil>"};
}

}  // namespace

std::shared_ptr<RuleCache::Entry> RuleCache::entry_of(const std::shared_ptr<const Schema>& schema) {
  const std::lock_guard lock(mutex_);
  const auto at = known_.find(schema.get());
  // The address may have been another schema's, which is gone.
  if (at != known_.end() && at->second->schema.lock() == schema) return at->second;
  std::erase_if(known_, [](const auto& entry) { return entry.second->schema.expired(); });
  return known_[schema.get()] = std::make_shared<Entry>(schema);
}

std::shared_ptr<const cel::RuleSet> RuleCache::find(const std::shared_ptr<const Schema>& schema) {
  const auto entry = entry_of(schema);
  std::call_once(entry->compiled, [&] {
    // A stored definition was judged when it was written; what is wrong with a rule nevertheless is
    // said at each write.
    std::vector<Cause> said;
    entry->rules = cel::RuleSet::compile(schema->source(), "", said, cel::CostRule::Unlimited);
  });
  return entry->rules;
}

std::shared_ptr<RuleCache> make_rule_cache() {
  return std::make_shared<RuleCache>();
}

void judge_rules(RuleCache& rules, const std::shared_ptr<const Schema>& schema, const Json& object,
                 const Json* before, std::vector<Cause>& causes,
                 std::vector<std::string>& warnings) {
  if (!schema->has_rules()) return;
  if (hides_rules(causes)) {
    causes.push_back(rules_not_checked());
    return;
  }
  const auto compiled = rules.find(schema);
  if (!compiled) return;
  cel::RuleReport report;
  compiled->validate(object, before, report);
  causes.insert(causes.end(), report.causes.begin(), report.causes.end());
  warnings.insert(warnings.end(), report.warnings.begin(), report.warnings.end());
}

void check_rules(const Json& definition, const Json* before, std::vector<Cause>& causes) {
  const Json* versions = at(definition, {"spec", "versions"});
  if (versions == nullptr || !versions->is_array() || versions->empty()) return;
  bool shared = true;
  for (const Json& version : *versions) {
    if (schema_of(version) == nullptr) return;
    shared = shared && *schema_of(version) == *schema_of(versions->front());
  }
  // apiextensions reports a schema that all versions share at the place it had in v1beta1.
  for (size_t i = 0; i < (shared ? 1 : versions->size()); ++i) {
    const Json& version = (*versions)[i];
    const std::string path =
        shared ? "spec.validation.openAPIV3Schema"
               : "spec.versions[" + std::to_string(i) + "].schema.openAPIV3Schema";
    cel::RuleSet::compile(
        *schema_of(version), path, causes,
        stood_before(version, before) ? cel::CostRule::Unlimited : cel::CostRule::Limited);
  }
}

}  // namespace charter
