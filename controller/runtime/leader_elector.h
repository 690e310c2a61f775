#pragma once

#include "controller/base/clock.h"
#include "controller/base/metrics.h"
#include "controller/base/random.h"
#include "controller/runtime/client.h"
#include "controller/runtime/limits.h"

#include <atomic>
#include <optional>
#include <string>

// Who of several replicas acts: client-go's leader election on one coordination.k8s.io Lease.
//
//   the Lease says            we do
//   (nothing)                 create it with our name
//   nobody, or us             write our name and the time
//   another, seen changing    wait: its term is leaseDurationSeconds from the moment *we* saw its
//   last another, not changing     change, by our monotonic clock; after that write our name
//
// We lead until `renewDeadline` after we *began* the last write that succeeded. Others begin
// leaseDuration after they saw it, which is later, so clocks need only run at about the same rate.
// That end is a fence: `check()` is asked before each external effect and needs no thread to have
// noticed that time went by, so a process that was stopped past its term does nothing when it
// wakes. A term that ended is the last one of this process: its caches and passes are of the time
// before, so it ends and begins anew.
//
// Thread contract: attempt() and release() are called by one thread; check() by any.
namespace charter {

/// The Lease and the times, client-go's words.
struct LeaderElectionSettings {
  std::string ns, name;
  std::string identity;  ///< unique among the replicas
  Duration lease_duration = limits::kLeaseDuration;
  Duration renew_deadline = limits::kLeaseRenewDeadline;
  Duration retry_period = limits::kLeaseRetryPeriod;
};

/// Errors: Invalid, unless retry period < renew deadline < lease duration, all positive, and the
/// lease in whole seconds.
Status check_settings(const LeaderElectionSettings& settings);

/// See above.
class LeaderElector {
 public:
  LeaderElector(Client& client, LeaderElectionSettings settings, const Clock& clock, Random& random,
                Metrics& metrics);

  /// Tries once to get or keep the lease; blocks for two requests at most. Returns whether we lead.
  bool attempt();
  /// How long to wait before the next attempt.
  Duration pause();
  /// Gives the lease back, so that another replica need not wait for its end. check() fails from
  /// the first moment on.
  void release();

  /// Success while we lead by the clock. Errors: Forbidden.
  Status check() const;
  bool leads() const { return check().has_value(); }
  /// Whether attempt() ever succeeded.
  bool has_led() const { return has_led_; }
  /// Who holds the lease as far as we have seen, empty: nobody.
  const std::string& holder() const { return holder_; }

 private:
  bool take(const std::optional<Json>& current, Duration began);
  Json wanted(const std::optional<Json>& current) const;
  void observe(const Json& lease);
  void lead_until(Duration end);

  Client& client_;
  const LeaderElectionSettings settings_;
  const Clock& clock_;
  Random& random_;
  Gauge& status_;
  std::string record_;  // the spec as last seen: a change restarts the holder's term
  Duration seen_at_{};
  Duration term_{};
  std::string holder_;
  std::atomic<int64_t> until_{0};  // monotonic ns, 0: we do not lead
  bool has_led_ = false;
};

}  // namespace charter
