#pragma once

#include "controller/cel/declared.h"
#include "controller/cel/type.h"
#include "controller/object/value.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Values of expressions. Those that come from a document point into it and are never copied; those
// an expression makes are shared and immutable once made.
namespace charter::cel {

class Value;

/// Orders map keys; numbers of different types that are equal are one key.
struct KeyLess {
  bool operator()(const Value& a, const Value& b) const;
};

/// What a value of one of Kubernetes' opaque types holds.
struct Opaque {
  virtual ~Opaque() = default;
  virtual std::string_view type_name() const = 0;
  virtual bool equals(const Opaque& other) const = 0;
};

/// What an expression made.
struct Made {
  std::string text;
  std::vector<Value> items;
  std::map<Value, Value, KeyLess> entries;
  TypePtr type;
  std::unique_ptr<const Opaque> opaque;
};

/// One value, or an error. Cheap to copy. A value may point into the document and into the
/// expression that it was made from, and must not outlive them.
class Value {
 public:
  Value() = default;
  static Value boolean(bool value);
  static Value integer(int64_t value);
  static Value unsigned_integer(uint64_t value);
  static Value real(double value);
  static Value text(std::string value);
  static Value text_view(std::string_view value);  ///< the caller keeps the bytes
  static Value bytes(std::string value);
  static Value timestamp(int64_t seconds, int32_t nanos);
  static Value duration(int64_t seconds, int32_t nanos);
  /// With `like`, elements are told together as lists of that declaration tell theirs.
  static Value list(std::vector<Value> items, const Declared* like = nullptr);
  static Value map(std::map<Value, Value, KeyLess> entries);
  static Value type(TypePtr type);
  static Value optional(Value value);
  static Value no_value();
  static Value opaque(std::unique_ptr<const Opaque> opaque);
  static Value error(std::string message);
  /// The JSON of a node of a document, as its schema declares it; `json` may be null for "absent".
  static Value of(const Json* json, const Declared& declared);

  Kind kind() const { return kind_; }
  bool is_error() const { return kind_ == Kind::Error; }
  bool is(bool value) const { return kind_ == Kind::Bool && bool_ == value; }
  bool as_bool() const { return bool_; }
  int64_t as_int() const { return int_; }
  uint64_t as_uint() const { return uint_; }
  double as_double() const { return double_; }
  /// Of strings and bytes; of errors their message.
  std::string_view as_text() const { return text_; }
  int64_t seconds() const { return int_; }
  int32_t nanos() const { return nanos_; }
  const TypePtr& as_type() const { return made_->type; }
  const Opaque& as_opaque() const { return *made_->opaque; }
  bool has_value() const { return made_ != nullptr; }
  const Value& value() const { return made_->items.front(); }
  const Json* json() const { return json_; }
  const Declared* declared() const { return declared_; }

  /// Number of elements, code points, bytes or members.
  size_t size() const;
  /// An element of a list; `index` must be below size().
  Value element(size_t index) const;
  /// A member of a map or object, or nothing.
  std::optional<Value> member(const Value& key) const;
  /// A declared field under its name in expressions, or the key of a map.
  std::optional<Value> field(std::string_view name) const;
  /// The keys of a map.
  std::vector<Value> keys() const;
  /// Adds to a list that this value alone holds.
  void append(Value item);
  /// The entries of a map that an expression made, moved out if this value alone holds them.
  std::map<Value, Value, KeyLess> take_entries();
  /// "list", "net.IP", as the function type() and findings name it.
  std::string_view type_name() const;
  /// True for false, 0, "", [], {}, null and the like.
  bool is_zero() const;

 private:
  static Value with(Kind kind) {
    Value out;
    out.kind_ = kind;
    return out;
  }
  static Value made_with(Kind kind, std::shared_ptr<Made> made) {
    Value out = with(kind);
    out.made_ = std::move(made);
    return out;
  }
  static Value of_text(const std::string& text, const Declared& declared);
  static Value of_any(const Json& json);

  Kind kind_ = Kind::Null;
  int32_t nanos_ = 0;
  union {
    bool bool_;
    int64_t int_ = 0;
    uint64_t uint_;
    double double_;
  };
  std::string_view text_;
  const Json* json_ = nullptr;
  const Declared* declared_ = nullptr;
  std::shared_ptr<Made> made_;
};

/// What an evaluation comes to that costs more than it may.
Value too_costly();
/// Equality as expressions know it: across numeric types, deep, false between other types. May be
/// an error.
Value equal(const Value& a, const Value& b);
/// The same, looking at no more than `left` pairs of values, which it counts down: what is shared
/// is compared each time it is met.
Value equal(const Value& a, const Value& b, uint64_t& left);
/// -1, 0 or 1; nothing when the two have no order (NaN, different types).
std::optional<int> compare(const Value& a, const Value& b);
/// Number of code points of valid UTF-8.
size_t code_points(std::string_view text);

/// RFC 3339, as kube reads date-time; nothing when it is not one or outside years 1 to 9999.
struct Moment {
  int64_t seconds = 0;
  int32_t nanos = 0;
};
std::optional<Moment> parse_timestamp(std::string_view text);
std::optional<Moment> parse_date(std::string_view text);
/// Go's notation, "1h30m", "1.5s"; nothing when it is not one or overflows.
std::optional<Moment> parse_duration(std::string_view text);
/// The same, and what the schema's format "duration" takes besides: "1 day", "3 weeks 2h".
std::optional<Moment> parse_loose_duration(std::string_view text);
/// What `string()` makes of them.
std::string timestamp_text(int64_t seconds, int32_t nanos);
std::string duration_text(int64_t seconds, int32_t nanos);
/// A double as Go's strconv.FormatFloat(…, 'g', -1) prints it.
std::string double_text(double number);

}  // namespace charter::cel
