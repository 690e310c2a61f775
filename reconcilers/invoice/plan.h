#pragma once

#include "crds/types/invoice.h"
#include "reconcilers/common/step.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Decides the next step for one Invoice. Pure.
//
//   seen                                  -> next                      Ready reason
//   deleting                              -> (nothing)                 Deleting
//   issued                                -> (nothing, never again)    Issued
//   not due yet, or an earlier one waits  -> note the draft, wait      IssuingInvoice
//   due                                   -> issue it                  Issued
//
// A bill is due when its period and the grace for late usage are over, and at once when nothing of
// its contract is left: what is over cannot be late. What comes later is a correction on the next.
namespace charter::invoice {

/// The lines of a period, corrections of earlier ones included.
struct Bill {
  std::vector<Invoice::Line> lines;
  std::string total;
  int64_t position = 0;  ///< of the ledger, up to which usage is in it
};

/// The world around one bill, looked at once.
struct Observed {
  Instant now{}, due{};
  std::string waits_for;     ///< an earlier bill of the contract that is not issued
  std::optional<Bill> bill;  ///< nothing: as status has it
};

/// Bills act on nothing but themselves.
struct Nothing {
  bool operator==(const Nothing&) const = default;
};
using Action = std::variant<Nothing>;
using Step = charter::Step<Invoice, Action>;

/// The table above.
Step plan(const Invoice& invoice, const Observed& have);

/// Hash of what a bill says: spec, number, lines, total and rounding rule. When it was issued and
/// how far the ledger was then are not part of it: made again it is the same.
std::string content_hash_of(const Invoice& invoice);

/// Draft or Issued: the word for people.
std::string_view phase_of(const Conditions& conditions);

}  // namespace charter::invoice
