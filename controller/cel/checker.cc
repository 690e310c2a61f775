#include "controller/cel/checker.h"

#include "controller/cel/functions.h"
#include "controller/cel/limits.h"
#include "controller/cel/pattern.h"

#include <algorithm>
#include <map>
#include <optional>

namespace charter::cel {
namespace {

bool is_free(const Type& type) {
  return type.kind == Kind::Dyn || type.kind == Kind::Error;
}

// Names of types that expressions may write.
TypePtr named_type(std::string_view name) {
  static const std::map<std::string_view, TypePtr> kTypes = [] {
    std::map<std::string_view, TypePtr> out;
    for (const Kind kind :
         {Kind::Null, Kind::Bool, Kind::Int, Kind::Uint, Kind::Double, Kind::String, Kind::Bytes,
          Kind::Timestamp, Kind::Duration, Kind::List, Kind::Map, Kind::Type, Kind::Optional})
      out[kind_name(kind)] = Type::of(kind);
    for (const std::string_view opaque :
         {"net.IP", "net.CIDR", "kubernetes.URL", "kubernetes.Quantity", "kubernetes.Semver",
          "kubernetes.NamedFormat", "kubernetes.authorization.Authorizer",
          "kubernetes.authorization.PathCheck", "kubernetes.authorization.GroupCheck",
          "kubernetes.authorization.ResourceCheck", "kubernetes.authorization.Decision"})
      out[opaque] = Type::opaque(std::string(opaque));
    return out;
  }();
  const auto at = kTypes.find(name);
  return at == kTypes.end() ? nullptr : at->second;
}

Operation operation_of(std::string_view name, bool member) {
  if (name == "_&&_") return Operation::And;
  if (name == "_||_") return Operation::Or;
  if (name == "_?_:_") return Operation::Conditional;
  if (name == "@not_strictly_false") return Operation::NotStrictlyFalse;
  if (name == "_[_]") return Operation::Index;
  if (name == "_[?_]") return Operation::OptionalIndex;
  if (name == "_?._") return Operation::OptionalSelect;
  if (name == "cel.@mapInsert") return Operation::MapInsert;
  if (member && name == "or") return Operation::OptionalOr;
  if (member && name == "orValue") return Operation::OptionalOrValue;
  return Operation::Function;
}

std::string signature(const std::vector<TypePtr>& types, bool member) {
  std::string out = member ? type_text(*types[0]) + ".(" : "(";
  for (size_t i = member ? 1 : 0; i < types.size(); ++i)
    out += (i > (member ? 1 : 0) ? ", " : "") + type_text(*types[i]);
  return out + ")";
}

/// A name in scope.
struct Scoped {
  std::string name;
  TypePtr type;
  int slot;
};

/// One pass over a tree.
class Checker {
 public:
  Checker(const std::vector<Variable>& variables, std::vector<bool>& used,
          std::vector<Finding>& findings)
      : used_(used),
        findings_(findings),
        free_(Type::of(Kind::Dyn)),
        error_(Type::of(Kind::Error)) {
    used_.assign(variables.size(), false);
    for (const Variable& variable : variables)
      scope_.push_back({variable.name, variable.type, slots_++});
    most_slots_ = static_cast<size_t>(slots_);
  }

  void check(Expr& expr) {
    switch (expr.form) {
      case Expr::Form::Constant:
        expr.type = Type::of(expr.constant.kind());
        return;
      case Expr::Form::Ident:
        return ident(expr);
      case Expr::Form::Select:
        return select(expr);
      case Expr::Form::Call:
        return call(expr);
      case Expr::Form::List:
        return list(expr);
      case Expr::Form::Map:
        return map(expr);
      case Expr::Form::Object:
        undeclared(expr, expr.name);
        expr.type = error_;
        return;
      case Expr::Form::Comprehension:
        return comprehension(expr);
    }
  }

  // Every type with its parameters replaced, and literals that can be judged now.
  void finish(Expr& expr) {
    expr.type = bindings_.substitute(expr.type ? expr.type : free_, TypeBindings::Free::ToDyn);
    for (const ExprPtr& part : expr.parts)
      finish(*part);
    if (expr.form == Expr::Form::Call) judge_literals(expr);
  }

