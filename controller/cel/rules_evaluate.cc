#include "controller/cel/rule_node.h"
#include "controller/cel/rules.h"
#include "controller/cel/text.h"
#include "controller/object/causes.h"

#include <nlohmann/json.hpp>

// Judging a write: which rules run, against which old value, and what is said of those that fail.
namespace charter::cel {
namespace {

/// The place of a value; its text is made only for findings.
struct Spot {
  const Spot* parent = nullptr;
  std::string_view name;
  size_t index = 0;
  enum class Step : uint8_t { Root, Field, Key, Index } step = Step::Root;

  std::string text() const {
    if (step == Step::Root) return {};
    const std::string before = parent->text();
    if (step == Step::Index) return before + "[" + std::to_string(index) + "]";
    if (step == Step::Key) return before + "[" + std::string(name) + "]";
    return before.empty() ? std::string(name) : before + "." + std::string(name);
  }
};

/// A value beside the one it replaces, with what tells their parts together.
struct Pair {
  const Json* value = nullptr;
  const Json* before = nullptr;
  const Declared* declared = nullptr;
};

/// Elements of an old list by their keys.
class OldItems {
 public:
  OldItems(const Json* list, const Declared& declared) : keys_(declared.list_keys) {
    if (list == nullptr || !list->is_array() || keys_.empty()) return;
    for (const Json& item : *list)
      by_identity_.emplace(identity_of(item, keys_), &item);
  }
  const Json* find(const Json& item) const {
    if (by_identity_.empty()) return nullptr;
    const auto at = by_identity_.find(identity_of(item, keys_));
    return at == by_identity_.end() ? nullptr : at->second;
  }

 private:
  const std::vector<std::string>& keys_;
  std::map<std::string, const Json*> by_identity_;
};

const Declared* part_of(const Declared& declared, const std::string& name) {
  const auto field = declared.fields.find(name);
  if (field != declared.fields.end()) return field->second.get();
  return declared.shape == Shape::Map ? declared.element.get() : nullptr;
}

// Unchanged, where parts are told together as server-side apply does. What the schema does not know
// counts as changed.
bool is_unchanged(const Pair& pair) {
  const auto [value, before, declared] = pair;
  if (value == nullptr || before == nullptr) return value == before;
  if (value->is_null() || before->is_null()) return value->is_null() && before->is_null();
  if (value->is_array() && before->is_array()) {
    if (declared->list_keys.empty() || !declared->element) return *value == *before;
    if (value->size() != before->size()) return false;
    const OldItems old(before, *declared);
    for (const Json& item : *value) {
      const Json* same = old.find(item);
      if (same == nullptr || !is_unchanged({&item, same, declared->element.get()})) return false;
    }
    return true;
  }
  if (!value->is_object() || !before->is_object()) return *value == *before;
  if (value->size() != before->size()) return false;
  for (const auto& [name, part] : value->items()) {
    const Declared* known = part_of(*declared, name);
    const auto old = before->find(name);
    if (known == nullptr || old == before->end() || !is_unchanged({&part, &*old, known}))
      return false;
  }
  return true;
}

/// Where ratcheting looks: at the value, or at the nearest one above that has an old counterpart.
struct Ratchet {
  std::optional<Pair> current, parent;

  bool holds() const {
    if (current) return is_unchanged(*current);
    return parent && is_unchanged(*parent);
  }
  Ratchet child(const Json& value, const Json* before, const Declared* declared) const {
    if (!current) return *this;
    std::optional<Pair> next;
    if (before != nullptr && declared != nullptr) next = Pair{&value, before, declared};
    return {next, current};
  }
};

std::string rule_words(const CompiledRule& rule) {
  return trimmed(rule.message.empty() ? rule.rule : rule.message);
}

// A Go error is printed with its rule, or with what the runtime could not do.
std::string evaluation_words(const CompiledRule& rule, std::string_view problem) {
  if (problem.starts_with("no such overload"))
    return "'" + std::string(problem) +
           "': call arguments did not match a supported operator, function or macro signature for "
           "rule: " +
           rule_words(rule);
  return std::string(problem) + " evaluating rule: " + rule_words(rule);
}

/// One write.
class Judge {
 public:
  explicit Judge(RuleReport& report) : report_(report) {}

