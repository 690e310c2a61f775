#include "controller/cel/interpreter.h"

#include "controller/cel/limits.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace charter::cel {
namespace {

constexpr uint64_t kListCost = 10;
constexpr uint64_t kMapCost = 30;
constexpr size_t kArgumentsMax = 4;

bool is_path(const Expr& expr) {
  return expr.form == Expr::Form::Ident || expr.form == Expr::Form::Select ||
         (expr.form == Expr::Form::Call &&
          (expr.operation == Operation::Index || expr.operation == Operation::OptionalIndex ||
           expr.operation == Operation::OptionalSelect));
}

bool is_keyed(const Value& value) {
  return value.kind() == Kind::Map || value.kind() == Kind::Object;
}

Value no_key(std::string_view name) {
  return Value::error("no such key: " + std::string(name));
}

// A field of a value that is no optional: nothing when it is not there.
std::optional<Value> field_of(const Value& value, std::string_view name, Value& problem) {
  if (!is_keyed(value)) {
    const Value args[] = {value, Value::text_view(name)};
    problem = value.is_error() ? value : no_such_overload("select", args, 1);
    return std::nullopt;
  }
  return value.field(name);
}

std::string key_text(const Value& key) {
  if (key.kind() == Kind::String) return std::string(key.as_text());
  if (key.kind() == Kind::Int) return std::to_string(key.as_int());
  if (key.kind() == Kind::Uint) return std::to_string(key.as_uint());
  if (key.kind() == Kind::Double) return double_text(key.as_double());
  if (key.kind() == Kind::Bool) return key.as_bool() ? "true" : "false";
  return std::string(key.type_name());
}

// The element at an index, which may be any number without a fraction.
Value element_of(const Value& list, const Value& index) {
  const double whole = index.kind() == Kind::Int    ? static_cast<double>(index.as_int())
                       : index.kind() == Kind::Uint ? static_cast<double>(index.as_uint())
                                                    : index.as_double();
  if (index.kind() == Kind::Double && whole != std::floor(whole))
    return Value::error("unsupported index value: " + key_text(index));
  if (!(whole >= 0 && whole < static_cast<double>(list.size())))
    return Value::error("index out of bounds: " + key_text(index));
  return list.element(static_cast<size_t>(whole));
}

// operand[key] of a value that is no optional.
Value indexed(const Value& operand, const Value& key) {
  const bool number =
      key.kind() == Kind::Int || key.kind() == Kind::Uint || key.kind() == Kind::Double;
  if (operand.kind() == Kind::List && number) return element_of(operand, key);
  if (is_keyed(operand)) {
    const bool nan = key.kind() == Kind::Double && std::isnan(key.as_double());
    const auto found = nan ? std::nullopt : operand.member(key);
    return found ? *found : no_key(key_text(key));
  }
  const Value args[] = {operand, key};
  return no_such_overload("_[_]", args, 2);
}

// What an absent element of an optional path is; other errors stay what they are.
bool is_absence(const Value& value) {
  return value.is_error() && (value.as_text().starts_with("no such key") ||
                              value.as_text().starts_with("index out of bounds"));
}

Value as_optional(Value value) {
  if (is_absence(value)) return Value::no_value();
  return value.is_error() ? value : Value::optional(std::move(value));
}

}  // namespace

Interpreter::Interpreter(const std::vector<Value>& variables, size_t slots) : slots_(variables) {
  slots_.resize(std::max(slots, variables.size()));
}

Outcome Interpreter::run(const Expr& expr) {
  Value value = evaluate(expr);
  if (cancelled_) value = too_costly();
  return {std::move(value), cost_, cancelled_};
}

bool Interpreter::spend(uint64_t cost) {
  cost_ += cost;
  cancelled_ |= cost_ > limits::kCallCostMax || context_.exceeded;
  return !cancelled_;
}

void Interpreter::spend_step(const Expr& operand) {
  spend(is_path(operand) ? 1 : 2);
}

Value Interpreter::evaluate_inner(const Expr& expr) {
  Value out = evaluate(expr);
  if (is_path(expr) && cost_ > 0) --cost_;
  return out;
}

Value Interpreter::evaluate(const Expr& expr) {
  if (cancelled_) return too_costly();
  switch (expr.form) {
    case Expr::Form::Constant:
      return expr.constant;
    case Expr::Form::Ident:
      spend(1);
      return slots_[static_cast<size_t>(expr.slot)];
    case Expr::Form::Select:
      return select(expr);
    case Expr::Form::Call:
      return call(expr);
    case Expr::Form::List:
      return make_list(expr);
    case Expr::Form::Map:
      return make_map(expr);
    case Expr::Form::Comprehension:
      return comprehension(expr);
    case Expr::Form::Object:
      break;
  }
  return Value::error("no such overload: " + expr.name);
}