  size_t slots() const { return most_slots_; }

 private:
  void add(const Expr& at, std::string message) {
    findings_.push_back({at.place, std::move(message)});
  }
  void undeclared(const Expr& at, std::string_view name) {
    add(at, "undeclared reference to '" + std::string(name) + "' (in container '')");
  }
  TypePtr resolved(const TypePtr& type) const {
    return bindings_.substitute(type, TypeBindings::Free::Keep);
  }

  // The innermost variable of that name; none of a comprehension for a name with a leading dot.
  const Scoped* find_variable(const Expr& expr) const {
    for (size_t i = scope_.size(); i-- > 0;)
      if (scope_[i].name == expr.name && (!expr.absolute || i < used_.size())) return &scope_[i];
    return nullptr;
  }

  void ident(Expr& expr) {
    if (const Scoped* found = find_variable(expr)) {
      expr.type = found->type;
      expr.slot = found->slot;
      if (static_cast<size_t>(found->slot) < used_.size())
        used_[static_cast<size_t>(found->slot)] = true;
      return;
    }
    if (const TypePtr type = named_type(expr.name)) return become_type(expr, type);
    undeclared(expr, expr.name);
    expr.type = error_;
  }

  static void become_type(Expr& expr, const TypePtr& type) {
    expr.form = Expr::Form::Constant;
    expr.constant = Value::type(type);
    expr.type = Type::type(type);
    expr.parts.clear();
  }

  // "a.b" as the name of a variable, unless a loop's variable is called "a".
  bool become_dotted(Expr& expr) {
    const Expr& first = *expr.parts[0];
    if (expr.test || first.form != Expr::Form::Ident) return false;
    const std::string name = first.name + "." + expr.name;
    const auto declared = scope_.begin() + static_cast<std::ptrdiff_t>(used_.size());
    const auto found =
        std::find_if(scope_.begin(), declared, [&](const Scoped& one) { return one.name == name; });
    const Scoped* local = find_variable(first);
    if (found == declared || (local != nullptr && local->slot >= static_cast<int>(used_.size())))
      return false;
    expr.form = Expr::Form::Ident;
    expr.name = name;
    expr.parts.clear();
    ident(expr);
    return true;
  }

  // "a.b.c" if the expression is such a chain and does not begin with a variable.
  std::optional<std::string> qualified_name(const Expr& expr) const {
    if (expr.form == Expr::Form::Ident) {
      if (find_variable(expr) != nullptr) return std::nullopt;
      return expr.name;
    }
    if (expr.form != Expr::Form::Select || expr.test) return std::nullopt;
    const auto prefix = qualified_name(*expr.parts[0]);
    if (!prefix) return std::nullopt;
    return *prefix + "." + expr.name;
  }

  void select(Expr& expr) {
    if (become_dotted(expr)) return;
    if (const auto name = qualified_name(expr))
      if (const TypePtr type = named_type(*name)) return become_type(expr, type);
    const TypePtr type = field_type(expr, *expr.parts[0], expr.name, false);
    expr.type = expr.test ? Type::of(Kind::Bool) : resolved(type);
  }

  TypePtr field_type(const Expr& expr, Expr& operand, std::string_view name, bool optional) {
    check(operand);
    TypePtr target = resolved(operand.type);
    const bool unwraps = target->kind == Kind::Optional;
    if (unwraps && !target->parameters.empty()) target = target->parameters[0];
    TypePtr out = error_;
    if (target->kind == Kind::Map) {
      out = target->parameters[1];
    } else if (target->kind == Kind::Object) {
      const Declared* field = target->declared->field(name);
      if (field != nullptr)
        out = field->type;
      else
        add(expr, "undefined field '" + std::string(name) + "'");
    } else {
      if (target->kind == Kind::Param)
        bindings_.assignable(free_, target);
      else if (!is_free(*target))
        add(expr, "type '" + type_text(*target) + "' does not support field selection");
      out = free_;
    }
    return unwraps || optional ? Type::optional(out) : out;
  }

