#include "drivers/libvirt/endpoint.h"

#include "drivers/libvirt/limits.h"

#include <functional>
#include <set>

namespace charter::libvirt {

Result<UidLocks> Endpoint::lock(const std::vector<std::string>& uids) {
  std::set<size_t> wanted;  // in one order for all, so that no two wait for each other
  for (const auto& uid : uids)
    wanted.insert(std::hash<std::string>()(uid) % kStripes);
  UidLocks locks;
  for (const size_t stripe : wanted) {
    locks.emplace_back(stripes_[stripe], limits::kLibvirtLookDeadline);
    if (!locks.back().owns_lock())
      return Error{Code::Conflict, "another call is still changing this machine or volume"};
  }
  return locks;
}

}  // namespace charter::libvirt
