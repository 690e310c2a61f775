#pragma once

#include "controller/base/clock.h"
#include "controller/base/result.h"
#include "drivers/libvirt/limits.h"

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace charter::libvirt {

/// Keeps back what libvirt tells of machines that we are changing. If the change fails, it was the
/// attempt's own doing: whoever took it for news would try again at once, fail again, and so on
/// without end; he who wanted the change comes back by himself, with pauses. If it succeeds, it is
/// told when the change is done. Thread-safe.
class Quiet {
 public:
  void begin(const std::vector<std::string>& uids) {
    const std::lock_guard lock(mutex_);
    for (const auto& uid : uids)
      ++machines_[uid].changes;
  }
  /// Ends what `begin` began. `now` is Clock::monotonic. Returns of which machines something was
  /// told meanwhile that is news.
  std::vector<std::string> end(const std::vector<std::string>& uids, const Status& done,
                               Duration now) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> news;
    for (const auto& uid : uids) {
      Machine& machine = machines_[uid];
      --machine.changes;
      if (!done) machine.until = now + limits::kQuietAfterFailure;
      if (machine.changes == 0 && machine.told && done) news.push_back(uid);
      if (machine.changes == 0) machine.told = false;
    }
    std::erase_if(machines_, [now](const auto& entry) {
      return entry.second.changes == 0 && entry.second.until <= now;
    });
    return news;
  }
  /// Whether something that libvirt tells of the machine now is to be kept back.
  bool keeps(const std::string& uid, Duration now) {
    const std::lock_guard lock(mutex_);
    const auto found = machines_.find(uid);
    if (found == machines_.end()) return false;
    found->second.told = found->second.changes > 0;
    return found->second.changes > 0 || found->second.until > now;
  }

 private:
  struct Machine {
    int changes = 0;  ///< that are on their way
    bool told = false;
    Duration until{};  ///< quiet for so long after a failure
  };
  std::mutex mutex_;
  std::map<std::string, Machine> machines_;
};

}  // namespace charter::libvirt