  void call(Expr& expr) {
    expr.operation = operation_of(expr.name, expr.member);
    if (expr.operation == Operation::OptionalSelect) {
      expr.parts[1]->type = Type::of(Kind::String);
      expr.type = resolved(field_type(expr, *expr.parts[0], expr.parts[1]->text, true));
      return;
    }
    if (expr.operation == Operation::And || expr.operation == Operation::Or) return logical(expr);
    if (expr.member && become_qualified(expr)) expr.operation = Operation::Function;
    for (const ExprPtr& part : expr.parts)
      check(*part);
    const std::vector<Overload>* overloads = find_function(expr.name);
    expr.type = error_;
    if (overloads == nullptr) return undeclared(expr, expr.name);
    resolve(expr, *overloads);
  }

  // `sets.contains(a, b)` is read as a call of `contains` on `sets` first.
  bool become_qualified(Expr& expr) {
    const auto prefix = qualified_name(*expr.parts[0]);
    if (!prefix || find_function(*prefix + "." + expr.name) == nullptr) return false;
    expr.name = *prefix + "." + expr.name;
    expr.member = false;
    expr.parts.erase(expr.parts.begin());
    return true;
  }

  void logical(Expr& expr) {
    const TypePtr boolean = Type::of(Kind::Bool);
    expr.type = boolean;
    for (const ExprPtr& part : expr.parts) {
      check(*part);
      if (bindings_.assignable(part->type, boolean)) continue;
      mismatch(*part, boolean, part->type);
      expr.type = error_;
    }
  }

  void mismatch(const Expr& at, const TypePtr& expected, const TypePtr& found) {
    add(at, "expected type '" + type_text(*resolved(expected)) + "' but found '" +
                type_text(*resolved(found)) + "'");
  }

  void resolve(Expr& expr, const std::vector<Overload>& overloads) {
    std::vector<TypePtr> types;
    for (const ExprPtr& part : expr.parts)
      types.push_back(part->type);
    TypePtr result;
    for (const Overload& overload : overloads) {
      if (overload.member != expr.member || overload.args.size() != types.size()) continue;
      std::map<std::string, TypePtr> params;
      std::vector<TypePtr> wanted;
      for (const TypePtr& arg : overload.args)
        wanted.push_back(instantiate(arg, params));
      if (!bindings_.assignable_all(types, wanted)) continue;
      expr.overloads.push_back(&overload);
      const TypePtr type = resolved(instantiate(overload.result, params));
      if (!result)
        result = type;
      else if (result->kind != Kind::Dyn && !same_type(*type, *result))
        result = free_;
    }
    if (result) {
      expr.type = result;
      return;
    }
    for (TypePtr& type : types)
      type = bindings_.substitute(type, TypeBindings::Free::ToDyn);
    add(expr, "found no matching overload for '" + expr.name + "' applied to '" +
                  signature(types, expr.member) + "'");
  }

  // A row's own type parameters, made anew for each call.
  TypePtr instantiate(const TypePtr& type, std::map<std::string, TypePtr>& params) {
    if (type->kind == Kind::Param) {
      TypePtr& fresh = params[type->name];
      if (!fresh) fresh = bindings_.fresh();
      return fresh;
    }
    if (type->parameters.empty()) return type;
    auto out = std::make_shared<Type>(*type);
    for (TypePtr& part : out->parameters)
      part = instantiate(part, params);
    return out;
  }

  // The type of one more element of a literal, whose elements are all of one type.
  TypePtr join(const Expr& at, const TypePtr& before, const TypePtr& next) {
    if (!before) return next;
    if (bindings_.assignable(before, next)) return most_general(before, next);
    mismatch(at, before, next);
    return error_;
  }

  TypePtr unwrap(const Expr& part) {
    const TypePtr type = resolved(part.type);
    if (type->kind == Kind::Optional && !type->parameters.empty()) return type->parameters[0];
    if (type->kind != Kind::Dyn) mismatch(part, Type::optional(type), type);
    return type;
  }

  void list(Expr& expr) {
    TypePtr element;
    for (size_t i = 0; i < expr.parts.size(); ++i) {
      Expr& part = *expr.parts[i];
      check(part);
      element = join(part, element, expr.optional[i] ? unwrap(part) : part.type);
    }
    expr.type = Type::list(element ? element : bindings_.fresh());
  }