  // False once the budget is spent: nothing more is judged then.
  bool validate(const RuleNode& node, const Json& value, const Json* before, const Spot& place,
                const Ratchet& ratchet) {
    if (value.is_null()) return true;
    if (before != nullptr && before->is_null()) before = nullptr;
    if (!node.rules.empty() && !rules(node, value, before, place, ratchet)) return false;
    for (const auto& branch : node.all_of)
      if (!validate(*branch, value, before, place, {std::nullopt, ratchet.parent})) return false;
    if (value.is_array()) return items(node, value, before, place, ratchet);
    return !value.is_object() || members(node, value, before, place, ratchet);
  }

 private:
  bool members(const RuleNode& node, const Json& value, const Json* before, const Spot& place,
               const Ratchet& ratchet) {
    if (node.fields.empty() && !node.values) return true;
    for (const auto& [name, part] : value.items()) {
      const auto field = node.fields.find(name);
      const RuleNode* child = node.values                  ? node.values.get()
                              : field != node.fields.end() ? field->second.get()
                                                           : nullptr;
      if (child == nullptr) continue;
      const Json* old = before != nullptr && before->is_object() && before->contains(name)
                            ? &(*before)[name]
                            : nullptr;
      const bool typed = place.step == Spot::Step::Root && (name == "apiVersion" || name == "kind");
      const Ratchet next =
          typed ? Ratchet{} : ratchet.child(part, old, part_of(*node.declared, name));
      const auto step = node.values ? Spot::Step::Key : Spot::Step::Field;
      if (!validate(*child, part, old, Spot{&place, name, 0, step}, next)) return false;
    }
    return true;
  }

  bool items(const RuleNode& node, const Json& value, const Json* before, const Spot& place,
             const Ratchet& ratchet) {
    if (!node.items) return true;
    const OldItems old(before, *node.declared);
    for (size_t i = 0; i < value.size(); ++i) {
      const Json* counterpart = old.find(value[i]);
      const Ratchet next = ratchet.child(value[i], counterpart, node.declared->element.get());
      if (!validate(*node.items, value[i], counterpart, Spot{&place, {}, i, Spot::Step::Index},
                    next))
        return false;
    }
    return true;
  }

  bool rules(const RuleNode& node, const Json& value, const Json* before, const Spot& place,
             const Ratchet& ratchet) {
    if (budget_ <= 0) return exhausted(node, place);
    const Value self = Value::of(&value, *node.declared);
    const Value old = before != nullptr ? Value::of(before, *node.declared)
                                        : Value::error("no such attribute(s): oldSelf");
    const std::vector<Value> plain{self, old};
    std::vector<Value> optional;
    for (const CompiledRule& rule : node.rules) {
      if (!rule.error.empty()) {
        add(invalid_cause(place.text(), node.type, "rule compile error: " + rule.error));
        continue;
      }
      if (!rule.program || (rule.uses_old && before == nullptr && !rule.optional_old)) continue;
      if (rule.optional_old && optional.empty())
        optional = {self, before != nullptr ? Value::optional(old) : Value::no_value()};
      const std::vector<Value>& variables = rule.optional_old ? optional : plain;
      const Outcome outcome = rule.program->evaluate(variables);
      if (outcome.value.is(true) && spend(outcome.cost)) continue;
      if (!failed(node, rule, value, variables, outcome, place, ratchet)) return false;
    }
    return true;
  }

  bool spend(uint64_t cost) {
    if (cost > static_cast<uint64_t>(std::max<int64_t>(budget_, 0))) return false;
    budget_ -= static_cast<int64_t>(cost);
    return true;
  }

  bool exhausted(const RuleNode& node, const Spot& place) {
    add(invalid_cause(place.text(), node.type,
                      "validation failed due to running out of cost budget, no further validation "
                      "rules will be run"));
    return false;
  }

