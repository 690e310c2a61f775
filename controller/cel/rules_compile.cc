#include "controller/cel/estimate_sizes.h"
#include "controller/cel/rule_costs.h"
#include "controller/cel/rule_node.h"
#include "controller/cel/rules.h"
#include "controller/cel/text.h"
#include "controller/object/causes.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>

// From x-kubernetes-validations to programs, with what kube-apiserver says about wrong ones.
namespace charter::cel {
namespace {

bool has_newline(std::string_view text) {
  return text.find_first_of("\r\n") != std::string_view::npos;
}

const Json* rules_of(const Json& schema) {
  const Json* rules = at(schema, {"x-kubernetes-validations"});
  return rules != nullptr && rules->is_array() && !rules->empty() ? rules : nullptr;
}

// Go's encoding of a text in JSON, which escapes what HTML would read.
std::string go_json(const std::string& text) {
  std::string out;
  for (const char c : encode(Json(text))) {
    if (c == '<')
      out += "\\u003c";
    else if (c == '>')
      out += "\\u003e";
    else if (c == '&')
      out += "\\u0026";
    else
      out += c;
  }
  return out;
}

// A rule as kube prints it: its internal type, encoded.
std::string rule_text(const Json& rule) {
  const auto text = [&](const char* key) { return go_json(text_at(rule, {key})); };
  std::string out = "{\"Rule\":" + text("rule") + ",\"Message\":" + text("message") +
                    ",\"MessageExpression\":" + text("messageExpression") + ",\"Reason\":";
  out += rule.contains("reason") ? text("reason") : "null";
  out += ",\"FieldPath\":" + text("fieldPath") + ",\"OptionalOldSelf\":";
  const Json* optional = at(rule, {"optionalOldSelf"});
  return out + (optional != nullptr && optional->is_boolean() ? encode(*optional) : "null") + "}";
}

Cause wrong_rule(std::string field, const Json& rule, std::string_view detail) {
  return {"FieldValueInvalid", "Invalid value: " + rule_text(rule) + ": " + std::string(detail),
          std::move(field)};
}

/// A node on the way through a schema.
struct Spot {
  std::string path;
  std::string uncorrelatable;  ///< the list above whose elements nothing tells together
  Copies copies = 1;

  Spot child(const Json& schema, const std::string& name) const {
    return {path + name, uncorrelatable, copies_below(schema, copies)};
  }
};

/// Walks a schema and makes the nodes of its rules.
class RuleCompiler {
 public:
  RuleCompiler(std::vector<Cause>& causes, CostRule cost) : causes_(causes), cost_(cost) {}

  // Null when there is nothing to evaluate here or below.
  std::unique_ptr<RuleNode> build(const Json& schema, const Declared& declared, const Spot& spot) {
    if (!schema.is_object()) return nullptr;
    auto node = std::make_unique<RuleNode>();
    node->declared = &declared;
    node->type = text_at(schema, {"type"});
    bool any = children(*node, schema, declared, spot);
    if (const Json* rules = rules_of(schema)) {
      any = true;
      read_rules(*node, *rules, schema, spot);
    }
    any |= branches(*node, schema, declared, spot);
    return any ? std::move(node) : nullptr;
  }

  // What all rules together may cost, when the root has been built.
  void check_total(const std::string& path) const {
    if (cost_ == CostRule::Limited) costs_.check_total(path, causes_);
  }

 private:
  bool children(RuleNode& node, const Json& schema, const Declared& declared, const Spot& spot) {
    bool any = false;
    if (const Json* properties = at(schema, {"properties"}); properties && properties->is_object())
      for (const auto& [name, child] : properties->items()) {
        const auto field = declared.fields.find(name);
        if (field == declared.fields.end()) continue;
        auto built = build(child, *field->second, spot.child(schema, ".properties[" + name + "]"));
        if (!built) continue;
        node.fields[name] = std::move(built);
        any = true;
      }
    if (const Json* values = at(schema, {"additionalProperties"}); values && declared.element)
      node.values = build(*values, *declared.element, spot.child(schema, ".additionalProperties"));
    if (const Json* items = at(schema, {"items"}); items && declared.element) {
      Spot below = spot.child(schema, ".items");
      if (declared.list_keys.empty() && below.uncorrelatable.empty())
        below.uncorrelatable = spot.path;
      node.items = build(*items, *declared.element, below);
    }
    return any || node.values || node.items;
  }

