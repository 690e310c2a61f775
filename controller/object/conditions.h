#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "controller/base/clock.h"
#include "controller/object/value.h"

// metav1.Condition lists. lastTransitionTime moves only when status changes; a message longer than
// kConditionMessageBytesMax is cut at a character boundary. Pure.
namespace charter {

/// One condition. `status` is "True", "False" or "Unknown".
struct Condition {
  std::string type;
  std::string status;
  std::string reason;
  std::string message;
  int64_t observed_generation = 0;
  bool operator==(const Condition&) const = default;
};

/// Sets one condition in `status_object`["conditions"], keeping order of first appearance. True when anything changed.
bool set_condition(Json& status_object, const Condition& condition, Instant now);
/// Removes a condition by type. True when it was there.
bool remove_condition(Json& status_object, std::string_view type);
/// The condition of a type in `object`.status.conditions, or nothing.
std::optional<Condition> find_condition(const Json& object, std::string_view type);
/// True when the condition exists with status "True".
bool condition_is_true(const Json& object, std::string_view type);

}  // namespace charter