Value Interpreter::select(const Expr& expr) {
  Value operand = evaluate(*expr.parts[0]);
  if (operand.is_error()) return operand;
  if (!expr.test) spend_step(*expr.parts[0]);
  const bool unwraps = operand.kind() == Kind::Optional;
  if (unwraps) {
    if (!operand.has_value()) return expr.test ? Value::boolean(false) : operand;
    operand = Value(operand.value());
  }
  Value problem;
  const auto found = field_of(operand, expr.name, problem);
  if (problem.is_error()) return problem;
  if (expr.test) return Value::boolean(found.has_value());
  if (unwraps) return found ? as_optional(*found) : Value::no_value();
  return found ? *found : no_key(expr.name);
}

Value Interpreter::select_optional(const Expr& expr) {
  Value operand = evaluate(*expr.parts[0]);
  if (operand.is_error()) return operand;
  spend_step(*expr.parts[0]);
  if (operand.kind() == Kind::Optional) {
    if (!operand.has_value()) return operand;
    operand = Value(operand.value());
  }
  Value problem;
  const auto found = field_of(operand, expr.parts[1]->text, problem);
  if (problem.is_error()) return problem;
  return found ? as_optional(*found) : Value::no_value();
}

Value Interpreter::index(const Expr& expr) {
  Value operand = evaluate(*expr.parts[0]);
  if (operand.is_error()) return operand;
  const Value key = evaluate_inner(*expr.parts[1]);
  if (key.is_error()) return key;
  spend_step(*expr.parts[0]);
  const bool unwraps = operand.kind() == Kind::Optional;
  if (unwraps) {
    if (!operand.has_value()) return operand;
    operand = Value(operand.value());
  }
  Value found = indexed(operand, key);
  return unwraps || expr.operation == Operation::OptionalIndex ? as_optional(std::move(found))
                                                               : found;
}

Value Interpreter::call(const Expr& expr) {
  switch (expr.operation) {
    case Operation::And:
    case Operation::Or:
      return logical(expr);
    case Operation::Conditional:
      return conditional(expr);
    case Operation::Index:
    case Operation::OptionalIndex:
      return index(expr);
    case Operation::OptionalSelect:
      return select_optional(expr);
    case Operation::OptionalOr:
    case Operation::OptionalOrValue:
      return or_else(expr);
    case Operation::MapInsert:
      return insert(expr);
    case Operation::NotStrictlyFalse: {
      const Value value = evaluate(*expr.parts[0]);
      spend(1);
      return Value::boolean(!value.is(false));
    }
    case Operation::Function:
      break;
  }
  return expr.adds_to_result ? add_to_list(expr) : call_function(expr);
}

Value Interpreter::call_function(const Expr& expr) {
  const size_t count = expr.parts.size();
  std::array<Value, kArgumentsMax> args;
  if (count > args.size()) return Value::error("no such overload: " + expr.name);
  for (size_t i = 0; i < count; ++i)
    args[i] = evaluate(*expr.parts[i]);
  for (size_t i = 0; i < count; ++i)
    if (args[i].is_error()) return args[i];
  const Overload* chosen = nullptr;
  for (const Overload* overload : expr.overloads) {
    if (!fits(*overload, args.data(), count)) continue;
    chosen = overload;
    break;
  }
  if (chosen == nullptr) return no_such_overload(expr.name, args.data(), count);
  // Before the call: what costs too much is not even begun.
  const bool by_result = chosen->cost == Cost::ResultTwice;
  if (!by_result && !expr.free && !spend(call_cost(*chosen, args.data(), count, Value())))
    return too_costly();
  context_.pattern = expr.pattern.get();
  Value result = chosen->call(args.data(), count, context_);
  if (!spend(by_result ? call_cost(*chosen, args.data(), count, result) : 0)) return too_costly();
  return result;
}

// An error is forgotten when another term decides.
Value Interpreter::logical(const Expr& expr) {
  const bool decides = expr.operation == Operation::Or;
  Value error;
  for (const ExprPtr& part : expr.parts) {
    Value term = evaluate(*part);
    if (cancelled_) return too_costly();
    if (term.is(decides)) return term;
    if (term.kind() == Kind::Bool || error.is_error()) continue;
    error = term.is_error() ? std::move(term) : no_such_overload(expr.name, &term, 1);
  }
  return error.is_error() ? error : Value::boolean(!decides);
}

Value Interpreter::conditional(const Expr& expr) {
  const Value test = evaluate(*expr.parts[0]);
  if (test.is_error()) return test;
  if (test.kind() != Kind::Bool) return no_such_overload(expr.name, &test, 1);
  return evaluate_inner(*expr.parts[test.as_bool() ? 1 : 2]);
}

Value Interpreter::or_else(const Expr& expr) {
  const Value first = evaluate(*expr.parts[0]);
  spend(1);
  if (first.is_error()) return first;
  if (first.kind() != Kind::Optional) return no_such_overload(expr.name, &first, 1);
  if (!first.has_value()) return evaluate(*expr.parts[1]);
  return expr.operation == Operation::OptionalOr ? first : Value(first.value());
}

