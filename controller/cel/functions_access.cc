#include "controller/cel/access.h"
#include "controller/cel/functions.h"
#include "controller/cel/text.h"
#include "controller/object/labels.h"

#include <memory>
#include <utility>

// Kubernetes' library of authorization checks: each step makes a fuller question, `check` asks it.
// Selectors of fields and labels are taken and change nothing, for RBAC does not look at them.
namespace charter::cel {
namespace {

constexpr std::string_view kAuthorizer = "kubernetes.authorization.Authorizer";
constexpr std::string_view kPath = "kubernetes.authorization.PathCheck";
constexpr std::string_view kGroup = "kubernetes.authorization.GroupCheck";
constexpr std::string_view kResource = "kubernetes.authorization.ResourceCheck";
constexpr std::string_view kDecision = "kubernetes.authorization.Decision";

/// A question on its way, which of the first four types it is.
struct Check : Opaque {
  Check(std::string_view of, const AccessJudge& by, AccessAsk what)
      : type(of), judge(by), ask(std::move(what)) {}
  std::string_view type_name() const override { return type; }
  bool equals(const Opaque& other) const override {
    return other.type_name() == type && static_cast<const Check&>(other).ask == ask;
  }

  const std::string_view type;
  const AccessJudge& judge;
  const AccessAsk ask;
};

struct Decision : Opaque {
  explicit Decision(AccessJudge::Answer said) : answer(std::move(said)) {}
  std::string_view type_name() const override { return kDecision; }
  bool equals(const Opaque& other) const override {
    if (other.type_name() != kDecision) return false;
    const auto& right = static_cast<const Decision&>(other).answer;
    return right.allowed == answer.allowed && right.reason == answer.reason;
  }

  const AccessJudge::Answer answer;
};

const Check& check_of(const Value& value) {
  return static_cast<const Check&>(value.as_opaque());
}

const AccessJudge::Answer& answer_of(const Value& value) {
  return static_cast<const Decision&>(value.as_opaque()).answer;
}

/// The check of args[0] as one of `type`, changed by `change`.
template <typename Change>
Value next(const Value* args, std::string_view type, const Change& change) {
  const Check& from = check_of(args[0]);
  AccessAsk ask = from.ask;
  change(ask, std::string(args[1].as_text()));
  return Value::opaque(std::make_unique<Check>(type, from.judge, std::move(ask)));
}

Value path(const Value* args, size_t, CallContext&) {
  if (trimmed(args[1].as_text()).empty()) return Value::error("path must not be empty");
  return next(args, kPath, [](AccessAsk& ask, std::string text) { ask.path = std::move(text); });
}

Value group(const Value* args, size_t, CallContext&) {
  return next(args, kGroup, [](AccessAsk& ask, std::string text) { ask.group = std::move(text); });
}

Value service_account(const Value* args, size_t, CallContext&) {
  const std::string name(args[2].as_text());
  if (!subdomain_problem(name).empty()) return Value::error("Invalid service account name");
  if (!dns_label_problem(std::string(args[1].as_text())).empty())
    return Value::error("Invalid service account namespace");
  return next(args, kAuthorizer, [&](AccessAsk& ask, std::string ns) {
    ask.account_ns = std::move(ns);
    ask.account = name;
  });
}

Value resource(const Value* args, size_t, CallContext&) {
  if (trimmed(args[1].as_text()).empty()) return Value::error("resource must not be empty");
  return next(args, kResource,
              [](AccessAsk& ask, std::string text) { ask.resource = std::move(text); });
}

template <std::string AccessAsk::*member>
Value narrowed(const Value* args, size_t, CallContext&) {
  return next(args, kResource, [](AccessAsk& ask, std::string text) { ask.*member = text; });
}

Value selected(const Value* args, size_t, CallContext&) {
  return args[0];
}

Value check(const Value* args, size_t, CallContext&) {
  AccessAsk ask = check_of(args[0]).ask;
  ask.verb = args[1].as_text();
  return Value::opaque(std::make_unique<Decision>(check_of(args[0]).judge.decide(ask)));
}

Value allowed(const Value* args, size_t, CallContext&) {
  return Value::boolean(answer_of(args[0]).allowed);
}

Value reason(const Value* args, size_t, CallContext&) {
  return Value::text(answer_of(args[0]).reason);
}

// RBAC answers every question.
Value errored(const Value*, size_t, CallContext&) {
  return Value::boolean(false);
}

Value error_text(const Value*, size_t, CallContext&) {
  return Value::text("");
}

}  // namespace

TypePtr authorizer_type() {
  return Type::opaque(std::string(kAuthorizer));
}

TypePtr resource_check_type() {
  return Type::opaque(std::string(kResource));
}

Value authorizer_value(const AccessJudge& judge) {
  return Value::opaque(std::make_unique<Check>(kAuthorizer, judge, AccessAsk{}));
}

Value resource_check_value(const AccessJudge& judge, AccessAsk ask) {
  return Value::opaque(std::make_unique<Check>(kResource, judge, std::move(ask)));
}

std::vector<FunctionRow> access_rows() {
  constexpr std::string_view kOfResource = "kubernetes.authorization.ResourceCheck; string";
  constexpr std::string_view kOfAuthorizer = "kubernetes.authorization.Authorizer; string";
  return {
      {".path", "authorizer_path", kOfAuthorizer, kPath, path},
      {".group", "authorizer_group", kOfAuthorizer, kGroup, group},
      {".serviceAccount", "authorizer_serviceaccount",
       "kubernetes.authorization.Authorizer; string; string", kAuthorizer, service_account},
      {".resource", "groupcheck_resource", "kubernetes.authorization.GroupCheck; string", kResource,
       resource},
      {".subresource", "resourcecheck_subresource", kOfResource, kResource,
       narrowed<&AccessAsk::subresource>},
      {".namespace", "resourcecheck_namespace", kOfResource, kResource, narrowed<&AccessAsk::ns>},
      {".name", "resourcecheck_name", kOfResource, kResource, narrowed<&AccessAsk::name>},
      {".fieldSelector", "authorizer_fieldselector", kOfResource, kResource, selected,
       Cost::Selector},
      {".labelSelector", "authorizer_labelselector", kOfResource, kResource, selected,
       Cost::Selector},
      {".check", "pathcheck_check", "kubernetes.authorization.PathCheck; string", kDecision, check,
       Cost::Check},
      {".check", "resourcecheck_check", kOfResource, kDecision, check, Cost::Check},
      {".allowed", "decision_allowed", kDecision, "bool", allowed},
      {".reason", "decision_reason", kDecision, "string", reason},
      {".errored", "decision_errored", kDecision, "bool", errored},
      {".error", "decision_error", kDecision, "string", error_text},
  };
}

}  // namespace charter::cel