  void map(Expr& expr) {
    TypePtr key, value;
    for (size_t i = 0; i < expr.parts.size(); i += 2) {
      check(*expr.parts[i]);
      key = join(*expr.parts[i], key, expr.parts[i]->type);
      Expr& part = *expr.parts[i + 1];
      check(part);
      value = join(part, value, expr.optional[i / 2] ? unwrap(part) : part.type);
    }
    if (!key) key = bindings_.fresh();
    expr.type = Type::map(key, value ? value : bindings_.fresh());
  }

  void comprehension(Expr& expr) {
    Expr& range = *expr.parts[0];
    check(range);
    check(*expr.parts[1]);
    const TypePtr result = expr.parts[1]->type;
    const auto [first, second] = element_types(expr, range, resolved(range.type));
    const size_t outer = scope_.size();
    expr.slot = slots_;
    scope_.push_back({expr.result, result, slots_});
    const size_t with_result = scope_.size();
    scope_.push_back({expr.first, first, slots_ + 1});
    if (!expr.second.empty()) scope_.push_back({expr.second, second, slots_ + 2});
    slots_ += 3;
    most_slots_ = std::max(most_slots_, static_cast<size_t>(slots_));
    check(*expr.parts[2]);
    expect(*expr.parts[2], Type::of(Kind::Bool));
    check(*expr.parts[3]);
    expect(*expr.parts[3], result);
    scope_.resize(with_result);
    check(*expr.parts[4]);
    scope_.resize(outer);
    slots_ -= 3;
    expr.type = resolved(expr.parts[4]->type);
  }

  std::pair<TypePtr, TypePtr> element_types(const Expr& expr, const Expr& range,
                                            const TypePtr& type) {
    const bool two = !expr.second.empty();
    if (type->kind == Kind::List)
      return two ? std::pair(Type::of(Kind::Int), type->parameters[0])
                 : std::pair(type->parameters[0], free_);
    if (type->kind == Kind::Map) return {type->parameters[0], type->parameters[1]};
    if (is_free(*type)) return {free_, free_};
    if (type->kind == Kind::Param) {
      bindings_.assignable(free_, type);
      return {free_, free_};
    }
    add(range, "expression of type '" + type_text(*type) +
                   "' cannot be range of a comprehension (must be list, map, or dynamic)");
    return {error_, error_};
  }

  void expect(const Expr& part, const TypePtr& type) {
    if (!bindings_.assignable(type, part.type)) mismatch(part, type, part.type);
  }

  // What is wrong with a literal would be wrong each time: it is said now, as kube does.
  void judge_literals(Expr& expr) {
    const bool pattern =
        expr.member && (expr.name == "matches" || expr.name == "find" || expr.name == "findAll");
    const size_t at = expr.member ? 1 : 0;
    if (expr.parts.size() <= at || expr.parts[at]->form != Expr::Form::Constant ||
        expr.parts[at]->constant.kind() != Kind::String)
      return;
    const Expr& part = *expr.parts[at];
    const bool zoned = !expr.overloads.empty() && expr.overloads[0]->id == "timestamp_part_with_tz";
    if (zoned && !zone_offset(part.text)) add(part, unknown_zone(part.text));
    bool right = true;
    if (pattern) {
      std::string problem;
      expr.pattern = Pattern::compile(part.text, problem);
      right = expr.pattern != nullptr || expr.name != "matches";
    } else if (!expr.member && expr.name == "duration") {
      right = parse_duration(part.text).has_value();
    } else if (!expr.member && expr.name == "timestamp") {
      right = parse_timestamp(part.text).has_value();
    }
    if (!right) add(part, "invalid " + expr.name + " argument");
  }

  std::vector<bool>& used_;
  std::vector<Finding>& findings_;
  const TypePtr free_, error_;
  TypeBindings bindings_;
  std::vector<Scoped> scope_;
  int slots_ = 0;
  size_t most_slots_ = 0;
};

}  // namespace

size_t check_expression(Expr& expr, const std::vector<Variable>& variables, std::vector<bool>& used,
                        std::vector<Finding>& findings) {
  Checker checker(variables, used, findings);
  checker.check(expr);
  checker.finish(expr);
  return checker.slots();
}

}  // namespace charter::cel
