#include "controller/cel/functions.h"

#include <algorithm>

// Lists taken as sets.
namespace charter::cel {
namespace {

bool has(const Value& list, const Value& item, CallContext& context) {
  for (size_t i = 0; i < list.size(); ++i)
    if (equal(list.element(i), item, context).is(true)) return true;
  return false;
}

bool has_all(const Value& list, const Value& items, CallContext& context) {
  for (size_t i = 0; i < items.size(); ++i)
    if (!has(list, items.element(i), context)) return false;
  return true;
}

Value contains(const Value* args, size_t, CallContext& context) {
  return Value::boolean(has_all(args[0], args[1], context));
}

Value equivalent(const Value* args, size_t, CallContext& context) {
  return Value::boolean(has_all(args[0], args[1], context) && has_all(args[1], args[0], context));
}

Value intersects(const Value* args, size_t, CallContext& context) {
  for (size_t i = 0; i < args[1].size(); ++i)
    if (has(args[0], args[1].element(i), context)) return Value::boolean(true);
  return Value::boolean(false);
}

}  // namespace

std::vector<FunctionRow> set_rows() {
  return {
      {"sets.contains", "list_sets_contains_list", "list(A); list(A)", "bool", contains,
       Cost::Product},
      {"sets.equivalent", "list_sets_equivalent_list", "list(A); list(A)", "bool", equivalent,
       Cost::ProductTwice},
      {"sets.intersects", "list_sets_intersects_list", "list(A); list(A)", "bool", intersects,
       Cost::Product},
  };
}

}  // namespace charter::cel
