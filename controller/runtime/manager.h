#pragma once

#include "controller/runtime/controller.h"
#include "controller/runtime/signal.h"
#include "controller/runtime/worker_pool.h"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

// Owns informers and controllers, and runs them in one of two ways:
//
//   deterministic  step() / settle(): everything on the calling thread, nothing blocks; time moves
//   when the test
//                  moves its clock, up to next_due()
//   live           start() / stop(): a pump thread for the informers, a few for events, N
//   workers per controller; workers begin when all
//                  caches are in sync, and when they are allowed to (leader election)
//
// Stop order: queues refuse and drop keys -> passes in progress end -> informers and events end;
// each with kStopDeadline. Nothing is detached: a pass that hangs beyond the deadline is named in
// stop()'s error, and the destructor waits for it.
namespace charter {

/// Makes the Client for one field manager ("charter-machine").
using ClientFactory = std::function<std::shared_ptr<Client>(const std::string& field_manager)>;

/// What a manager is built from; references outlive it.
struct ManagerParts {
  ClientFactory client_for;
  const Clock& clock;
  Random& random;
  Metrics& metrics;
  const LedgerReader* ledger = nullptr;  ///< null where there is none (another API server)
};

/// How a settle() ended.
struct Settled {
  size_t steps = 0;
  bool quiet = false;  ///< nothing is left to do until the clock moves or something outside happens
};

/// The runtime of one process or World.
class Manager {
 public:
  explicit Manager(ManagerParts parts);
  ~Manager();

  /// Registers a controller. Before start() or the first step(). The reference lives as long as the
  /// manager.
  Controller& add(ControllerSpec spec);
  Caches& caches() { return caches_; }
  EventRecorder& events() { return events_; }
  /// A client for parts that are no controller.
  std::shared_ptr<Client> client_for(const std::string& field_manager);

  /// Does one thing: pump informers, or run one pass, or write one event. False when there is
  /// nothing to do now.
  bool step();
  /// Steps until nothing is left to do, at most `steps_max` times.
  [[nodiscard]] Settled settle(size_t steps_max);
  /// The reading of Clock::monotonic at which step() will have something to do; nothing when only
  /// outside changes can give it work.
  std::optional<Duration> next_due() const;

  /// Workers begin only once allow_work() was called: a replica that does not lead keeps its caches
  /// warm and does nothing. Before start().
  void hold_work() { may_work_ = false; }
  void allow_work();
  /// Starts the threads and returns. CHECKs that it is called once.
  void start();
  /// Waits until all caches are in sync and workers run; false after `deadline`.
  bool wait_ready(Duration deadline);
  /// Threads that run passes or wait for keys.
  size_t worker_threads() const;
  /// Ordered stop; idempotent. Error Timeout naming the stage and controller that missed its
  /// deadline.
  Status stop();

 private:
  void pump_loop();
  void events_loop();
  bool pump_caches();
  Status drain_workers();
  Status end_loops();

  ManagerParts parts_;
  std::shared_ptr<Client> informer_client_;
  Caches caches_;
  EventRecorder events_;
  std::vector<std::unique_ptr<Controller>> controllers_;
  size_t next_controller_ = 0;  // round robin of step()
  // Shared with watches, which may still poke them while they are being closed.
  const std::shared_ptr<Signal> pump_signal_ = std::make_shared<Signal>();
  const std::shared_ptr<Signal> events_signal_ = std::make_shared<Signal>();
  const std::shared_ptr<Signal> gate_ = std::make_shared<Signal>();  // finished: workers may begin
  std::atomic<bool> may_work_{true};
  bool started_ = false;
  std::vector<std::unique_ptr<WorkerPool>> pools_;
  std::thread pump_thread_;
  std::vector<std::thread> event_writers_;
};

}  // namespace charter