  // The root has no place; kube prints its nil.
  static Cause placed(Cause cause) {
    if (cause.field.empty()) cause.field = "<nil>";
    return cause;
  }

  void add(Cause cause) { report_.causes.push_back(placed(std::move(cause))); }

  bool failed(const RuleNode& node, const CompiledRule& rule, const Json& value,
              const std::vector<Value>& variables, const Outcome& outcome, const Spot& place,
              const Ratchet& ratchet) {
    // A rule that held was charged where it was found to hold, unless that was too much.
    if (outcome.value.is(true) || !spend(outcome.cost)) return exhausted(node, place);
    if (outcome.cancelled) {
      add(invalid_cause(place.text(), node.type,
                        "'" + std::string(outcome.value.as_text()) +
                            "': no further validation rules will be run due to call cost exceeds "
                            "limit for rule: " +
                            rule_words(rule)));
      return false;
    }
    if (outcome.value.is_error()) {
      add(invalid_cause(place.text(), node.type, evaluation_words(rule, outcome.value.as_text())));
      return true;
    }
    std::string path = place.text();
    if (!rule.field_path.empty()) path += (path.empty() ? "" : ".") + rule.field_path;
    std::string detail;
    const bool goes_on = message(rule, variables, detail);
    if (!goes_on) {
      report(rule, ratchet, invalid_cause(path, node.type, detail));
      return false;
    }
    report(rule, ratchet, finding(node, rule, value, path, detail));
    return true;
  }

  void report(const CompiledRule& rule, const Ratchet& ratchet, Cause cause) {
    cause = placed(std::move(cause));
    if (!rule.uses_old && ratchet.holds())
      report_.warnings.push_back(cause.field + ": " + cause.message);
    else
      add(std::move(cause));
  }

  static Cause finding(const RuleNode& node, const CompiledRule& rule, const Json& value,
                       const std::string& path, const std::string& detail) {
    if (rule.reason == "FieldValueForbidden") return forbidden_cause(path, detail);
    if (rule.reason == "FieldValueRequired") return required_cause(path, detail);
    const bool omitted = node.type == "object" || node.type == "array";
    if (rule.reason == "FieldValueDuplicate")
      return omitted ? Cause{"FieldValueDuplicate", "Duplicate value", path}
                     : duplicate_cause(path, value);
    if (!omitted) return invalid_cause(path, value, detail);
    return {"FieldValueInvalid", "Invalid value: " + detail, path};
  }

  // The words of a finding; false when its expression spent the budget, `detail` then saying so.
  bool message(const CompiledRule& rule, const std::vector<Value>& variables, std::string& detail) {
    detail = rule.message.empty() ? "failed rule: " + rule_words(rule) : rule_words(rule);
    if (!rule.message_program) return true;
    const Outcome outcome = rule.message_program->evaluate(variables);
    if (!spend(outcome.cost)) {
      detail =
          "messageExpression evaluation failed due to running out of cost budget, no further "
          "validation rules will be run";
      return false;
    }
    if (outcome.cancelled) {
      detail =
          "no further validation rules will be run due to call cost exceeds limit for "
          "messageExpression: " +
          go_quote(rule.message_expression);
      return false;
    }
    if (outcome.value.kind() != Kind::String) return true;
    const std::string made = trimmed(outcome.value.as_text());
    const bool usable = !made.empty() && made.size() <= limits::kMessageBytesMax &&
                        made.find('\n') == std::string::npos;
    if (usable) detail = made;
    return true;
  }

  RuleReport& report_;
  int64_t budget_ = limits::kWriteCostMax;
};

}  // namespace

void RuleSet::validate(const Json& object, const Json* before, RuleReport& report) const {
  Ratchet ratchet;
  if (before != nullptr) ratchet.current = Pair{&object, before, declared_.get()};
  Judge(report).validate(*root_, object, before, Spot{}, ratchet);
}

}  // namespace charter::cel
