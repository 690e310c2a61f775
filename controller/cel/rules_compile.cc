#include "controller/cel/rule_node.h"
#include "controller/cel/rules.h"
#include "controller/object/causes.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>

// From x-kubernetes-validations to programs, with what kube-apiserver says about wrong ones.
namespace charter::cel {
namespace {

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(kSpace) - begin + 1));
}

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

/// Walks a schema and makes the nodes of its rules.
class RuleCompiler {
 public:
  explicit RuleCompiler(std::vector<Cause>& causes) : causes_(causes) {}

  // Null when there is nothing to evaluate here or below.
  std::unique_ptr<RuleNode> build(const Json& schema, const Declared& declared,
                                  const std::string& path, const std::string& uncorrelatable) {
    if (!schema.is_object()) return nullptr;
    auto node = std::make_unique<RuleNode>();
    node->declared = &declared;
    node->type = text_at(schema, {"type"});
    bool any = children(*node, schema, declared, path, uncorrelatable);
    if (const Json* rules = rules_of(schema)) {
      any = true;
      read_rules(*node, *rules, schema, path, uncorrelatable);
    }
    any |= branches(*node, schema, declared, path);
    return any ? std::move(node) : nullptr;
  }

 private:
  bool children(RuleNode& node, const Json& schema, const Declared& declared,
                const std::string& path, const std::string& uncorrelatable) {
    bool any = false;
    if (const Json* properties = at(schema, {"properties"}); properties && properties->is_object())
      for (const auto& [name, child] : properties->items()) {
        const auto field = declared.fields.find(name);
        if (field == declared.fields.end()) continue;
        auto built =
            build(child, *field->second, path + ".properties[" + name + "]", uncorrelatable);
        if (!built) continue;
        node.fields[name] = std::move(built);
        any = true;
      }
    if (const Json* values = at(schema, {"additionalProperties"}); values && declared.element)
      node.values =
          build(*values, *declared.element, path + ".additionalProperties", uncorrelatable);
    if (const Json* items = at(schema, {"items"}); items && declared.element) {
      const bool keyed = !declared.list_keys.empty();
      node.items = build(*items, *declared.element, path + ".items",
                         keyed || !uncorrelatable.empty() ? uncorrelatable : path);
    }
    return any || node.values || node.items;
  }

  // Rules below allOf are evaluated, and not looked at when the definition is written.
  bool branches(RuleNode& node, const Json& schema, const Declared& declared,
                const std::string& path) {
    const Json* list = at(schema, {"allOf"});
    if (list == nullptr || !list->is_array()) return false;
    std::vector<Cause> unseen;
    for (const Json& branch : *list)
      if (auto built = RuleCompiler(unseen).build(branch, declared, path, "")) {
        built->type = node.type;
        node.all_of.push_back(std::move(built));
      }
    return !node.all_of.empty();
  }

  void read_rules(RuleNode& node, const Json& rules, const Json& schema, const std::string& path,
                  const std::string& uncorrelatable) {
    const std::string place = path + ".x-kubernetes-validations";
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
      node.rules.push_back(compile_rule(rules[i], node.declared->type, schema));
      if (worded)
        judge(node.rules.back(), rules[i], place + "[" + std::to_string(i) + "].", uncorrelatable);
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

  void judge(const CompiledRule& rule, const Json& source, const std::string& place,
             const std::string& uncorrelatable) {
    if (!rule.error.empty()) causes_.push_back(wrong_rule(place + "rule", source, rule.error));
    if (!rule.message_error.empty())
      causes_.push_back(wrong_rule(place + "messageExpression", source, rule.message_error));
    if (rule.uses_old && !uncorrelatable.empty())
      causes_.push_back(invalid_cause(
          place + "rule", rule.rule,
          "oldSelf cannot be used on the uncorrelatable portion of the schema within " +
              uncorrelatable));
    const Json* optional = at(source, {"optionalOldSelf"});
    if (!rule.uses_old && optional != nullptr && optional->is_boolean())
      causes_.push_back(invalid_cause(place + "optionalOldSelf", *optional,
                                      "may not be set if oldSelf is not used in rule"));
  }

  std::vector<Cause>& causes_;
};

// What is wrong with constants is found after the compiler's findings.
bool was_compiled(std::string_view problem) {
  return !problem.starts_with("ERROR: ");
}

void compile_message(CompiledRule& out, const std::vector<Variable>& variables) {
  std::string problem;
  auto program = Program::compile(out.message_expression, variables, problem);
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

CompiledRule compile_rule(const Json& source, const TypePtr& self, const Json& schema) {
  CompiledRule out;
  out.rule = text_at(source, {"rule"});
  out.message = text_at(source, {"message"});
  out.message_expression = text_at(source, {"messageExpression"});
  out.reason = text_at(source, {"reason"});
  out.optional_old = flag_at(source, {"optionalOldSelf"}, false);
  if (trimmed(out.rule).empty()) return out;
  const std::vector<Variable> variables{
      {"self", self}, {"oldSelf", out.optional_old ? Type::optional(self) : self}};
  std::string problem;
  out.program = Program::compile(out.rule, variables, problem);
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
  if (!out.message_expression.empty()) compile_message(out, variables);
  if (const std::string path = text_at(source, {"fieldPath"}); !path.empty())
    out.field_path = normalize_field_path(path, schema).value_or("");
  return out;
}

RuleSet::RuleSet() = default;
RuleSet::~RuleSet() = default;

std::shared_ptr<const RuleSet> RuleSet::compile(const Json& schema, const std::string& path,
                                                std::vector<Cause>& causes) {
  if (!has_rules(schema)) return nullptr;
  std::shared_ptr<RuleSet> out(new RuleSet);
  out->declared_ = declare(schema, true, "selfType");
  out->root_ = RuleCompiler(causes).build(schema, *out->declared_, path, "");
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
