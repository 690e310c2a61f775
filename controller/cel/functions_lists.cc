#include "controller/cel/functions.h"
#include "controller/cel/limits.h"

#include <algorithm>
#include <numeric>

// Lists: Kubernetes' library and the library "lists" in version 3.
namespace charter::cel {
namespace {

// Sums go through the addition operator, which knows overflow; the type of nothing is its zero.
Value zero_of(const Type& type) {
  switch (type.kind) {
    case Kind::Uint:
      return Value::unsigned_integer(0);
    case Kind::Double:
      return Value::real(0);
    case Kind::Duration:
      return Value::duration(0, 0);
    default:
      return Value::integer(0);
  }
}

template <Kind kind>
Value sum(const Value* args, size_t, CallContext& context) {
  Value total = zero_of(*Type::of(kind));
  for (size_t i = 0; i < args[0].size(); ++i) {
    const Value pair[] = {total, args[0].element(i)};
    if (pair[1].is_error()) return pair[1];
    const Overload* add = nullptr;
    for (const Overload& overload : *find_function("_+_"))
      if (fits(overload, pair, 2)) add = &overload;
    if (add == nullptr) return no_such_overload("sum", args, 1);
    total = add->call(pair, 2, context);
    if (total.is_error()) return total;
  }
  return total;
}

Value is_sorted(const Value* args, size_t, CallContext&) {
  for (size_t i = 1; i < args[0].size(); ++i) {
    const auto order = compare(args[0].element(i - 1), args[0].element(i));
    if (!order) return no_such_overload("isSorted", args, 1);
    if (*order > 0) return Value::boolean(false);
  }
  return Value::boolean(true);
}

Value extreme(const Value* args, const char* name, int sign) {
  if (args[0].size() == 0) return Value::error(std::string(name) + " called on empty list");
  Value best = args[0].element(0);
  for (size_t i = 1; i < args[0].size(); ++i) {
    const Value next = args[0].element(i);
    const auto order = compare(next, best);
    if (!order) return no_such_overload(name, args, 1);
    if (*order * sign > 0) best = next;
  }
  return best;
}

Value smallest(const Value* args, size_t, CallContext&) {
  return extreme(args, "min", -1);
}
Value largest(const Value* args, size_t, CallContext&) {
  return extreme(args, "max", 1);
}

Value index_of(const Value* args, size_t, CallContext& context) {
  for (size_t i = 0; i < args[0].size(); ++i)
    if (equal(args[0].element(i), args[1], context).is(true))
      return Value::integer(static_cast<int64_t>(i));
  return Value::integer(-1);
}

Value last_index_of(const Value* args, size_t, CallContext& context) {
  for (size_t i = args[0].size(); i-- > 0;)
    if (equal(args[0].element(i), args[1], context).is(true))
      return Value::integer(static_cast<int64_t>(i));
  return Value::integer(-1);
}

std::vector<Value> items_of(const Value& list) {
  std::vector<Value> out;
  out.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i)
    out.push_back(list.element(i));
  return out;
}

Value slice(const Value* args, size_t, CallContext& context) {
  const auto size = static_cast<int64_t>(args[0].size());
  const int64_t begin = args[1].as_int();
  const int64_t end = args[2].as_int();
  const std::string range = std::to_string(begin) + ", " + std::to_string(end);
  if (begin < 0 || end < 0)
    return Value::error("cannot slice(" + range + "), negative indexes not supported");
  if (begin > end)
    return Value::error("cannot slice(" + range +
                        "), start index must be less than or equal to end index");
  if (end > size)
    return Value::error("cannot slice(" + range + "), list is length " + std::to_string(size));
  if (!may_make_items(context, static_cast<uint64_t>(end - begin))) return too_costly();
  std::vector<Value> out;
  for (int64_t i = begin; i < end; ++i)
    out.push_back(args[0].element(static_cast<size_t>(i)));
  return Value::list(std::move(out));
}

bool flatten_into(const Value& list, int64_t depth, std::vector<Value>& out, CallContext& context) {
  if (!may_make_items(context, 1)) return false;
  for (size_t i = 0; i < list.size(); ++i) {
    const Value item = list.element(i);
    if (item.kind() == Kind::List && depth > 0) {
      if (!flatten_into(item, depth - 1, out, context)) return false;
    } else {
      if (!may_make_items(context, 1)) return false;
      out.push_back(item);
    }
  }
  return true;
}

Value flatten(const Value* args, size_t count, CallContext& context) {
  const int64_t depth = count > 1 ? args[1].as_int() : 1;
  if (depth < 0) return Value::error("level must be non-negative");
  std::vector<Value> out;
  if (!flatten_into(args[0], depth, out, context)) return too_costly();
  return Value::list(std::move(out));
}

Value range(const Value* args, size_t, CallContext& context) {
  const auto size = static_cast<uint64_t>(std::max<int64_t>(args[0].as_int(), 0));
  if (!may_make_items(context, size)) return too_costly();
  std::vector<Value> out;
  for (uint64_t i = 0; i < size; ++i)
    out.push_back(Value::integer(static_cast<int64_t>(i)));
  return Value::list(std::move(out));
}

Value distinct(const Value* args, size_t, CallContext& context) {
  std::vector<Value> out;
  for (const Value& item : items_of(args[0])) {
    if (!may_make_items(context, 1)) return too_costly();
    const auto same = [&](const Value& seen) { return equal(seen, item, context).is(true); };
    if (std::none_of(out.begin(), out.end(), same)) out.push_back(item);
  }
  return Value::list(std::move(out));
}

Value reverse(const Value* args, size_t, CallContext& context) {
  if (!may_make_items(context, args[0].size())) return too_costly();
  std::vector<Value> out = items_of(args[0]);
  std::reverse(out.begin(), out.end());
  return Value::list(std::move(out));
}

// Order of one list by the values of another. Keys have to be of one type that has an order.
Value sort_by_keys(const Value* args, size_t, CallContext& context) {
  const Value& list = args[0];
  const std::vector<Value> keys = items_of(args[1]);
  if (list.size() != keys.size())
    return Value::error("sortBy: keys and list must have the same length");
  if (!may_make_items(context, 2 * keys.size())) return too_costly();
  for (const Value& key : keys) {
    if (key.is_error()) return key;
    if (key.kind() != keys[0].kind()) return Value::error("list elements must have the same type");
    if (!compare(key, key)) return Value::error("list elements must be comparable");
  }
  std::vector<size_t> order(keys.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return compare(keys[a], keys[b]).value_or(0) < 0; });
  std::vector<Value> out;
  for (const size_t i : order)
    out.push_back(list.element(i));
  return Value::list(std::move(out));
}

