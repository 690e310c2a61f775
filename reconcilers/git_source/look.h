#pragma once

#include "controller/runtime/reconciler.h"
#include "reconcilers/git_source/plan.h"
#include "reconcilers/git_source/reconciler.h"

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace charter::git_source {

/// What was seen of one source's repository and objects. Held in memory only: after a restart it is
/// looked at again. Used by one pass at a time.
struct Seen {
  bool read = false;   ///< there is a commit below
  Duration checked{};  ///< Clock::monotonic
  int64_t generation = 0;
  std::string requested;  ///< value of the annotation that asks for a pass
  uint64_t pushes = 0;    ///< that had been told of
  std::string uid;        ///< of the source
  GitCommit commit;
  std::vector<Manifest> manifests;
  std::vector<ApplyFinding> findings;
  std::vector<std::string> drifted;
  /// resourceVersions of the objects when they were last found as applied.
  std::map<ManifestTarget, int64_t> as_applied;
};

/// Looks at repositories and at what was applied. Thread-safe.
class Look {
 public:
  Look(const Runtime& rt, const Parts& parts);

  /// Everything that plan() asks for. Reads the repository when the interval has passed, the spec
  /// changed or somebody asked. Errors: FetchFailed, ReferenceNotFound (Secret, ServiceAccount).
  Result<Observed> observe(const GitSource& source);
  /// What the last observe() saw; for the action that follows it.
  std::shared_ptr<Seen> seen(const GitSource& source);
  /// The source is gone.
  void forget(const std::string& name);
  /// As whom, and as which field manager.
  static ApplyAs applies_as(const GitSource& source);

 private:
  double seconds_since(Duration began) const;
  Duration due_at(const GitSource& source, const Seen& seen) const;
  std::string receiver_problem_of(const GitSource& source);
  Status read(const GitSource& source, Seen& seen);
  Status judge(const GitSource& source, Seen& seen);
  Status find_drift(const GitSource& source, Seen& seen);
  Result<GitRequest> request_for(const GitSource& source);
  Leaving leaving(const GitSource& source, const GitSource::Entry& entry) const;
  void look_at_objects(const GitSource& source, const Seen& seen, Observed& have) const;

  const Runtime& rt_;
  const Parts parts_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Seen>> seen_;  // by name; guarded by mutex_
  Histogram& read_time_;
  Histogram& failed_time_;
};

}  // namespace charter::git_source
