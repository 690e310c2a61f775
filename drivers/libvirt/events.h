#pragma once

#include "controller/base/result.h"
#include "drivers/libvirt/endpoint.h"
#include "drivers/libvirt/handle.h"
#include "drivers/provider_driver.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

// Events of a host as hints: a machine's UUID, and nothing of what libvirt says about it. They are
// lost while the connection is down, come twice, and come before the call returns that caused them;
// so they only make somebody look, and put in doubt what was read of the machine before. Has a
// connection of its own, which no call uses.
//
// Thread contract: any thread. Hints run on libvirt's event loop and must not block.
namespace charter::libvirt {

/// The stream of one endpoint's hints.
class Events {
 public:
  explicit Events(std::shared_ptr<Endpoint> endpoint);

  void on_hint(ProviderDriver::Hint hint);
  /// Hints at these machines, of which events were kept back (quiet.h).
  void tell(const std::vector<std::string>& uids);
  /// Connects and subscribes unless it is so already. Blocks as long as the host makes it; called
  /// by each look, so a connection that was lost is made again.
  Status ensure();
  /// Ends the subscription. As blocking as `ensure`.
  void close();

 private:
  /// What callbacks reach: it lives until libvirt has let go of the last of them.
  struct Sink {
    explicit Sink(std::shared_ptr<Endpoint> of) : endpoint(std::move(of)) {}
    const std::shared_ptr<Endpoint> endpoint;
    std::mutex mutex;  ///< guards the two below
    ProviderDriver::Hint hint;
    bool lost = false;  ///< the connection is down
    void say(virDomainPtr domain);
    void say_lifecycle(virDomainPtr domain, int event);
  };
  using SinkPtr = std::shared_ptr<Sink>;

  static void free_sink(void* opaque);
  static void note_end(virConnectPtr connection, int reason, void* opaque);
  template <class Callback>
  Status subscribe(int event, Callback callback);
  Status subscribe_all();
  void drop();

  const SinkPtr sink_;
  std::timed_mutex mutex_;  ///< guards the connection
  Connect connection_;
  std::vector<int> subscriptions_;
  bool tells_its_end_ = false;         ///< has a close callback
  std::unique_ptr<SinkPtr> end_sink_;  ///< what that one reaches
};

}  // namespace charter::libvirt
