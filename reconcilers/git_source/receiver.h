#pragma once

#include "controller/base/metrics.h"
#include "controller/object/receivers.h"
#include "reconcilers/git_source/push.h"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

// From a call that tells of a push to a look at the repository. Nothing is written: a source that
// was looked at anyway, as all are after a start, has missed nothing.
namespace charter::git_source {

/// The pushes that were told of, by source. However many come while a repository is looked at, they
/// make one more look. Thread-safe.
class Pushes {
 public:
  void note(const std::string& uid);
  /// Counts up with each push; 0 when there was none.
  uint64_t count(const std::string& uid) const;
  void forget(const std::string& uid);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, uint64_t> counts_;  // guarded by mutex_
};

/// Where the receiver of a source is found on this server.
std::string receiver_path(const std::string& source);

/// Why the Secret of a source's receiver cannot be used; empty when it can.
std::string receiver_problem(PushSender type, const NamespacedRef& ref, const ObjectPtr& secret);

/// The receiver of all sources. Notes an accepted push and then asks `wake` for a pass of the
/// source. `metrics` outlives it.
Receiver push_receiver(std::shared_ptr<Pushes> pushes, std::function<void(const ObjectName&)> wake,
                       Metrics& metrics);

}  // namespace charter::git_source
