#pragma once

#include "controller/base/result.h"
#include "controller/object/json_view.h"

#include <string>
#include <vector>

// The JSONPath that printer columns use: .a.b, ['a'], [0], [*] and [?(@.type=="Ready")]. Pure.
namespace charter {

/// A compiled path. Immutable.
class JsonPath {
 public:
  /// Errors: Invalid, with what was not understood.
  static Result<JsonPath> parse(std::string_view text);
  /// The JSON text of all values that the path selects in an encoded object, in document order.
  std::vector<std::string_view> select(const JsonView& root) const;

 private:
  /// One step: a member, an index, all elements, or the elements whose member equals a text.
  struct Step {
    enum class Kind { Member, Index, All, Filter };
    Kind kind = Kind::Member;
    std::string key;                     ///< Member: as in encoded text
    size_t index = 0;                    ///< Index
    std::vector<std::string> where;      ///< Filter: path below the element, as in encoded text
    std::string equals;                  ///< Filter: wanted text, as in encoded text
  };
  static Result<Step> parse_bracket(std::string_view inside);
  static void take_step(const Step& step, std::string_view node,
                        std::vector<std::string_view>& out);
  std::vector<Step> steps_;
};

}  // namespace charter
