#pragma once

#include "crds/types/contract.h"
#include "crds/types/service_offering.h"
#include "crds/types/service_offering_revision.h"
#include "reconcilers/common/step.h"
#include "reconcilers/contract/offer.h"
#include "reconcilers/contract/term.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Decides the next step for one contract. Pure: no I/O, no clock, no globals. Offer, acceptance and
// end are records in status: they happened, and no later look at the world can show them again.
//
//   stage                      seen                         -> next               Ready reason
//   deleting, ended or ending  a child that stays so far    -> Delete*            Terminating
//   same                       children that are deleting   -> wait for them      Terminating
//   deleting                   nothing left, end not noted  -> note the end       FinalBill
//   deleting                   nothing left, not all billed -> wait for the bill  FinalBill
//   deleting                   nothing left, all billed     -> state it           FinalBill
//   deleting                   nothing left, bill stated    -> release            FinalBill
//   ending                     nothing left                 -> note the end       Terminated,
//   ended                      nothing left                 -> (nothing)           Expired
//   asked                      no account                   -> (nothing)          NoAccount
//   asked                      no offering                  -> wait               ReferenceNotFound
//   asked                      draft, or no revision yet    -> wait               NotPublished
//   asked                      offering retired or deleting -> (nothing)          OfferingRetired
//   asked                      no offer that stands         -> note an offer      WaitForAcceptance
//   asked                      not accepted                 -> wait until expiry  WaitForAcceptance
//   asked                      accepted, over a limit       -> wait               OverLimit
//   asked                      accepted or Automatic        -> note acceptance    Accepted
//   in force                   starts later                 -> wait until start   Scheduled
//   in force                   as requested                 -> wait until end     Active
//   in force                   otherwise                    -> amend, as "asked"  stays Active
//
// Volumes that are to be kept (reclaimPolicy Retain or Detach) are no children here: their own
// policy decides, and the contract does not wait for them.
namespace charter::contract {

/// Deletes one service instance, which reclaims its machines and volumes.
struct DeleteInstance {
  std::string name, uid;
  bool operator==(const DeleteInstance&) const = default;
};
/// Deletes one volume that the consumer made under the contract.
struct DeleteVolume {
  std::string name, uid;
  bool operator==(const DeleteVolume&) const = default;
};
/// What a pass may do.
using Action = std::variant<DeleteInstance, DeleteVolume>;
/// The decision about a contract.
using Step = charter::Step<Contract, Action>;

/// Something that exists under the contract and goes with it.
struct Child {
  enum class Kind { Instance, Volume };
  Kind kind = Kind::Instance;
  std::string name, uid;
  bool deleting = false;
  std::string note;  ///< what holds it up, in its own words; of the first that matters only
  bool operator==(const Child&) const = default;
};

/// The account that the contract's namespace belongs to.
struct AccountFacts {
  std::string name;
  UnitCounts limits;
  UnitCounts used;  ///< held by all its contracts, this one included
  std::vector<Account::PriceOverride> price_overrides;
};

/// The offering as it is now. The contract itself lives by its revision.
struct OfferingFacts {
  Publication publication = Publication::Draft;
  std::string revision;  ///< published revision, empty: none
  bool deleting = false;
};

/// Who committed spec.acceptance and when, as far as managedFields tell.
struct AcceptanceFacts {
  std::string by;
  std::optional<Instant> at;
};

/// How far it is billed (reconcilers/invoice/bills.h).
struct BillFacts {
  bool is_charged = false;  ///< something was metered under it
  bool is_settled = true;   ///< every bill up to its end is issued
  std::string text;         ///< in words
};

/// The world around one contract, looked at once.
struct Observed {
  Instant now{};
  std::optional<AccountFacts> account;
  std::optional<OfferingFacts> offering;
  AcceptanceFacts acceptance;
  /// Those of the revisions named by status.accepted, status.offer and the offering that exist.
  std::map<std::string, ServiceOfferingRevision::Spec> revisions;
  std::vector<Child> children;
  std::vector<std::string> kept;  ///< "volume data": stays by its own policy
  int64_t instances = 0;
  UnitCounts provisioned;
  BillFacts bill;
};

/// The table above.
Step plan(const Contract& contract, const Observed& have);

/// Requested, Offered, Scheduled, Active, Amending, Terminating, Terminated, Expired or Refused.
std::string_view phase_of(const Conditions& conditions);

}  // namespace charter::contract
