#pragma once

#include "controller/git/git_reader.h"
#include "controller/runtime/applier.h"
#include "crds/types/git_source.h"
#include "reconcilers/common/step.h"

#include <variant>
#include <vector>

// What to do for a GitSource, from what was seen. Pure. The first line that holds decides:
//
//   suspended                          nothing; what runs goes on
//   a dependsOn is not Ready           wait; Stalled InvalidReference when it waits for this one
//   a manifest cannot be applied       Stalled CommitInvalid: nothing of the commit is applied
//   no manifest at all, but objects    Stalled EmptySource until confirmed: an emptied directory
//   of an earlier commit               never takes everything away
//   objects missing in the inventory   note them: a crash must not leave one that nobody knows of
//   commit or spec not applied yet,    Apply
//   or drift that is to be reverted
//   objects that left the commit       adopted, gone or no longer ours: forgotten. Protected ones:
//                                      Stalled PruneBlocked, nothing is deleted. Else Prune
//   nothing                            Ready; Healthy says whether all of it is ready
namespace charter::git_source {

/// On an object that must not be pruned silently, with any value: it may be.
inline constexpr std::string_view kConfirmPrune = "charter.dev/confirm-prune";

/// An object of the inventory that the commit no longer has.
struct Leaving {
  enum class State {
    Gone,       ///< there is none
    NotOurs,    ///< this source has no field in it any more
    Going,      ///< its deletion has begun
    Protected,  ///< `why` it is, and what lifts that
    Free,
  };
  GitSource::Entry entry;
  State state = State::Free;
  std::string uid;
  std::string why;
};

/// What a pass saw.
struct Observed {
  std::vector<std::string> waits_for;        ///< sources of dependsOn that are not Ready
  std::vector<std::string> waits_in_circle;  ///< the way from this source back to it, or nothing
  GitCommit commit;                          ///< the newest
  std::vector<GitSource::Entry> wanted;      ///< its objects, in the order they are applied in
  std::vector<ApplyFinding> findings;        ///< why it cannot be applied
  std::vector<std::string> drifted;          ///< applied objects that somebody changed
  std::vector<Leaving> leaving;
  std::vector<GitSource::Unready> not_ready;  ///< all of them
  bool empty_confirmed = false;  ///< the source's own annotation kConfirmPrune names this commit
  Duration next_check{};         ///< until the repository is looked at again
  std::string receiver_problem;  ///< why all pushes are refused; empty: they are not
  Instant now;
};

/// Apply all manifests of the commit.
struct Apply {
  std::string commit;
  bool operator==(const Apply&) const = default;
};
/// Delete these.
struct Prune {
  struct Object {
    ManifestTarget target;
    std::string uid;
    bool operator==(const Object&) const = default;
  };
  std::vector<Object> objects;
  bool operator==(const Prune&) const = default;
};
using Action = std::variant<Apply, Prune>;
using Step = charter::Step<GitSource, Action>;

/// The table above.
Step plan(const GitSource& source, const Observed& have);

/// Applied, Suspended, Failed or Pending.
std::string_view phase_of(const Conditions& conditions);

/// Whether two entries mean the same object.
ManifestTarget target_of(const GitSource::Entry& entry);

}  // namespace charter::git_source
