#pragma once

#include "controller/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Versions after semver.org 2.0.0 and ranges of them, in the notation that Helm, npm and Flux
// share. Pure.
//
//   1.2.3  =1.2.3  !=1.2.3  >1.2  >=1.2  <2  <=2      one version, or a bound
//   ^1.2.3   the first number that is not 0 stays:    >=1.2.3 <2.0.0
//   ~1.2.3   only the last given number but one may:  >=1.2.3 <1.3.0
//   1.2.x  1.*  *                                     any number there
//   1.2 - 1.4                                         >=1.2.0 <1.5.0: what is not given is any
//   number a b  a, b                                         both; a || b: one of them
//
// A pre-release is within a range only if a bound of it is a pre-release too (">=1.0.0-0").
namespace charter {

/// One version. What it was built from (+…) has no order and is left out.
struct Semver {
  uint64_t major = 0, minor = 0, patch = 0;
  std::vector<std::string> pre_release;  ///< "rc.1" -> {"rc", "1"}

  /// Reads "1.2.3-rc.1+build", also with a "v" before it and without the last one or two numbers.
  /// Nothing: no version.
  static std::optional<Semver> parse(std::string_view text);
  /// Below 0, 0, above 0: order of precedence.
  static int compare(const Semver& a, const Semver& b);
};

/// A range, compiled.
class SemverRange {
 public:
  /// Errors: Invalid, naming the part that is none.
  static Result<SemverRange> parse(std::string_view text);
  bool contains(const Semver& version) const;

 private:
  enum class Order { Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual };
  struct Bound {
    Order order;
    Semver version;
  };
  using All = std::vector<Bound>;  ///< every one must hold

  static Status read_part(std::string_view part, All& all);
  static Result<All> read_all(std::string_view text);
  static bool holds(const Bound& bound, const Semver& version);

  std::vector<All> any_;  ///< one must hold
};

}  // namespace charter
