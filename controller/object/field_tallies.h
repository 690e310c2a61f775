#pragma once

#include "controller/object/view.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace charter {

/// Keeps count of the values of header fields of one bucket. A field is counted from the first time
/// somebody asks for it; from then on each change of an object costs a lookup, and an answer costs
/// the number of different values. Not thread-safe: its owner's lock guards it.
class FieldTallies {
 public:
  /// Calls its argument for each object there is.
  using Walk = std::function<void(const std::function<void(const Encoded&)>&)>;

  bool counts(std::string_view field) const { return by_field_.contains(field); }
  /// Begins to count a field.
  void begin(std::string_view field, const Walk& walk);
  /// The counts of a namespace; of all when it is empty.
  Tally of(std::string_view field, std::string_view ns) const;
  /// To be told of each change; null for an object that was not or is no more.
  void change(const Encoded* before, const Encoded* after);

 private:
  using ByNamespace = std::map<std::string, Tally, std::less<>>;
  std::map<std::string, ByNamespace, std::less<>> by_field_;
};

/// Adds to the count of a value, and forgets a value that nothing has any more.
void count_value(Tally& counts, const std::string& value, int64_t times);

}  // namespace charter
