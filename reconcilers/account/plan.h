#pragma once

#include "crds/types/account.h"
#include "reconcilers/common/step.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Decides the next step for one account. Pure: no I/O, no clock, no globals. An account provisions
// nothing; its passes count what its contracts hold and note who changed limits and members.
//
//   deleting  contracts  bill stated  namespace taken  over a limit -> next         Ready reason
//   yes       some       -            -                -               wait         ActiveContracts
//   yes       none       no           -                -               state bill   FinalBill
//   yes       none       yes          -                -               release      FinalBill
//   no        -          -            yes              -               (nothing)    NamespaceTaken
//   no        -          -            no               yes             (nothing)    Active, but
//                                                                      WithinLimits=False OverLimit
//   no        -          -            no               no              (nothing)    Active
namespace charter::account {

/// An account acts on nothing but its own status.
using Action = std::variant<std::monostate>;
/// The decision about an account.
using Step = charter::Step<Account, Action>;

/// A contract that has not ended.
struct ContractUse {
  std::string name;  ///< "ns/name"
  UnitCounts held;
};

/// The world around one account, looked at once.
struct Observed {
  Instant now{};
  std::vector<ContractUse> contracts;  ///< in order of name
  std::vector<std::string> taken;      ///< "shop (account other)": namespaces of an older account
  std::string changed_by;              ///< last writer of the spec; empty: not known
};

/// The table above.
Step plan(const Account& account, const Observed& have);

/// Active, OverLimit, Closing or Invalid.
std::string_view phase_of(const Conditions& conditions);

/// "User fred (RequestContract, Configure)".
std::string to_string(const Account::Member& member);

}  // namespace charter::account
