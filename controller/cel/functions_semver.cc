#include "controller/cel/functions.h"

#include <charconv>
#include <optional>
#include <vector>

// Semantic versions, 2.0.0 of the specification; normalising adds missing numbers and drops a "v"
// and leading zeros.
namespace charter::cel {
namespace {

/// A value of type kubernetes.Semver. Build metadata takes no part in the order.
struct Version final : Opaque {
  std::string_view type_name() const override { return "kubernetes.Semver"; }
  bool equals(const Opaque& other) const override {
    const auto* version = dynamic_cast<const Version*>(&other);
    return version != nullptr && compare_to(*version) == 0;
  }
  int compare_to(const Version& other) const;

  uint64_t numbers[3]{};
  std::vector<std::string> pre;
};

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

template <typename T>
int order(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int order_identifiers(const std::string& a, const std::string& b) {
  const bool left = is_number(a), right = is_number(b);
  if (left != right) return left ? -1 : 1;
  if (left && a.size() != b.size()) return order(a.size(), b.size());
  return order(a, b);
}

int Version::compare_to(const Version& other) const {
  for (size_t i = 0; i < 3; ++i)
    if (const int by = order(numbers[i], other.numbers[i]); by != 0) return by;
  if (pre.empty() || other.pre.empty()) return order(pre.empty(), other.pre.empty());
  for (size_t i = 0; i < pre.size() && i < other.pre.size(); ++i)
    if (const int by = order_identifiers(pre[i], other.pre[i]); by != 0) return by;
  return order(pre.size(), other.pre.size());
}

std::vector<std::string> split(std::string_view text, char mark) {
  std::vector<std::string> out;
  for (;;) {
    const size_t end = text.find(mark);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

bool are_identifiers(const std::vector<std::string>& list, bool pre) {
  for (const std::string& word : list) {
    if (word.empty() ||
        word.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-") !=
            std::string::npos)
      return false;
    if (pre && word.size() > 1 && word[0] == '0' && is_number(word)) return false;
  }
  return true;
}

std::optional<Version> read_version(std::string_view text, bool normalize) {
  if (normalize && (text.starts_with('v') || text.starts_with('V'))) text.remove_prefix(1);
  Version out;
  const size_t plus = text.find('+');
  if (plus != std::string_view::npos) {
    if (!are_identifiers(split(text.substr(plus + 1), '.'), false)) return std::nullopt;
    text = text.substr(0, plus);
  }
  const size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    out.pre = split(text.substr(dash + 1), '.');
    if (!are_identifiers(out.pre, true)) return std::nullopt;
    text = text.substr(0, dash);
  }
  std::vector<std::string> numbers = split(text, '.');
  while (normalize && numbers.size() < 3)
    numbers.emplace_back("0");
  if (numbers.size() != 3) return std::nullopt;
  for (size_t i = 0; i < 3; ++i) {
    const std::string& word = numbers[i];
    if (!is_number(word) || (!normalize && word.size() > 1 && word[0] == '0')) return std::nullopt;
    if (std::from_chars(word.data(), word.data() + word.size(), out.numbers[i]).ec != std::errc())
      return std::nullopt;
  }
  return out;
}

const Version& version_of(const Value& value) {
  return static_cast<const Version&>(value.as_opaque());
}

Value is_semver(const Value* args, size_t count, CallContext&) {
  return Value::boolean(
      read_version(args[0].as_text(), count > 1 && args[1].as_bool()).has_value());
}

Value to_semver(const Value* args, size_t count, CallContext&) {
  auto version = read_version(args[0].as_text(), count > 1 && args[1].as_bool());
  if (!version) return Value::error("invalid semantic version: " + std::string(args[0].as_text()));
  return Value::opaque(std::make_unique<Version>(std::move(*version)));
}

Value compare_to(const Value* args, size_t, CallContext&) {
  return Value::integer(version_of(args[0]).compare_to(version_of(args[1])));
}
Value greater(const Value* args, size_t, CallContext&) {
  return Value::boolean(version_of(args[0]).compare_to(version_of(args[1])) > 0);
}
Value less(const Value* args, size_t, CallContext&) {
  return Value::boolean(version_of(args[0]).compare_to(version_of(args[1])) < 0);
}

template <size_t part>
Value number(const Value* args, size_t, CallContext&) {
  return Value::integer(static_cast<int64_t>(version_of(args[0]).numbers[part] & INT64_MAX));
}

}  // namespace

std::vector<FunctionRow> semver_rows() {
  constexpr std::string_view kOne = "kubernetes.Semver";
  constexpr std::string_view kTwo = "kubernetes.Semver; kubernetes.Semver";
  return {
      {"isSemver", "is_semver_string", "string", "bool", is_semver, Cost::Traverse},
      {"isSemver", "is_semver_string_bool", "string; bool", "bool", is_semver, Cost::Traverse},
      {"semver", "string_to_semver", "string", kOne, to_semver, Cost::Traverse},
      {"semver", "string_bool_to_semver", "string; bool", kOne, to_semver, Cost::Traverse},
      {".isGreaterThan", "semver_is_greater_than", kTwo, "bool", greater},
      {".isLessThan", "semver_is_less_than", kTwo, "bool", less},
      {".compareTo", "semver_compare_to", kTwo, "int", compare_to},
      {".major", "semver_major", kOne, "int", number<0>},
      {".minor", "semver_minor", kOne, "int", number<1>},
      {".patch", "semver_patch", kOne, "int", number<2>},
  };
}

}  // namespace charter::cel
