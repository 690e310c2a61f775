#pragma once

#include "crds/types/invoice.h"
#include "reconcilers/common/step.h"

#include <string_view>
#include <variant>

// Decides the next step for one Invoice. Pure. This build meters nothing, so there is one row:
//
//   seen       -> next         Ready reason
//   deleting   -> (nothing)    Deleting
//   anything   -> (nothing)    MeteringNotAvailable
namespace charter::invoice {

/// Nothing is done for a Invoice, and nothing is looked at.
struct Nothing {
  bool operator==(const Nothing&) const = default;
};
using Action = std::variant<Nothing>;
using Step = charter::Step<Invoice, Action>;

/// The table above.
Step plan(const Invoice& object);

/// Always Unavailable: the word for people.
std::string_view phase_of(const Conditions& conditions);

}  // namespace charter::invoice
