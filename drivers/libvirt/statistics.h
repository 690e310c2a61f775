#pragma once

#include "drivers/libvirt/call_pool.h"
#include "drivers/libvirt/endpoint.h"
#include "drivers/provider_driver.h"

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

// What machines have consumed, from one bulk call for the whole host. That call asks each QEMU, one
// after the other, and one that hangs holds it up until it dies: so it has a connection of its own,
// which no other call waits for, and a deadline. When that has passed, connection and thread are
// written off and the next call begins with new ones; libvirt then leaves out what the hanging QEMU
// would have to say, and answers for all the others.
//
//   processor time      of the QEMU process: what the guest used and what it made the host do
//   bytes of disks      of all that are attached, and of those that this driver has detached before
//   bytes of networks   unset when a card is in user mode, which libvirt does not count
//   page faults         unset: only the guest knows them, and it may say what it likes
//
// An epoch is one run of QEMU: domain, libvirt's number for the run, second of the start.
// Thread-safe.
namespace charter::libvirt {

/// One endpoint's counters.
class Statistics {
 public:
  explicit Statistics(std::shared_ptr<Endpoint> endpoint);

  /// Of all machines of ours that run. Errors: Timeout when a QEMU hangs; ServiceUnavailable;
  /// MethodNotAllowed with reason NotMetered for a hypervisor that counts nothing.
  Result<std::vector<MachineCounters>> read();

 private:
  /// What is known of a run: read once, and again when its disks are others.
  struct Run {
    int id = 0;
    std::set<std::string> disks;  ///< names in the guest
    std::string uid;              ///< of the machine; empty: not ours
    std::string epoch;
    Transferred before;  ///< by disks that were detached
  };
  /// Runs by UUID of their domain. Outlives this for as long as a call hangs.
  struct Runs {
    std::mutex mutex;
    std::map<std::string, Run> by_uuid;
  };

  static Result<std::vector<MachineCounters>> count(virConnectPtr connection,
                                                    const Endpoint& endpoint, Runs& runs);
  static Result<Run> run_of(const Endpoint& endpoint, Runs& runs, virDomainPtr domain,
                            const std::set<std::string>& disks);

  const std::shared_ptr<Endpoint> endpoint_;
  const std::shared_ptr<Runs> runs_ = std::make_shared<Runs>();
  CallPool calls_;
};

// Notes in a running domain. They never fail: then less is counted.

/// What a disk has transferred that is about to be detached. Settles what was noted of an earlier
/// one.
void note_leaving(virDomainPtr domain, const DomainView& live, const std::string& target);
/// To be called before a disk is attached: it may get the name of one that has left.
void settle_left(virDomainPtr domain, const DomainView& live);

}  // namespace charter::libvirt
