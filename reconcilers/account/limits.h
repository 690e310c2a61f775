#pragma once

#include "controller/object/view.h"
#include "crds/types/account.h"

#include <string>
#include <vector>

// Limits of an account, counted in sold units. There is no counter anywhere: what is used is summed
// from the contracts' headers each time, inside the writer's turn when it decides about a write
// (contract/admit.h), from the caches when it is shown (plan.h).
//
// Header fields of an Account, beside those of account_fields (reconcilers/common/pause.h):
//
//   limits.<unit>   the limit; a unit without one may not be ordered
//   namespaces      the account's namespaces, separated by spaces
namespace charter::account {

/// Header fields of an Account that this file reads.
Pairs limit_fields(const Json& account);
UnitCounts limits_of(const Header& account);
std::vector<std::string> namespaces_of(const Header& account);

/// Contracts of the account's namespaces that have not ended, in order of namespace and name.
std::vector<ObjectPtr> contracts_of(const View& view, const std::vector<std::string>& namespaces);
/// Units held by all of them.
UnitCounts used_units(const View& view, const std::vector<std::string>& namespaces);

/// One unit that would go beyond its limit.
struct Overrun {
  std::string unit;
  int64_t limit = 0;
  int64_t used = 0;   ///< held by all contracts of the account before the write
  int64_t asked = 0;  ///< by this contract
  bool operator==(const Overrun&) const = default;
};
/// "compute: limit 5, used 3, asked 6".
std::string to_string(const Overrun& overrun);

/// Units in which replacing `before` by `asked` breaks a limit. A unit that does not grow breaks
/// none, however low its limit has become: lowering a limit blocks only new work.
std::vector<Overrun> overruns(const UnitCounts& limits, const UnitCounts& used,
                              const UnitCounts& before, const UnitCounts& asked);

/// "ns/name, ns/name and 3 more": for messages that must stay short.
std::string name_list(const std::vector<std::string>& names);

}  // namespace charter::account