Value Interpreter::make_list(const Expr& expr) {
  std::vector<Value> items;
  items.reserve(expr.parts.size());
  for (size_t i = 0; i < expr.parts.size(); ++i) {
    Value item = evaluate(*expr.parts[i]);
    if (item.is_error()) return item;
    if (!expr.optional[i]) {
      items.push_back(std::move(item));
    } else if (item.kind() != Kind::Optional) {
      return no_such_overload("list", &item, 1);
    } else if (item.has_value()) {
      items.push_back(item.value());
    }
  }
  spend(kListCost);
  return Value::list(std::move(items));
}

Value Interpreter::insert_entry(std::map<Value, Value, KeyLess>& entries, const Value& key,
                                Value value) {
  if (key.kind() != Kind::String && key.kind() != Kind::Int && key.kind() != Kind::Uint &&
      key.kind() != Kind::Bool)
    return Value::error("unsupported key type: " + std::string(key.type_name()));
  if (!may_make_items(context_, 2)) return too_costly();
  if (!entries.emplace(key, std::move(value)).second)
    return Value::error("Failed with repeated key: " + key_text(key));
  return Value();
}

Value Interpreter::make_map(const Expr& expr) {
  std::map<Value, Value, KeyLess> entries;
  for (size_t i = 0; i < expr.parts.size(); i += 2) {
    const Value key = evaluate(*expr.parts[i]);
    if (key.is_error()) return key;
    Value value = evaluate(*expr.parts[i + 1]);
    if (value.is_error()) return value;
    if (expr.optional[i / 2]) {
      if (value.kind() != Kind::Optional) return no_such_overload("map", &value, 1);
      if (!value.has_value()) continue;
      value = Value(value.value());
    }
    if (Value problem = insert_entry(entries, key, std::move(value)); problem.is_error())
      return problem;
  }
  spend(kMapCost);
  return Value::map(std::move(entries));
}

// A macro's `@result + [item]`: the list is this evaluation's own, and grows where it stands.
Value Interpreter::add_to_list(const Expr& expr) {
  Value& slot = slots_[static_cast<size_t>(expr.parts[0]->slot)];
  if (slot.is_error()) return slot;
  Value list = std::move(slot);
  slot = Value();
  const bool constant = expr.parts[1]->form == Expr::Form::Constant;
  Value item = constant ? expr.parts[1]->constant.element(0) : evaluate(*expr.parts[1]->parts[0]);
  spend(constant ? 2 : kListCost + 2);
  if (item.is_error()) return item;
  if (!may_make_items(context_, 2)) return too_costly();
  list.append(std::move(item));
  return list;
}

Value Interpreter::insert(const Expr& expr) {
  Value& slot = slots_[static_cast<size_t>(expr.parts[0]->slot)];
  if (slot.is_error()) return slot;
  Value map = std::move(slot);
  slot = Value();
  const Value second = evaluate(*expr.parts[1]);
  spend(2);
  if (second.is_error()) return second;
  std::map<Value, Value, KeyLess> entries = map.take_entries();
  if (expr.parts.size() == 3) {
    Value value = evaluate(*expr.parts[2]);
    if (value.is_error()) return value;
    const Value problem = insert_entry(entries, second, std::move(value));
    return problem.is_error() ? problem : Value::map(std::move(entries));
  }
  if (!is_keyed(second)) return no_such_overload("cel.@mapInsert", &second, 1);
  for (const Value& key : second.keys()) {
    const Value problem = insert_entry(entries, key, *second.member(key));
    if (problem.is_error()) return problem;
  }
  return Value::map(std::move(entries));
}

Value Interpreter::comprehension(const Expr& expr) {
  const Value range = evaluate(*expr.parts[0]);
  if (range.is_error()) return range;
  const auto result = static_cast<size_t>(expr.slot);
  slots_[result] = evaluate(*expr.parts[1]);
  if (range.kind() != Kind::List && !is_keyed(range)) {
    const Value args[] = {range};
    return no_such_overload("comprehension", args, 1);
  }
  Value out = loop(expr, range);
  slots_[result] = Value();
  return out;
}

Value Interpreter::loop(const Expr& expr, const Value& range) {
  const auto result = static_cast<size_t>(expr.slot);
  const bool list = range.kind() == Kind::List;
  const bool two = !expr.second.empty();
  const std::vector<Value> keys = list ? std::vector<Value>() : range.keys();
  const size_t count = list ? range.size() : keys.size();
  for (size_t i = 0; i < count && !cancelled_; ++i) {
    Value& first = slots_[result + 1];
    if (list && !two) {
      first = range.element(i);
    } else {
      first = list ? Value::integer(static_cast<int64_t>(i)) : keys[i];
      if (two) slots_[result + 2] = list ? range.element(i) : *range.member(keys[i]);
    }
    if (evaluate(*expr.parts[2]).is(false)) break;
    slots_[result] = evaluate(*expr.parts[3]);
  }
  return evaluate(*expr.parts[4]);
}

}  // namespace charter::cel
