#pragma once

#include "controller/runtime/manager.h"
#include "controller/runtime/metering_client.h"

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// Keeps a ledger beside another API server complete: whatever a metered object says, and its end,
// is recorded when it is seen, also when this process did not write it, or crashed right after.
namespace charter {

/// See above. Thread-safe.
class LedgerKeeper {
 public:
  /// Follows the informers of `metered`, which have a KindHooks::meter.
  LedgerKeeper(Manager& manager, MeteringParts parts, std::vector<Gvr> metered);
  ~LedgerKeeper();

  /// Records every object there is, asked live, and the end of what lasts on record but exists no
  /// more, by now. For the beginning of a term, before any worker runs. Blocks.
  Status catch_up();
  /// From now on changes are recorded as they are seen, on a thread of its own.
  void start();
  void stop();

 private:
  /// A change to record.
  struct Seen {
    const MeterOf* meter = nullptr;
    ObjectPtr object;
    bool gone = false;
    int tries = 0;
  };
  void run();
  Status record(const Seen& seen);

  Manager& manager_;
  const MeteringParts parts_;
  const std::vector<Gvr> metered_;
  const std::shared_ptr<Client> client_;
  std::vector<std::pair<std::shared_ptr<Informer>, int>> handlers_;
  const std::shared_ptr<Signal> signal_ = std::make_shared<Signal>();
  std::mutex mutex_;
  bool running_ = false;      // before, nothing is kept: catch_up() sees it
  std::deque<Seen> waiting_;  // as many as there are objects, at worst a few times
  std::thread thread_;
};

}  // namespace charter
