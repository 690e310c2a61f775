#pragma once

#include "controller/base/result.h"
#include "drivers/provider_driver.h"

#include <map>
#include <mutex>
#include <string>

// What a host can still take. libvirt refuses nothing for want of room, so this is where a machine
// too many is. It is filled by each look at the host and kept up in between by what this driver
// makes. Thread-safe.
namespace charter::libvirt {

/// "8 vcpus, 16GiB memory".
std::string describe(const Capacity& amount);

/// One host's book.
class Room {
 public:
  /// Puts in what a look has seen; what is being made at this moment stays.
  void saw(const Capacity& total, std::map<std::string, Capacity> used);
  /// Room for `uid`, in place of what it had. Kept until `made` or `gave_up`. Errors:
  /// TooManyRequests with reason WaitForCapacity; Invalid with reason Infeasible when it would not
  /// fit an empty host.
  Status take(const std::string& uid, const Capacity& need);
  void made(const std::string& uid);
  void gave_up(const std::string& uid);
  void removed(const std::string& uid);
  /// What is taken by `uid`; nothing when that is unknown.
  Capacity of(const std::string& uid);

 private:
  struct Entry {
    Capacity amount;
    Capacity before;       ///< what gave_up returns to
    bool pending = false;  ///< being made
  };
  Capacity free_without(const std::string& uid) const;

  std::mutex mutex_;
  Capacity total_;
  std::map<std::string, Entry> entries_;
};

}  // namespace charter::libvirt
