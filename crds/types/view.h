#pragma once

#include "controller/base/clock.h"
#include "controller/object/conditions.h"
#include "controller/object/object.h"
#include "controller/object/value.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// What all typed views share. A typed view is a plain struct (crds/types/<kind>.h) parsed once from
// an object: quantities become bytes, times Instant, durations Duration, enums enum classes. Every
// struct names its members once, in `fields`, for reading and for rendering alike;
// tests/crds/conformance_test.cc walks every property of every CRD through both.
//
//   Result<Machine> read_machine(const Json& object)      whole object: meta, spec, status,
//   conditions Json spec_json(const Machine::Spec&)                  .spec, for objects that a
//   controller creates Json status_json(const Machine::Status&)              .status without
//   conditions (controller/object/conditions.h adds those)
//
// Rules: absent and empty are the same (empty texts, lists, maps and optionals are not rendered;
// numbers and flags are). A reader refuses what it cannot represent with Invalid and a field path;
// it never guesses. Pure; thread-safe.
namespace charter {

/// An enum whose words are those of the CRD: `constexpr std::array<std::string_view, N> words(E)`,
/// in order of the enumerators.
template <class E>
concept WordEnum = requires(E e) {
  words(e).size();
};

/// The CRD's word for an enumerator.
template <WordEnum E>
constexpr std::string_view to_word(E value) {
  return words(value)[static_cast<size_t>(value)];
}

/// The enumerator of a word, or nothing.
template <WordEnum E>
constexpr std::optional<E> parse_word(std::string_view word) {
  constexpr auto kWords = words(E{});
  for (size_t i = 0; i < kWords.size(); ++i) {
    if (kWords[i] == word) return static_cast<E>(i);
  }
  return std::nullopt;
}

/// Marks an int64_t (or an optional of one) as an amount that the API writes as text: "8GB".
template <class T>
struct AsBytes {
  T& value;
};

/// Used in `fields` only: `f("memory", as_bytes(s.memory_bytes))`.
template <class T>
AsBytes<T> as_bytes(T& value) {
  return {value};
}

/// The shortest exact text that the CRDs' size pattern accepts: "8GB", "1500MB", "8GiB", "1025B";
/// "0B" for 0.
std::string bytes_text(int64_t bytes);
/// A size as the CRDs write it ("8GB", "8Gi"), in whole bytes. Errors: Invalid.
Result<int64_t> parse_bytes(std::string_view text);
/// Go's form, exact: "72h", "1h30m", "500ms"; "0s" for zero.
std::string duration_text(Duration length);

/// A value of a template parameter: int-or-string.
struct ParameterValue {
  std::variant<int64_t, std::string> value;
  /// As people write it: "4", "8GB".
  std::string text() const;
  bool operator==(const ParameterValue&) const = default;
};
/// Parameter values by name.
using ParameterValues = std::map<std::string, ParameterValue>;

/// What one sold unit is: the largest machine it covers (by parameter: vcpus, memory), or an amount
/// of storage.
struct UnitSize {
  ParameterValues machine;     ///< per Machine: {vcpus: 4, memory: 8GB}
  int64_t capacity_bytes = 0;  ///< per Capacity
  bool operator==(const UnitSize&) const = default;
};

/// A calendar length, ISO 8601 with one designator: P1M, P2Y, P14D.
struct CalendarPeriod {
  enum class Unit { Years, Months, Weeks, Days };
  int64_t count = 0;
  Unit unit = Unit::Months;
  bool operator==(const CalendarPeriod&) const = default;
};
/// Parses "P1M"; nothing else (nothing for a zero count).
std::optional<CalendarPeriod> parse_calendar_period(std::string_view text);
std::string calendar_period_text(const CalendarPeriod& period);
/// `from` plus the period in UTC; a day that the target month lacks becomes its last day (31
/// January + P1M = 28 February).
Instant add_period(Instant from, const CalendarPeriod& period);

/// Reference to an object by name; its kind and namespace follow from the field.
struct NameRef {
  std::string name;
  static void fields(auto& f, auto& s) { f.required("name", s.name); }
  bool operator==(const NameRef&) const = default;
};

/// Reference that also pins the UID, so that a namesake created later is never mistaken for it.
struct UidRef {
  std::string name;
  std::string uid;
  static void fields(auto& f, auto& s) {
    f.required("name", s.name);
    f("uid", s.uid);
  }
  bool operator==(const UidRef&) const = default;
};

/// Reference to an object in a named namespace.
struct NamespacedRef {
  std::string ns;
  std::string name;
  static void fields(auto& f, auto& s) {
    f.required("namespace", s.ns);
    f.required("name", s.name);
  }
  bool operator==(const NamespacedRef&) const = default;
};

/// Sold units by name of the unit.
using UnitCounts = std::map<std::string, int64_t>;

/// Conditions of an object that was read.
using Conditions = std::vector<Condition>;

/// The condition of a type, or nullptr.
const Condition* find_condition(const Conditions& conditions, std::string_view type);
/// True when the condition exists with status "True" and, unless `generation` is 0, was made for
/// that generation.
bool is_true(const Conditions& conditions, std::string_view type, int64_t generation = 0);
/// Conditions of an object's status.
Conditions read_conditions(const Json& object);

}  // namespace charter