  // Rules below allOf are evaluated, and not looked at when the definition is written.
  static bool branches(RuleNode& node, const Json& schema, const Declared& declared,
                       const Spot& spot) {
    const Json* list = at(schema, {"allOf"});
    if (list == nullptr || !list->is_array()) return false;
    std::vector<Cause> unseen;
    for (const Json& branch : *list)
      if (auto built =
              RuleCompiler(unseen, CostRule::Unlimited).build(branch, declared, {spot.path, ""})) {
        built->type = node.type;
        node.all_of.push_back(std::move(built));
      }
    return !node.all_of.empty();
  }

  void read_rules(RuleNode& node, const Json& rules, const Json& schema, const Spot& spot) {
    const std::string place = spot.path + ".x-kubernetes-validations";
    const size_t before = causes_.size();
    for (size_t i = 0; i < rules.size(); ++i)
      check_words(rules[i], schema, place + "[" + std::to_string(i) + "].");
    if (!node.declared->exposed) {
      causes_.push_back({"InternalError",
                         "Internal error: internal error: failed to construct type information for "
                         "x-kubernetes-validations rules: unable to convert structural schema to "
                         "CEL declarations",
                         place});
      return;
    }
    const bool worded = causes_.size() == before;
    for (size_t i = 0; i < rules.size(); ++i) {
      node.rules.push_back(compile_rule(rules[i], *node.declared, schema));
      if (worded)
        judge(node.rules.back(), rules[i], *node.declared,
              {place + "[" + std::to_string(i) + "].", spot.uncorrelatable, spot.copies});
    }
  }

  void check_words(const Json& rule, const Json& schema, const std::string& place) {
    const std::string text = text_at(rule, {"rule"});
    const std::string message = text_at(rule, {"message"});
    if (trimmed(text).empty())
      causes_.push_back(required_cause(place + "rule", "rule is not specified"));
    else if (!message.empty() && trimmed(message).empty())
      causes_.push_back(
          invalid_cause(place + "message", message, "must be non-empty if specified"));
    else if (has_newline(trimmed(message)))
      causes_.push_back(invalid_cause(place + "message", message, "must not contain line breaks"));
    else if (has_newline(trimmed(text)) && trimmed(message).empty())
      causes_.push_back(required_cause(place + "message",
                                       "message must be specified if rule contains line breaks"));
    const std::string expression = text_at(rule, {"messageExpression"});
    if (!expression.empty() && trimmed(expression).empty())
      causes_.push_back(required_cause(place + "messageExpression",
                                       "messageExpression must be non-empty if specified"));
    check_reason(rule, place);
    check_field_path(text_at(rule, {"fieldPath"}), schema, place + "fieldPath");
  }

  void check_reason(const Json& rule, const std::string& place) {
    static const std::vector<std::string> kReasons{"FieldValueDuplicate", "FieldValueForbidden",
                                                   "FieldValueInvalid", "FieldValueRequired"};
    if (!rule.is_object() || !rule.contains("reason")) return;
    const std::string reason = text_at(rule, {"reason"});
    if (std::find(kReasons.begin(), kReasons.end(), reason) == kReasons.end())
      causes_.push_back(unsupported_cause(place + "reason", reason, kReasons));
  }

  void check_field_path(const std::string& path, const Json& schema, const std::string& place) {
    if (path.empty()) return;
    if (trimmed(path).empty())
      causes_.push_back(invalid_cause(place, path, "must be non-empty if specified"));
    if (has_newline(path))
      causes_.push_back(invalid_cause(place, path, "must not contain line breaks"));
    if (!normalize_field_path(path, schema))
      causes_.push_back(invalid_cause(place, path, "must be a valid path"));
  }

