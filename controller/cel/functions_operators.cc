#include "controller/base/int128.h"
#include "controller/cel/functions.h"

#include <cmath>
#include <limits>

// The operators: arithmetic that never wraps, comparison across numeric types, membership.
namespace charter::cel {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;

Value overflow(const char* what) {
  return Value::error(std::string(what) + " overflow");
}

// Lengths of time are bounded as Go's, in nanoseconds; moments by the years 1 to 9999.
Value length_of(Int128 nanos) {
  if (nanos > INT64_MAX || nanos < INT64_MIN) return overflow("integer");
  const auto total = static_cast<int64_t>(nanos);
  return Value::duration(total / kNanosPerSecond, static_cast<int32_t>(total % kNanosPerSecond));
}

Int128 nanos_of(const Value& value) {
  return Int128{value.seconds()} * kNanosPerSecond + value.nanos();
}

Value moment_of(Int128 nanos) {
  Int128 seconds = nanos / kNanosPerSecond;
  Int128 rest = nanos % kNanosPerSecond;
  if (rest < 0) {
    rest += kNanosPerSecond;
    --seconds;
  }
  if (seconds < -62135596800 || seconds > 253402300799) return overflow("timestamp");
  return Value::timestamp(static_cast<int64_t>(seconds), static_cast<int32_t>(rest));
}

// Elements of a list of type map or set are merged by key, as server-side apply would.
Value add_lists(const Value* args, size_t, CallContext& context) {
  const Value& a = args[0];
  const Value& b = args[1];
  if (!may_make_items(context, a.size() + b.size())) return too_costly();
  std::vector<Value> items;
  items.reserve(a.size() + b.size());
  for (size_t i = 0; i < a.size(); ++i)
    items.push_back(a.element(i));
  const Declared* declared = a.declared();
  const bool set = declared != nullptr && declared->set_list;
  const bool map = declared != nullptr && !declared->list_keys.empty();
  // Each new element is looked for among all others: work that the cost of "+" does not count.
  if ((set || map) && !may_make(context, a.size() * b.size() * 16)) return too_costly();
  const auto same_element = [&](const Value& x, const Value& y) {
    if (set) return equal(x, y, context).is(true);
    for (const std::string& key : declared->list_keys) {
      const auto left = x.field(escape_name(key).value_or(key));
      const auto right = y.field(escape_name(key).value_or(key));
      if (left.has_value() != right.has_value()) return false;
      if (left && !equal(*left, *right, context).is(true)) return false;
    }
    return true;
  };
  for (size_t i = 0; i < b.size(); ++i) {
    const Value item = b.element(i);
    size_t place = items.size();
    for (size_t k = 0; (set || map) && k < items.size() && place == items.size(); ++k)
      if (same_element(items[k], item)) place = k;
    if (place == items.size())
      items.push_back(item);
    else if (map)
      items[place] = item;
  }
  return Value::list(std::move(items), declared);
}

Value add(const Value* args, size_t, CallContext& context) {
  const Value& a = args[0];
  const Value& b = args[1];
  switch (a.kind()) {
    case Kind::Int: {
      int64_t out = 0;
      return __builtin_add_overflow(a.as_int(), b.as_int(), &out) ? overflow("integer")
                                                                  : Value::integer(out);
    }
    case Kind::Uint: {
      uint64_t out = 0;
      return __builtin_add_overflow(a.as_uint(), b.as_uint(), &out) ? overflow("unsigned integer")
                                                                    : Value::unsigned_integer(out);
    }
    case Kind::Double:
      return Value::real(a.as_double() + b.as_double());
    case Kind::String:
    case Kind::Bytes: {
      if (!may_make(context, a.as_text().size() + b.as_text().size())) return too_costly();
      std::string out(a.as_text());
      out += b.as_text();
      return a.kind() == Kind::String ? Value::text(std::move(out)) : Value::bytes(std::move(out));
    }
    case Kind::Duration:
      return b.kind() == Kind::Duration ? length_of(nanos_of(a) + nanos_of(b))
                                        : moment_of(nanos_of(a) + nanos_of(b));
    default:
      return moment_of(nanos_of(a) + nanos_of(b));
  }
}

Value subtract(const Value* args, size_t, CallContext&) {
  const Value& a = args[0];
  const Value& b = args[1];
  switch (a.kind()) {
    case Kind::Int: {
      int64_t out = 0;
      return __builtin_sub_overflow(a.as_int(), b.as_int(), &out) ? overflow("integer")
                                                                  : Value::integer(out);
    }
    case Kind::Uint:
      return a.as_uint() < b.as_uint() ? overflow("unsigned integer")
                                       : Value::unsigned_integer(a.as_uint() - b.as_uint());
    case Kind::Double:
      return Value::real(a.as_double() - b.as_double());
    case Kind::Timestamp:
      return b.kind() == Kind::Timestamp ? length_of(nanos_of(a) - nanos_of(b))
                                         : moment_of(nanos_of(a) - nanos_of(b));
    default:
      return length_of(nanos_of(a) - nanos_of(b));
  }
}

Value multiply(const Value* args, size_t, CallContext&) {
  const Value& a = args[0];
  const Value& b = args[1];
  if (a.kind() == Kind::Double) return Value::real(a.as_double() * b.as_double());
  if (a.kind() == Kind::Int) {
    int64_t out = 0;
    return __builtin_mul_overflow(a.as_int(), b.as_int(), &out) ? overflow("integer")
                                                                : Value::integer(out);
  }
  uint64_t out = 0;
  return __builtin_mul_overflow(a.as_uint(), b.as_uint(), &out) ? overflow("unsigned integer")
                                                                : Value::unsigned_integer(out);
}

Value divide(const Value* args, size_t, CallContext&) {
  const Value& a = args[0];
  const Value& b = args[1];
  // IEEE 754: a double divided by zero is an infinity or NaN, not an error.
  if (a.kind() == Kind::Double) {
    if (b.as_double() != 0) return Value::real(a.as_double() / b.as_double());
    const double infinity = std::numeric_limits<double>::infinity();
    const bool nan = a.as_double() == 0 || std::isnan(a.as_double());
    const bool negative = std::signbit(a.as_double()) != std::signbit(b.as_double());
    return Value::real(nan ? std::nan("") : negative ? -infinity : infinity);
  }
  if (a.kind() == Kind::Uint) {
    if (b.as_uint() == 0) return Value::error("division by zero");
    return Value::unsigned_integer(a.as_uint() / b.as_uint());
  }
  if (b.as_int() == 0) return Value::error("division by zero");
  if (a.as_int() == INT64_MIN && b.as_int() == -1) return overflow("integer");
  return Value::integer(a.as_int() / b.as_int());
}

Value modulo(const Value* args, size_t, CallContext&) {
  const Value& a = args[0];
  const Value& b = args[1];
  if (a.kind() == Kind::Uint) {
    if (b.as_uint() == 0) return Value::error("modulus by zero");
    return Value::unsigned_integer(a.as_uint() % b.as_uint());
  }
  if (b.as_int() == 0) return Value::error("modulus by zero");
  if (a.as_int() == INT64_MIN && b.as_int() == -1) return overflow("integer");
  return Value::integer(a.as_int() % b.as_int());
}

Value negate(const Value* args, size_t, CallContext&) {
  if (args[0].kind() == Kind::Double) return Value::real(-args[0].as_double());
  if (args[0].kind() == Kind::Duration) return length_of(-nanos_of(args[0]));
  if (args[0].as_int() == INT64_MIN) return overflow("integer");
  return Value::integer(-args[0].as_int());
}

Value negate_bool(const Value* args, size_t, CallContext&) {
  return Value::boolean(!args[0].as_bool());
}

Value equals(const Value* args, size_t, CallContext&) {
  return equal(args[0], args[1]);
}

Value differs(const Value* args, size_t, CallContext& context) {
  const Value same = equal(args[0], args[1], context);
  return same.is_error() ? same : Value::boolean(!same.as_bool());
}

template <typename Test>
Value ordered(const Value* args, Test test) {
  const auto order = compare(args[0], args[1]);
  return Value::boolean(order && test(*order));
}

Value less(const Value* args, size_t, CallContext&) {
  return ordered(args, [](int order) { return order < 0; });
}
Value less_equal(const Value* args, size_t, CallContext&) {
  return ordered(args, [](int order) { return order <= 0; });
}
Value greater(const Value* args, size_t, CallContext&) {
  return ordered(args, [](int order) { return order > 0; });
}
Value greater_equal(const Value* args, size_t, CallContext&) {
  return ordered(args, [](int order) { return order >= 0; });
}

Value in_list(const Value* args, size_t, CallContext& context) {
  Value failed = Value::boolean(false);
  for (size_t i = 0; i < args[1].size(); ++i) {
    const Value same = equal(args[0], args[1].element(i), context);
    if (same.is(true)) return same;
    if (same.is_error()) failed = same;
  }
  return failed;
}

Value in_map(const Value* args, size_t, CallContext&) {
  const bool nan = args[0].kind() == Kind::Double && std::isnan(args[0].as_double());
  return Value::boolean(!nan && args[1].member(args[0]).has_value());
}

Value size(const Value* args, size_t, CallContext&) {
  return Value::integer(static_cast<int64_t>(args[0].size()));
}

Value index_list(const Value* args, size_t, CallContext&) {
  const Value& index = args[1];
  double whole = index.kind() == Kind::Int    ? static_cast<double>(index.as_int())
                 : index.kind() == Kind::Uint ? static_cast<double>(index.as_uint())
                                              : index.as_double();
  if (index.kind() == Kind::Double && whole != std::floor(whole))
    return Value::error("unsupported index value: " + double_text(whole));
  if (!(whole >= 0 && whole < static_cast<double>(args[0].size())))
    return Value::error("index out of bounds: " + double_text(whole));
  return args[0].element(static_cast<size_t>(whole));
}

std::string key_text(const Value& key) {
  switch (key.kind()) {
    case Kind::String:
      return std::string(key.as_text());
    case Kind::Int:
      return std::to_string(key.as_int());
    case Kind::Uint:
      return std::to_string(key.as_uint());
    case Kind::Double:
      return double_text(key.as_double());
    case Kind::Bool:
      return key.as_bool() ? "true" : "false";
    default:
      return std::string(key.type_name());
  }
}

Value index_map(const Value* args, size_t, CallContext&) {
  const bool nan = args[1].kind() == Kind::Double && std::isnan(args[1].as_double());
  const auto found = nan ? std::nullopt : args[0].member(args[1]);
  return found ? *found : Value::error("no such key: " + key_text(args[1]));
}

void add_arithmetic(std::vector<FunctionRow>& out) {
  for (const char* type : {"int", "uint", "double"}) {
    const std::string_view pair = type[0] == 'i'   ? "int; int"
                                  : type[0] == 'u' ? "uint; uint"
                                                   : "double; double";
    out.push_back({"_+_", "add", pair, type, add});
    out.push_back({"_-_", "subtract", pair, type, subtract});
    out.push_back({"_*_", "multiply", pair, type, multiply});
    out.push_back({"_/_", "divide", pair, type, divide});
    if (type[0] != 'd') out.push_back({"_%_", "modulo", pair, type, modulo});
    if (type[0] != 'u') out.push_back({"-_", "negate", type, type, negate});
  }
}

struct OrderRow {
  std::string_view name;
  Function call;
};

void add_orders(std::vector<FunctionRow>& out) {
  constexpr std::string_view kSame[] = {
      "bool; bool",         "int; int",    "uint; uint",  "double; double", "timestamp; timestamp",
      "duration; duration", "int; uint",   "int; double", "uint; int",      "uint; double",
      "double; int",        "double; uint"};
  for (const OrderRow& row : {OrderRow{"_<_", less}, OrderRow{"_<=_", less_equal},
                              OrderRow{"_>_", greater}, OrderRow{"_>=_", greater_equal}}) {
    for (const std::string_view args : kSame)
      out.push_back({row.name, "order", args, "bool", row.call});
    out.push_back({row.name, "order_string", "string; string", "bool", row.call, Cost::Smaller});
    out.push_back({row.name, "order_bytes", "bytes; bytes", "bool", row.call, Cost::Smaller});
  }
}

}  // namespace

