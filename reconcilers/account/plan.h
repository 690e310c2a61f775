#pragma once

#include "crds/types/account.h"
#include "reconcilers/account/roles.h"
#include "reconcilers/common/step.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Decides the next step for one account. Pure: no I/O, no clock, no globals. An account provisions
// nothing; its passes count what its contracts hold, note who changed limits and members, and keep
// the members' roles (roles.h).
//
//   deleting  contracts  bill stated  roles   namespace taken -> next         Ready reason
//   yes       some       -            -       -                  wait         ActiveContracts
//   yes       none       not issued   -       -                  wait         FinalBill
//   yes       none       no           -       -                  state bill   FinalBill
//   yes       none       yes          some    -                  drop one     FinalBill
//   yes       none       yes          none    -                  release      FinalBill
//   no        -          -            -       yes                (nothing)    NamespaceTaken
//   no        -          -            differ  no                 put or drop  Active
//   no        -          -            as is   no                 (nothing)    Active
//
// Whatever the row, units over a limit show as WithinLimits=False OverLimit.
namespace charter::account {

/// Beside its own status an account changes the roles of its members.
using Action = std::variant<RoleChange>;
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
  std::vector<std::string> unbilled;   ///< "shop/orders: invoice … is not issued yet"
  std::vector<std::string> bills;  ///< "shop/orders: final invoice …", of contracts still there
  std::vector<std::string> taken;  ///< "shop (account other)": namespaces of an older account
  std::string changed_by;          ///< last writer of the spec; empty: not known
  std::vector<RoleChange>
      roles;  ///< what the members' roles lack; in deletion: what is left of them
};

/// The table above.
Step plan(const Account& account, const Observed& have);

/// Active, OverLimit, Closing or Invalid.
std::string_view phase_of(const Conditions& conditions);

/// "User fred (RequestContract, Configure)".
std::string to_string(const Account::Member& member);

}  // namespace charter::account
