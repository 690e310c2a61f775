#pragma once

#include "controller/cel/ast.h"
#include "controller/cel/declared.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

// Arithmetic of the cost estimate, shared by estimate.cc and estimate_calls.cc. Everything stops at
// the largest number instead of going round, so that "unbounded" stays unbounded.
namespace charter::cel {

struct Overload;

/// Stands for "nothing bounds it".
inline constexpr uint64_t kUnbounded = UINT64_MAX;

inline uint64_t bounded_sum(uint64_t a, uint64_t b) {
  return a > kUnbounded - b ? kUnbounded : a + b;
}

inline uint64_t bounded_product(uint64_t a, uint64_t b) {
  return b != 0 && a > kUnbounded / b ? kUnbounded : a * b;
}

/// `size` times `factor`, rounded up.
inline uint64_t scaled(uint64_t size, double factor) {
  const double out = std::ceil(static_cast<double>(size) * factor);
  return out >= 0x1p64 ? kUnbounded : static_cast<uint64_t>(out);
}

/// The least and the most that a value's size may be: code points, bytes, elements or entries.
struct Sizes {
  uint64_t least = 0;
  uint64_t most = kUnbounded;

  static Sizes exactly(uint64_t size) { return {size, size}; }
  Sizes operator+(const Sizes& other) const {
    return {bounded_sum(least, other.least), bounded_sum(most, other.most)};
  }
  Sizes operator*(const Sizes& other) const {
    return {bounded_product(least, other.least), bounded_product(most, other.most)};
  }
  /// What covers both.
  Sizes operator|(const Sizes& other) const {
    return {std::min(least, other.least), std::max(most, other.most)};
  }
};

/// Where in the schema a value comes from: unknown, from nowhere that the schema knows, or a node.
struct Trail {
  enum class State : uint8_t { None, Lost, Found } state = State::None;
  const Declared* node = nullptr;

  static Trail at(const Declared& node) { return {State::Found, &node}; }
};

/// One operand of a call.
struct Operand {
  const Expr* expr = nullptr;
  std::optional<Sizes> known;  ///< its size, when something says it
  Trail trail;
  Sizes size() const { return known.value_or(Sizes{}); }
};

/// The most a call costs beside its operands, and the size of what it makes if that is known.
struct CallEstimate {
  uint64_t cost = 1;
  std::optional<Sizes> result;
};

/// The trail one step further: a field's name in expressions, or one of the words below.
Trail step(const Trail& from, const Declared& root, std::string_view name);
inline constexpr std::string_view kItems = "@items";
inline constexpr std::string_view kValues = "@values";
inline constexpr std::string_view kKeys = "@keys";

/// What the schema says of a value's size; nothing when it does not know the value.
std::optional<Sizes> size_at(const Trail& trail);

/// Estimates one overload of a call; `target` is null unless it is a member's.
CallEstimate estimate_call(const Overload& overload, const Operand* target,
                           const std::vector<Operand>& args, const Declared& root);

}  // namespace charter::cel