std::vector<FunctionRow> operator_rows() {
  std::vector<FunctionRow> out{
      {"_+_", "add_string", "string; string", "string", add, Cost::Both},
      {"_+_", "add_bytes", "bytes; bytes", "bytes", add, Cost::Both},
      {"_+_", "add_list", "list(A); list(A)", "list(A)", add_lists},
      {"_+_", "add_duration_duration", "duration; duration", "duration", add},
      {"_+_", "add_duration_timestamp", "duration; timestamp", "timestamp", add},
      {"_+_", "add_timestamp_duration", "timestamp; duration", "timestamp", add},
      {"_-_", "subtract_timestamp_timestamp", "timestamp; timestamp", "duration", subtract},
      {"_-_", "subtract_timestamp_duration", "timestamp; duration", "timestamp", subtract},
      {"_-_", "subtract_duration_duration", "duration; duration", "duration", subtract},
      {"_?_:_", "conditional", "bool; A; A", "A", nullptr},
      {"@not_strictly_false", "not_strictly_false", "bool", "bool", nullptr},
      {"cel.@mapInsert", "cel_map_insert", "map(A, B); A; B", "map(A, B)", nullptr},
      {"cel.@mapInsert", "cel_map_insert_map", "map(A, B); map(A, B)", "map(A, B)", nullptr},
      {"!_", "logical_not", "bool", "bool", negate_bool},
      {"_==_", "equals", "A; A", "bool", equals, Cost::Smaller},
      {"_!=_", "not_equals", "A; A", "bool", differs, Cost::Smaller},
      {"@in", "in_list", "A; list(A)", "bool", in_list, Cost::In},
      {"@in", "in_map", "A; map(A, B)", "bool", in_map},
      {"_[_]", "index_list", "list(A); int", "A", index_list},
      {"_[_]", "index_map", "map(A, B); A", "B", index_map},
  };
  for (const std::string_view type : {"string", "bytes", "list(A)", "map(A, B)"}) {
    out.push_back({"size", "size", type, "int", size});
    out.push_back({".size", "size", type, "int", size});
  }
  add_arithmetic(out);
  add_orders(out);
  return out;
}

}  // namespace charter::cel
