#include "controller/cel/limits.h"
#include "controller/cel/value.h"

#include <nlohmann/json.hpp>

#include <cmath>

// Equality and order. Numbers of different types compare by what they stand for, never by a
// rounded form.
namespace charter::cel {
namespace {

constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kTwo64 = 18446744073709551616.0;

bool is_number(const Value& value) {
  return value.kind() == Kind::Int || value.kind() == Kind::Uint || value.kind() == Kind::Double;
}

template <typename T>
int order(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

// A double against an integer: beyond the integer's range first, then the whole part, then what is
// left of the fraction.
int order_double_int(double a, int64_t b) {
  if (a < -kTwo63) return -1;
  if (a >= kTwo63) return 1;
  const double whole = std::floor(a);
  const int by_whole = order(static_cast<int64_t>(whole), b);
  return by_whole != 0 ? by_whole : a > whole ? 1 : 0;
}

int order_double_uint(double a, uint64_t b) {
  if (a < 0) return -1;
  if (a >= kTwo64) return 1;
  const double whole = std::floor(a);
  const int by_whole = order(static_cast<uint64_t>(whole), b);
  return by_whole != 0 ? by_whole : a > whole ? 1 : 0;
}

int order_int_uint(int64_t a, uint64_t b) {
  return a < 0 ? -1 : order(static_cast<uint64_t>(a), b);
}

std::optional<int> order_numbers(const Value& a, const Value& b) {
  if (a.kind() == Kind::Double && std::isnan(a.as_double())) return std::nullopt;
  if (b.kind() == Kind::Double && std::isnan(b.as_double())) return std::nullopt;
  if (a.kind() == b.kind()) {
    if (a.kind() == Kind::Int) return order(a.as_int(), b.as_int());
    if (a.kind() == Kind::Uint) return order(a.as_uint(), b.as_uint());
    return order(a.as_double(), b.as_double());
  }
  if (a.kind() == Kind::Double)
    return b.kind() == Kind::Int ? order_double_int(a.as_double(), b.as_int())
                                 : order_double_uint(a.as_double(), b.as_uint());
  if (a.kind() == Kind::Int && b.kind() == Kind::Uint)
    return order_int_uint(a.as_int(), b.as_uint());
  return -*order_numbers(b, a);
}

Value equal_lists(const Value& a, const Value& b, uint64_t& left) {
  if (a.size() != b.size()) return Value::boolean(false);
  for (size_t i = 0; i < a.size(); ++i) {
    const Value same = equal(a.element(i), b.element(i), left);
    if (!same.is(true)) return same;
  }
  return Value::boolean(true);
}

std::optional<std::string> value_identity(const Value& item, const std::vector<std::string>& keys) {
  if (item.json() == nullptr || !item.json()->is_object()) return std::nullopt;
  return identity_of(*item.json(), keys);
}

// Lists of type map: elements with the same keys, wherever they stand.
Value equal_by_keys(const Value& a, const Value& b, const std::vector<std::string>& keys,
                    uint64_t& left) {
  if (a.size() != b.size()) return Value::boolean(false);
  std::map<std::string, Value> known;
  for (size_t i = 0; i < a.size(); ++i)
    if (const auto identity = value_identity(a.element(i), keys)) known[*identity] = a.element(i);
  for (size_t i = 0; i < b.size(); ++i) {
    const auto identity = value_identity(b.element(i), keys);
    const auto at = identity ? known.find(*identity) : known.end();
    if (at == known.end()) return Value::boolean(false);
    const Value same = equal(at->second, b.element(i), left);
    if (!same.is(true)) return same;
  }
  return Value::boolean(true);
}

bool is_key(const Value& value) {
  return is_number(value) || value.kind() == Kind::Bool || value.kind() == Kind::String;
}

// Lists of type set: any order. Elements that have no order themselves are searched for.
Value equal_sets(const Value& a, const Value& b, uint64_t& left) {
  constexpr size_t kSearchMax = 1'000'000;
  if (a.size() != b.size()) return Value::boolean(false);
  std::map<Value, bool, KeyLess> known;
  std::vector<Value> others;
  for (size_t i = 0; i < a.size(); ++i) {
    const Value item = a.element(i);
    if (is_key(item))
      known[item] = true;
    else
      others.push_back(item);
  }
  if (others.size() * b.size() > kSearchMax) return too_costly();
  for (size_t i = 0; i < b.size(); ++i) {
    const Value item = b.element(i);
    bool found = is_key(item) && known.contains(item);
    for (size_t k = 0; k < others.size() && !found && !is_key(item); ++k)
      found = equal(others[k], item, left).is(true);
    if (!found) return Value::boolean(false);
  }
  return Value::boolean(true);
}

Value equal_maps(const Value& a, const Value& b, uint64_t& left) {
  if (a.size() != b.size()) return Value::boolean(false);
  for (const Value& key : a.keys()) {
    const auto right = b.member(key);
    if (!right) return Value::boolean(false);
    const Value same = equal(*a.member(key), *right, left);
    if (!same.is(true)) return same;
  }
  return Value::boolean(true);
}

// Objects are compared member by member as their schema reads them, unknown members as JSON.
Value equal_objects(const Value& a, const Value& b, uint64_t& left) {
  if (a.json()->size() != b.json()->size()) return Value::boolean(false);
  static const Declared kUnknown;
  for (const auto& [name, member] : a.json()->items()) {
    const auto right = b.json()->find(name);
    if (right == b.json()->end()) return Value::boolean(false);
    const auto field = a.declared()->fields.find(name);
    const Declared& declared = field == a.declared()->fields.end() ? kUnknown : *field->second;
    const Value same = equal(Value::of(&member, declared), Value::of(&*right, declared), left);
    if (!same.is(true)) return same;
  }
  return Value::boolean(true);
}

}  // namespace

Value too_costly() {
  return Value::error("operation cancelled: actual cost limit exceeded");
}

Value equal(const Value& a, const Value& b, uint64_t& left) {
  if (left == 0) return too_costly();
  --left;
  if (a.is_error()) return a;
  if (b.is_error()) return b;
  if (is_number(a) && is_number(b)) {
    const auto order = order_numbers(a, b);
    return Value::boolean(order && *order == 0);
  }
  if (a.kind() != b.kind()) return Value::boolean(false);
  switch (a.kind()) {
    case Kind::Null:
      return Value::boolean(true);
    case Kind::Bool:
      return Value::boolean(a.as_bool() == b.as_bool());
    case Kind::String:
    case Kind::Bytes:
      return Value::boolean(a.as_text() == b.as_text());
    case Kind::Timestamp:
    case Kind::Duration:
      return Value::boolean(a.seconds() == b.seconds() && a.nanos() == b.nanos());
    case Kind::Type:
      return Value::boolean(a.as_type()->kind == b.as_type()->kind &&
                            a.as_type()->name == b.as_type()->name);
    case Kind::Optional:
      if (!a.has_value() || !b.has_value()) return Value::boolean(a.has_value() == b.has_value());
      return equal(a.value(), b.value(), left);
    case Kind::Opaque:
      return Value::boolean(a.as_opaque().equals(b.as_opaque()));
    case Kind::Unknown:
      return Value::boolean(*a.json() == *b.json());
    case Kind::Object:
      return equal_objects(a, b, left);
    case Kind::Map:
      return equal_maps(a, b, left);
    case Kind::List:
      if (a.declared() != nullptr && a.declared()->set_list) return equal_sets(a, b, left);
      if (a.declared() != nullptr && !a.declared()->list_keys.empty())
        return equal_by_keys(a, b, a.declared()->list_keys, left);
      return equal_lists(a, b, left);
    default:
      return Value::boolean(false);
  }
}

Value equal(const Value& a, const Value& b) {
  uint64_t left = limits::kComparedMax;
  return equal(a, b, left);
}

std::optional<int> compare(const Value& a, const Value& b) {
  if (is_number(a) && is_number(b)) return order_numbers(a, b);
  if (a.kind() != b.kind()) return std::nullopt;
  switch (a.kind()) {
    case Kind::Bool:
      return order(a.as_bool(), b.as_bool());
    case Kind::String:
    case Kind::Bytes:
      return order(a.as_text(), b.as_text());
    case Kind::Timestamp:
    case Kind::Duration:
      return order(std::pair(a.seconds(), a.nanos()), std::pair(b.seconds(), b.nanos()));
    default:
      return std::nullopt;
  }
}

bool KeyLess::operator()(const Value& a, const Value& b) const {
  if (is_number(a) && is_number(b)) return order_numbers(a, b).value_or(0) < 0;
  if (a.kind() != b.kind()) return a.kind() < b.kind();
  return compare(a, b).value_or(0) < 0;
}

}  // namespace charter::cel
