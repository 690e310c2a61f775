#pragma once

#include "controller/base/clock.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>

// Since when machines are off. libvirt keeps no such time: it is known of those whose end was told
// by an event while we listened, and of no others. Thread-safe.
namespace charter::libvirt {

/// By UUID.
class Stops {
 public:
  void stopped(const std::string& uid, Instant at) {
    const std::lock_guard lock(mutex_);
    at_[uid] = std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
  }
  void started(const std::string& uid) {
    const std::lock_guard lock(mutex_);
    at_.erase(uid);
  }
  /// Wall-clock seconds; 0 when it is not known.
  int64_t since(const std::string& uid) {
    const std::lock_guard lock(mutex_);
    const auto found = at_.find(uid);
    return found == at_.end() ? 0 : found->second;
  }
  /// Forgets all others.
  void keep_only(const std::set<std::string>& uids) {
    const std::lock_guard lock(mutex_);
    std::erase_if(at_, [&](const auto& entry) { return !uids.contains(entry.first); });
  }
  /// What happens from now on is not told.
  void forget_all() {
    const std::lock_guard lock(mutex_);
    at_.clear();
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int64_t> at_;
};

}  // namespace charter::libvirt
