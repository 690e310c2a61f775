#include "controller/cel/fold.h"

#include "controller/cel/functions.h"

#include <algorithm>
#include <array>

namespace charter::cel {
namespace {

constexpr std::array<std::string_view, 10> kConversions{
    "bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"};

bool is_constant(const ExprPtr& part) {
  return part->form == Expr::Form::Constant;
}

void become(Expr& expr, Value value) {
  expr.form = Expr::Form::Constant;
  expr.constant = std::move(value);
}

void fold_list(Expr& expr) {
  if (std::find(expr.optional.begin(), expr.optional.end(), true) != expr.optional.end()) return;
  std::vector<Value> items;
  for (const ExprPtr& part : expr.parts)
    items.push_back(part->constant);
  become(expr, Value::list(std::move(items)));
}

// A map with a key twice, or of a kind that is none, is left to fail when it runs.
void fold_map(Expr& expr) {
  if (std::find(expr.optional.begin(), expr.optional.end(), true) != expr.optional.end()) return;
  std::map<Value, Value, KeyLess> entries;
  for (size_t i = 0; i < expr.parts.size(); i += 2) {
    const Kind kind = expr.parts[i]->constant.kind();
    const bool key =
        kind == Kind::String || kind == Kind::Int || kind == Kind::Uint || kind == Kind::Bool;
    if (!key || !entries.emplace(expr.parts[i]->constant, expr.parts[i + 1]->constant).second)
      return;
  }
  become(expr, Value::map(std::move(entries)));
}

bool fold_conversion(Expr& expr, std::string& problem) {
  const bool converts =
      !expr.member && expr.parts.size() == 1 &&
      std::find(kConversions.begin(), kConversions.end(), expr.name) != kConversions.end();
  if (!converts) return true;
  const Value* arg = &expr.parts[0]->constant;
  for (const Overload* overload : expr.overloads) {
    if (!fits(*overload, arg, 1)) continue;
    CallContext context;
    Value made = overload->call(arg, 1, context);
    if (made.is_error()) problem = made.as_text();
    if (!made.is_error()) become(expr, std::move(made));
    return problem.empty();
  }
  return true;
}

// Looking a value up among literals is free.
void mark_membership(Expr& expr) {
  if (expr.name != "@in" || !is_constant(expr.parts[1])) return;
  const Value& list = expr.parts[1]->constant;
  if (list.kind() != Kind::List) return;
  for (size_t i = 0; i < list.size(); ++i) {
    const Kind kind = list.element(i).kind();
    if (kind != Kind::String && kind != Kind::Int && kind != Kind::Uint && kind != Kind::Double &&
        kind != Kind::Bool)
      return;
  }
  expr.free = true;
}

}  // namespace

bool fold_constants(Expr& expr, std::string& problem) {
  for (const ExprPtr& part : expr.parts)
    if (!fold_constants(*part, problem)) return false;
  const bool constant = std::all_of(expr.parts.begin(), expr.parts.end(), is_constant);
  if (expr.form == Expr::Form::List && constant) fold_list(expr);
  if (expr.form == Expr::Form::Map && constant) fold_map(expr);
  if (expr.form != Expr::Form::Call) return true;
  mark_membership(expr);
  return !constant || fold_conversion(expr, problem);
}

}  // namespace charter::cel
