#include "controller/cel/functions.h"

// Optional values. or() and orValue() evaluate their argument only when it is needed: the
// interpreter carries those out itself, and the rows here are their types.
namespace charter::cel {
namespace {

Value of(const Value* args, size_t, CallContext&) {
  return Value::optional(args[0]);
}

Value of_non_zero(const Value* args, size_t, CallContext&) {
  return args[0].is_zero() ? Value::no_value() : Value::optional(args[0]);
}

Value none(const Value*, size_t, CallContext&) {
  return Value::no_value();
}

Value has_value(const Value* args, size_t, CallContext&) {
  return Value::boolean(args[0].has_value());
}

Value value(const Value* args, size_t, CallContext&) {
  return args[0].has_value() ? args[0].value() : Value::error("optional.none() dereference");
}

Value either(const Value* args, size_t, CallContext&) {
  return args[0].has_value() ? args[0] : args[1];
}

Value or_value(const Value* args, size_t, CallContext&) {
  return args[0].has_value() ? args[0].value() : args[1];
}

// The interpreter knows these; a dynamic call of them has no other meaning.
Value select(const Value* args, size_t count, CallContext&) {
  return no_such_overload("_?._", args, count);
}

Value first(const Value* args, size_t, CallContext&) {
  return args[0].size() == 0 ? Value::no_value() : Value::optional(args[0].element(0));
}

Value last(const Value* args, size_t, CallContext&) {
  const size_t size = args[0].size();
  return size == 0 ? Value::no_value() : Value::optional(args[0].element(size - 1));
}

Value unwrap(const Value* args, size_t, CallContext& context) {
  if (!may_make_items(context, args[0].size())) return too_costly();
  std::vector<Value> out;
  for (size_t i = 0; i < args[0].size(); ++i) {
    const Value item = args[0].element(i);
    if (item.kind() != Kind::Optional) return no_such_overload("optional.unwrap", args, 1);
    if (item.has_value()) out.push_back(item.value());
  }
  return Value::list(std::move(out));
}

}  // namespace

std::vector<FunctionRow> optional_rows() {
  return {
      {"optional.of", "optional_of", "V", "optional(V)", of},
      {"optional.ofNonZeroValue", "optional_ofNonZeroValue", "V", "optional(V)", of_non_zero},
      {"optional.none", "optional_none", "", "optional(V)", none},
      {".hasValue", "optional_hasValue", "optional(V)", "bool", has_value},
      {".value", "optional_value", "optional(V)", "V", value},
      {".or", "optional_or_optional", "optional(V); optional(V)", "optional(V)", either},
      {".orValue", "optional_orValue_value", "optional(V); V", "V", or_value},
      {"_?._", "select_optional_field", "dyn; string", "optional(V)", select},
      {"_[?_]", "list_optindex_optional_int", "list(V); int", "optional(V)", select},
      {"_[?_]", "optional_list_optindex_optional_int", "optional(list(V)); int", "optional(V)",
       select},
      {"_[?_]", "map_optindex_optional_value", "map(K, V); K", "optional(V)", select},
      {"_[?_]", "optional_map_optindex_optional_value", "optional(map(K, V)); K", "optional(V)",
       select},
      {"_[_]", "optional_list_index_int", "optional(list(V)); int", "optional(V)", select},
      {"_[_]", "optional_map_index_value", "optional(map(K, V)); K", "optional(V)", select},
      {".first", "list_first", "list(V)", "optional(V)", first},
      {".last", "list_last", "list(V)", "optional(V)", last},
      {"optional.unwrap", "optional_unwrap", "list(optional(V))", "list(V)", unwrap},
      {".unwrapOpt", "optional_unwrapOpt", "list(optional(V))", "list(V)", unwrap},
  };
}

}  // namespace charter::cel