Value sort(const Value* args, size_t, CallContext& context) {
  const Value pair[] = {args[0], args[0]};
  return sort_by_keys(pair, 2, context);
}

}  // namespace

std::vector<FunctionRow> list_rows() {
  std::vector<FunctionRow> out{
      {".sum", "list_int_sum", "list(int)", "int", sum<Kind::Int>, Cost::List},
      {".sum", "list_uint_sum", "list(uint)", "uint", sum<Kind::Uint>, Cost::List},
      {".sum", "list_double_sum", "list(double)", "double", sum<Kind::Double>, Cost::List},
      {".sum", "list_duration_sum", "list(duration)", "duration", sum<Kind::Duration>, Cost::List},
      {".indexOf", "list_a_index_of_int", "list(A); A", "int", index_of, Cost::List},
      {".lastIndexOf", "list_a_last_index_of_int", "list(A); A", "int", last_index_of, Cost::List},
      {".slice", "list_slice", "list(A); int; int", "list(A)", slice},
      {".flatten", "list_flatten", "list(list(A))", "list(A)", flatten},
      {".flatten", "list_flatten_int", "list(dyn); int", "list(dyn)", flatten},
      {"lists.range", "lists_range", "int", "list(int)", range},
      {".distinct", "list_distinct", "list(A)", "list(A)", distinct, Cost::Square},
      {".reverse", "list_reverse", "list(A)", "list(A)", reverse},
      {".@sortByAssociatedKeys", "list_sort_by", "list(A); list(B)", "list(A)", sort_by_keys},
  };
  for (const auto& [list, item] :
       {std::pair<std::string_view, std::string_view>{"list(int)", "int"},
        {"list(uint)", "uint"},
        {"list(double)", "double"},
        {"list(bool)", "bool"},
        {"list(duration)", "duration"},
        {"list(timestamp)", "timestamp"},
        {"list(string)", "string"},
        {"list(bytes)", "bytes"}}) {
    out.push_back({".isSorted", "list_is_sorted", list, "bool", is_sorted, Cost::List});
    out.push_back({".min", "list_min", list, item, smallest, Cost::List});
    out.push_back({".max", "list_max", list, item, largest, Cost::List});
    out.push_back({".sort", "list_sort", list, list, sort});
  }
  return out;
}

}  // namespace charter::cel
