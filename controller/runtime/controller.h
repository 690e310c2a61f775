#pragma once

#include "controller/runtime/caches.h"
#include "controller/runtime/event_recorder.h"
#include "controller/runtime/reconciler.h"
#include "controller/runtime/work_queue.h"
#include "controller/runtime/write_tracker.h"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

// Binds a reconciler to what it must hear of: informers' changes become keys in a work queue,
// workers take keys and run passes, outcomes decide when a key comes back.
//
//   informer ──change──> mapper ──keys──> WorkQueue ──key──> own writes visible? ──> reconcile
//   ──outcome──┐
//                                             ^──────────── now / later / back-off / drift check
//                                             ─────────┘
namespace charter {

/// Keys of the controller that a change of `object` concerns. Pure but for reading the caches; runs
/// for the state before and after.
using Mapper = std::function<std::vector<ObjectName>(const Encoded& object, const Caches& caches)>;

/// Names of the object's owners of this group and kind (in the object's namespace, or at cluster
/// scope for Scope::Cluster).
enum class Scope { Namespaced, Cluster };
Mapper map_to_owner(std::string group, std::string kind, Scope scope = Scope::Namespaced);
/// Names of objects of `resource` whose index holds the changed object's "ns/name" ("name" at
/// cluster scope).
Mapper map_by_index(const Gvr& resource, std::string index);
/// Names of all objects of `resource`: for rare changes that concern everybody.
Mapper map_to_all(const Gvr& resource);

/// A further resource that a controller listens to.
struct Watched {
  Gvr resource;
  Mapper mapper;
  /// Keys come this long after a change, once for all changes until then: for parents that count
  /// their children. Zero: at once.
  Duration gather{};
};

/// An index a controller looks things up by.
struct WantedIndex {
  Gvr resource;
  std::string name;
  IndexFunction values;
};

/// How many threads work for a controller.
struct Workers {
  size_t user = limits::kWorkersPerController;  ///< for changes
  /// For drift checks, at low CPU priority; 0: the others make them too.
  size_t drift = limits::kDriftWorkersPerController;
};
/// For kinds that come by the ten thousand.
inline constexpr Workers kBusyWorkers{limits::kWorkersPerBusyController,
                                      limits::kDriftWorkersPerBusyController};
/// For passes that must not run beside each other.
inline constexpr Workers kOneWorker{1, 0};

/// All there is to say about a controller. Example:
///
///   manager.add({.name = "machine",
///                .primary = kMachines,
///                .watches = {{kVolumes, map_to_owner("charter.dev", "Machine")}},
///                .indexes = {{kMachines, "provider", index_by_field("spec.providerRef.name")}},
///                .make = [&](const Runtime& rt) { return std::make_unique<MachineReconciler>(rt,
///                drivers); }});
struct ControllerSpec {
  std::string name;  ///< metrics, threads, and "charter-<name>" as field manager
  Gvr primary;       ///< keys are names of this resource; empty resource: keys come from `add` only
  std::vector<Watched> watches;
  std::vector<WantedIndex> indexes;
  std::vector<Gvr> reads;  ///< further resources that passes look up in the caches
  std::function<std::unique_ptr<Reconciler>(const Runtime&)> make;
  Workers workers;
  /// The outside system that a key's pass calls, e.g. its provider: one that hangs holds
  /// kWorkersPerProviderMax workers and stops nobody else. A pass leaves its lane with its first
  /// write, from where on it waits for the store only. Empty: passes call nothing outside.
  std::function<std::string(const ObjectName&, const Caches&)> lane;
  Duration resync =
      limits::kResyncInterval;  ///< drift check of each primary object, ±10 %; 0: none
  /// All keys there are, for a start over after the queue overflowed; empty: names of the primary's
  /// objects.
  std::function<std::vector<ObjectName>()> all_keys;
};

/// What a controller is built from; all outlive it.
struct ControllerParts {
  std::shared_ptr<Client> client;  ///< writes as "charter-<name>"
  Caches& caches;
  const Clock& clock;
  Random& random;
  EventRecorder& events;
  Metrics& metrics;
  const LedgerReader* ledger = nullptr;
};

/// One running controller. Made by Manager::add.
class Controller {
 public:
  Controller(ControllerSpec spec, ControllerParts parts);
  ~Controller();

  const std::string& name() const { return spec_.name; }
  /// How many threads want to call work() with this duty.
  size_t workers(Duty duty) const;
  /// Asks for a pass: the way in for driver events and other sources. Thread-safe, never blocks.
  void add(const ObjectName& key, Priority priority);
  void add_after(const ObjectName& key, Duration delay, Priority priority);

  /// Runs at most one pass on the calling thread; false when no key is ready.
  bool step();
  /// A worker thread's life: passes until the queue is shut down.
  void work(Duty duty);
  /// Queues keys that waited for their own writes. Call after the caches were pumped; true when
  /// there were any.
  bool release_held();
  WorkQueue& queue() { return queue_; }
  const WorkQueue& queue() const { return queue_; }
  size_t held() const { return tracker_.held(); }

 private:
  struct Registration {
    std::shared_ptr<Informer> informer;
    int handler = 0;  // 0: only kept alive
  };
  void listen(const Watched& watched);
  void on_change(const Watched& watched, const ObjectChange& change);
  void run(const WorkItem& item);
  void settle_outcome(const WorkItem& item, const Outcome& outcome);
  void count(const Outcome& outcome, Duration took);
  void schedule_resync(const ObjectName& key);
  void refill_after_overflow();

  ControllerSpec spec_;
  ControllerParts parts_;
  WorkQueue queue_;
  WriteTracker tracker_;
  std::shared_ptr<Informer> primary_;  // null without a primary resource
  std::vector<Registration> registrations_;
  std::unique_ptr<Reconciler> reconciler_;
  std::vector<Counter*> results_;  // by Outcome::Kind
  Histogram& pass_time_;
};

}  // namespace charter