  // In kube's order. It counts a message once, however often its rule may fail.
  void judge(const CompiledRule& rule, const Json& source, const Declared& declared,
             const Spot& spot) {
    const int64_t bytes = declared.bytes_min + 1;
    const uint64_t copies =
        spot.copies.value_or(static_cast<uint64_t>(limits::kRequestBytes / bytes));
    if (rule.program) weigh(spot.path, "rule", bounded_product(rule.program->max_cost(), copies));
    if (!rule.error.empty()) causes_.push_back(wrong_rule(spot.path + "rule", source, rule.error));
    if (!rule.message_error.empty())
      causes_.push_back(wrong_rule(spot.path + "messageExpression", source, rule.message_error));
    if (rule.message_program)
      weigh(spot.path, "messageExpression", rule.message_program->max_cost());
    if (rule.uses_old && !spot.uncorrelatable.empty())
      causes_.push_back(invalid_cause(
          spot.path + "rule", rule.rule,
          "oldSelf cannot be used on the uncorrelatable portion of the schema within " +
              spot.uncorrelatable));
    const Json* optional = at(source, {"optionalOldSelf"});
    if (!rule.uses_old && optional != nullptr && optional->is_boolean())
      causes_.push_back(invalid_cause(spot.path + "optionalOldSelf", *optional,
                                      "may not be set if oldSelf is not used in rule"));
  }

  void weigh(const std::string& place, const char* what, uint64_t cost) {
    if (cost_ == CostRule::Limited) costs_.add(place + what, what, cost, causes_);
  }

  std::vector<Cause>& causes_;
  const CostRule cost_;
  RuleCosts costs_;
};

// What is wrong with constants is found after the compiler's findings.
bool was_compiled(std::string_view problem) {
  return !problem.starts_with("ERROR: ");
}

void compile_message(CompiledRule& out, const std::vector<Variable>& variables,
                     const Declared& self) {
  std::string problem;
  auto program = Program::compile(out.message_expression, variables, problem, &self);
  if (!program)
    out.message_error = (was_compiled(problem) ? "messageExpression instantiation failed: "
                                               : "messageExpression compilation failed: ") +
                        problem;
  else if (program->type().kind != Kind::String)
    out.message_error = "messageExpression must evaluate to a string";
  else
    out.message_program = std::move(program);
}

}  // namespace

CompiledRule compile_rule(const Json& source, const Declared& self, const Json& schema) {
  CompiledRule out;
  out.rule = text_at(source, {"rule"});
  out.message = text_at(source, {"message"});
  out.message_expression = text_at(source, {"messageExpression"});
  out.reason = text_at(source, {"reason"});
  out.optional_old = flag_at(source, {"optionalOldSelf"}, false);
  if (trimmed(out.rule).empty()) return out;
  const std::vector<Variable> variables{
      {"self", self.type}, {"oldSelf", out.optional_old ? Type::optional(self.type) : self.type}};
  std::string problem;
  out.program = Program::compile(out.rule, variables, problem, &self);
  if (!out.program) {
    out.error =
        (was_compiled(problem) ? "program instantiation failed: " : "compilation failed: ") +
        problem;
    return out;
  }
  if (out.program->type().kind != Kind::Bool) {
    out.error = "cel expression must evaluate to a bool";
    out.program.reset();
    return out;
  }
  out.uses_old = out.program->uses(1);
  if (!out.message_expression.empty()) compile_message(out, variables, self);
  if (const std::string path = text_at(source, {"fieldPath"}); !path.empty())
    out.field_path = normalize_field_path(path, schema).value_or("");
  return out;
}

RuleSet::RuleSet() = default;
RuleSet::~RuleSet() = default;

std::shared_ptr<const RuleSet> RuleSet::compile(const Json& schema, const std::string& path,
                                                std::vector<Cause>& causes, CostRule cost) {
  if (!has_rules(schema)) return nullptr;
  std::shared_ptr<RuleSet> out(new RuleSet);
  out->declared_ = declare(schema, true, "selfType");
  RuleCompiler compiler(causes, cost);
  out->root_ = compiler.build(schema, *out->declared_, {path, ""});
  compiler.check_total(path);
  return out->root_ ? std::move(out) : nullptr;
}

bool has_rules(const Json& schema) {
  if (schema.is_array()) return std::any_of(schema.begin(), schema.end(), has_rules);
  if (!schema.is_object()) return false;
  if (rules_of(schema) != nullptr) return true;
  if (const Json* properties = at(schema, {"properties"}); properties && properties->is_object())
    if (std::any_of(properties->begin(), properties->end(), has_rules)) return true;
  for (const char* key : {"items", "additionalProperties", "allOf"})
    if (const Json* child = at(schema, {key}); child != nullptr && has_rules(*child)) return true;
  return false;
}

}  // namespace charter::cel
