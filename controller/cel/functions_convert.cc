#include "controller/cel/functions.h"
#include "controller/object/utf8.h"

#include <array>
#include <charconv>
#include <cmath>

// Conversions between types, and type().
namespace charter::cel {
namespace {

Value no_conversion(const Value& from, Kind to) {
  return Value::error("type conversion error from '" + std::string(from.type_name()) + "' to '" +
                      std::string(kind_name(to)) + "'");
}

template <typename T>
bool read_number(std::string_view text, T& out) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, out);
  return read.ec == std::errc() && read.ptr == end && !text.empty();
}

Value itself(const Value* args, size_t, CallContext&) {
  return args[0];
}

Value to_int(const Value* args, size_t, CallContext&) {
  const Value& from = args[0];
  switch (from.kind()) {
    case Kind::Uint:
      if (from.as_uint() > uint64_t{INT64_MAX}) return Value::error("integer overflow");
      return Value::integer(static_cast<int64_t>(from.as_uint()));
    case Kind::Double: {
      constexpr double kLimit = 9223372036854775808.0;
      const double number = from.as_double();
      if (!(number > -kLimit && number < kLimit)) return Value::error("integer overflow");
      return Value::integer(static_cast<int64_t>(number));
    }
    case Kind::String: {
      int64_t out = 0;
      return read_number(from.as_text(), out) ? Value::integer(out)
                                              : no_conversion(from, Kind::Int);
    }
    case Kind::Duration:
      return Value::integer(from.seconds() * 1'000'000'000 + from.nanos());
    default:
      return Value::integer(from.seconds());  // of a timestamp
  }
}

Value to_uint(const Value* args, size_t, CallContext&) {
  const Value& from = args[0];
  switch (from.kind()) {
    case Kind::Int:
      if (from.as_int() < 0) return Value::error("unsigned integer overflow");
      return Value::unsigned_integer(static_cast<uint64_t>(from.as_int()));
    case Kind::Double: {
      constexpr double kLimit = 18446744073709551616.0;
      const double number = from.as_double();
      if (!(number >= 0 && number < kLimit)) return Value::error("unsigned integer overflow");
      return Value::unsigned_integer(static_cast<uint64_t>(number));
    }
    default: {
      uint64_t out = 0;
      return read_number(from.as_text(), out) ? Value::unsigned_integer(out)
                                              : no_conversion(from, Kind::Uint);
    }
  }
}

Value to_double(const Value* args, size_t, CallContext&) {
  const Value& from = args[0];
  if (from.kind() == Kind::Int) return Value::real(static_cast<double>(from.as_int()));
  if (from.kind() == Kind::Uint) return Value::real(static_cast<double>(from.as_uint()));
  double out = 0;
  return read_number(from.as_text(), out) ? Value::real(out) : no_conversion(from, Kind::Double);
}

Value to_text(const Value* args, size_t, CallContext& context) {
  const Value& from = args[0];
  switch (from.kind()) {
    case Kind::Bool:
      return Value::text(from.as_bool() ? "true" : "false");
    case Kind::Int:
      return Value::text(std::to_string(from.as_int()));
    case Kind::Uint:
      return Value::text(std::to_string(from.as_uint()));
    case Kind::Double:
      return Value::text(double_text(from.as_double()));
    case Kind::Timestamp:
      return Value::text(timestamp_text(from.seconds(), from.nanos()));
    case Kind::Duration:
      return Value::text(duration_text(from.seconds(), from.nanos()));
    default:
      if (!is_utf8(from.as_text()))
        return Value::error("invalid UTF-8 in bytes, cannot convert to string");
      if (!may_make(context, from.as_text().size())) return too_costly();
      return Value::text(std::string(from.as_text()));
  }
}

Value to_bytes(const Value* args, size_t, CallContext& context) {
  if (!may_make(context, args[0].as_text().size())) return too_costly();
  return Value::bytes(std::string(args[0].as_text()));
}

Value to_bool(const Value* args, size_t, CallContext&) {
  for (const std::string_view word : {"1", "t", "true", "TRUE", "True", "T"})
    if (word == args[0].as_text()) return Value::boolean(true);
  for (const std::string_view word : {"0", "f", "false", "FALSE", "False", "F"})
    if (word == args[0].as_text()) return Value::boolean(false);
  return no_conversion(args[0], Kind::Bool);
}

Value to_duration(const Value* args, size_t, CallContext&) {
  if (args[0].kind() == Kind::Int)
    return Value::duration(args[0].as_int() / 1'000'000'000,
                           static_cast<int32_t>(args[0].as_int() % 1'000'000'000));
  const auto length = parse_duration(args[0].as_text());
  return length ? Value::duration(length->seconds, length->nanos)
                : no_conversion(args[0], Kind::Duration);
}

Value to_timestamp(const Value* args, size_t, CallContext&) {
  if (args[0].kind() == Kind::Int) {
    const int64_t seconds = args[0].as_int();
    if (seconds < -62135596800 || seconds > 253402300799) return Value::error("timestamp overflow");
    return Value::timestamp(seconds, 0);
  }
  const auto moment = parse_timestamp(args[0].as_text());
  return moment ? Value::timestamp(moment->seconds, moment->nanos)
                : no_conversion(args[0], Kind::Timestamp);
}

Value type_of(const Value* args, size_t, CallContext&) {
  const Value& value = args[0];
  switch (value.kind()) {
    case Kind::Object:
      return Value::type(value.declared()->type);
    case Kind::Opaque:
      return Value::type(Type::opaque(std::string(value.type_name())));
    default:
      return Value::type(Type::of(value.kind()));
  }
}

}  // namespace

std::vector<FunctionRow> conversion_rows() {
  return {
      {"int", "int64_to_int64", "int", "int", itself},
      {"int", "uint64_to_int64", "uint", "int", to_int},
      {"int", "double_to_int64", "double", "int", to_int},
      {"int", "string_to_int64", "string", "int", to_int},
      {"int", "timestamp_to_int64", "timestamp", "int", to_int},
      {"int", "duration_to_int64", "duration", "int", to_int},
      {"uint", "uint64_to_uint64", "uint", "uint", itself},
      {"uint", "int64_to_uint64", "int", "uint", to_uint},
      {"uint", "double_to_uint64", "double", "uint", to_uint},
      {"uint", "string_to_uint64", "string", "uint", to_uint},
      {"double", "double_to_double", "double", "double", itself},
      {"double", "int64_to_double", "int", "double", to_double},
      {"double", "uint64_to_double", "uint", "double", to_double},
      {"double", "string_to_double", "string", "double", to_double},
      {"string", "string_to_string", "string", "string", itself},
      {"string", "bool_to_string", "bool", "string", to_text},
      {"string", "int64_to_string", "int", "string", to_text},
      {"string", "uint64_to_string", "uint", "string", to_text},
      {"string", "double_to_string", "double", "string", to_text},
      {"string", "bytes_to_string", "bytes", "string", to_text, Cost::Traverse},
      {"string", "timestamp_to_string", "timestamp", "string", to_text},
      {"string", "duration_to_string", "duration", "string", to_text},
      {"bytes", "bytes_to_bytes", "bytes", "bytes", itself},
      {"bytes", "string_to_bytes", "string", "bytes", to_bytes, Cost::Traverse},
      {"bool", "bool_to_bool", "bool", "bool", itself},
      {"bool", "string_to_bool", "string", "bool", to_bool},
      {"duration", "duration_to_duration", "duration", "duration", itself},
      {"duration", "int64_to_duration", "int", "duration", to_duration},
      {"duration", "string_to_duration", "string", "duration", to_duration},
      {"timestamp", "timestamp_to_timestamp", "timestamp", "timestamp", itself},
      {"timestamp", "int64_to_timestamp", "int", "timestamp", to_timestamp},
      {"timestamp", "string_to_timestamp", "string", "timestamp", to_timestamp},
      {"type", "type", "A", "type(A)", type_of},
      {"dyn", "to_dyn", "A", "dyn", itself},
  };
}

}  // namespace charter::cel
