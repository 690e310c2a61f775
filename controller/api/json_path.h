#pragma once

#include <string>
#include <vector>

#include "controller/object/value.h"

// The JSONPath that printer columns use: .a.b, ['a'], [0], [*] and [?(@.type=="Ready")]. Pure.
namespace charter {

/// A compiled path. Immutable.
class JsonPath {
 public:
  /// Errors: Invalid, with what was not understood.
  static Result<JsonPath> parse(std::string_view text);
  /// All nodes the path selects, in document order.
  std::vector<const Json*> select(const Json& root) const;

 private:
  /// One step: a member, an index, all elements, or the elements whose member equals a text.
  struct Step {
    enum class Kind { Member, Index, All, Filter };
    Kind kind = Kind::Member;
    std::string name;                    ///< Member
    size_t index = 0;                    ///< Index
    std::vector<std::string> where;      ///< Filter: path below the element
    std::string equals;                  ///< Filter: wanted text
  };
  static Result<Step> parse_bracket(std::string_view inside);
  std::vector<Step> steps_;
};

}  // namespace charter
