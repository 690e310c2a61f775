#pragma once

#include "controller/base/clock.h"
#include "controller/base/result.h"
#include "drivers/libvirt/address.h"
#include "drivers/libvirt/handle.h"
#include "drivers/libvirt/limits.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

// Carries out libvirt calls of one endpoint, each with a deadline, on a bounded number of threads
// that own a connection each. libvirt's calls have no deadline of their own: a hung QEMU or a
// stopped daemon holds its caller for as long as it likes. So the caller waits here, and when he
// gives up the thread is written off: it ends when its call does, and another one takes its place.
//
// One connection is never used by two threads: libvirt 9.0.0 loses wake-ups when it is.
//
// Thread contract: `call` from any thread. Destruction waits for kLibvirtCloseGrace.
namespace charter::libvirt {

/// How much one pool may hold at a time; limits.h says why.
struct CallBounds {
  size_t connections = limits::kLibvirtConnectionsMax;
  size_t lost = limits::kLibvirtLostCallsMax;
  size_t waiting = limits::kLibvirtWaitingCallsMax;
};

/// See above. What a call works with it must own: it may outlive its caller.
class CallPool {
 public:
  explicit CallPool(Address address, CallBounds bounds = {});
  ~CallPool();
  CallPool(const CallPool&) = delete;
  CallPool& operator=(const CallPool&) = delete;

  const Address& address() const;

  /// Runs `work` on a thread with an open connection. Errors: Timeout after `deadline`,
  /// ServiceUnavailable when the endpoint cannot be connected to or hangs, or the work's own.
  template <class T>
  Result<T> call(Duration deadline, std::function<Result<T>(virConnectPtr)> work) {
    auto answer =
        std::make_shared<Result<T>>(Error{Code::ServiceUnavailable, "was not carried out"});
    CHARTER_TRY(run(deadline, [answer, work = std::move(work)](const Result<virConnectPtr>& open) {
      *answer = open ? work(*open) : Result<T>(open.error());
    }));
    return std::move(*answer);
  }

 private:
  using Work = std::function<void(const Result<virConnectPtr>&)>;
  struct Job;
  struct Worker;
  struct Shared;

  Status run(Duration deadline, Work work);
  static void serve(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Worker>& worker);

  std::shared_ptr<Shared> shared_;
};

}  // namespace charter::libvirt
