#pragma once

#include "controller/base/clock.h"
#include "controller/base/limits.h"
#include "controller/base/metrics.h"
#include "controller/object/object.h"
#include "controller/runtime/limits.h"
#include "controller/runtime/work_lanes.h"

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

// The queue between events and workers, after client-go's: a key is a reminder to look, not a
// message.
//
//              add                    take                  done
//   (absent) ───────> queued ──────────────────> running ─────────> (absent)
//                       ^   add while running: dirty   │
//                       └──────────── done ────────────┘
//
// Three-set invariant (dirty, queued, running): a key is queued at most once; a queued key is not
// running; a key added while it runs is dirty and queued again by `done`. So two workers never hold
// one key, and no add is lost. Order: User before Drift, then first come first served. A user
// change moves a key queued for drift to the User line. Cost: O(log n) for every call. Thread-safe.
// Time comes from the Clock only.
//
// Each priority has a line of its own with bulkheads, see work_lanes.h, and workers may serve one
// line only: then drift checks, however many, never hold a worker that a user change needs.
// `leave_lane` gives a place in a lane back before the pass ends.
namespace charter {

/// Why a key is queued. User: something changed. Drift: a routine look (start, re-list, resync).
enum class Priority { User, Drift };

/// A key handed to a worker, with the priority it had.
struct WorkItem {
  ObjectName key;
  Priority priority = Priority::Drift;
  bool operator==(const WorkItem&) const = default;
};

/// Which keys a worker takes.
enum class Duty { All, User, Drift };
inline constexpr size_t kDuties = 3;

/// Bounds of a queue.
struct WorkQueueLimits {
  size_t keys_max = limits::kWorkQueueMax;  ///< queued and delayed keys together
  Duration backoff_min = limits::kBackoffMin;
  Duration backoff_max = limits::kBackoffMax;
  Duration idle_max = limits::kWorkerIdle;  ///< how long a worker waits beside others
  LaneBounds user{};
  LaneBounds drift{};
};

/// Names the lane of a key; empty: none. Called with the queue locked: must not call it back.
using LaneOf = std::function<std::string(const ObjectName&)>;

/// The queue of one controller.
class WorkQueue {
 public:
  WorkQueue(const std::string& name, const Clock& clock, Metrics& metrics,
            WorkQueueLimits bounds = {}, LaneOf lane_of = {});

  /// Queues a key. When the queue is full a new key is dropped and `take_overflow` says so.
  void add(const ObjectName& key, Priority priority);
  /// Queues a key once `delay` has passed. A key has at most one delay: the sooner one wins.
  void add_after(const ObjectName& key, Duration delay, Priority priority);
  /// Queues a key after its back-off, and not before `at_least`: backoff_min, doubled with each
  /// call up to backoff_max, until `forget` or until the key is neither queued, delayed nor
  /// running.
  void add_backoff(const ObjectName& key, Priority priority, Duration at_least = {});
  void forget(const ObjectName& key);
  /// How often add_backoff was called since the last `forget`.
  int failures(const ObjectName& key) const;

  /// The next key, or nothing when none is ready. Taking a key cancels its delay: the pass decides
  /// anew. Every taken key MUST be given back with `done`.
  std::optional<WorkItem> try_take();
  /// Called, with nothing locked, by a worker that takes a key while no other of its duty waits for
  /// one. Before the first take().
  void on_all_busy(std::function<void(Duty)> tell) { all_busy_ = std::move(tell); }
  /// Waits for a key of this duty; nothing once the queue is shut down, or when others of the duty
  /// wait too and none came for idle_max: this worker may end.
  std::optional<WorkItem> take(Duty duty = Duty::All);
  /// Whether no worker of this duty waits for a key, in a queue that is not shut down.
  bool is_unattended(Duty duty) const;
  void done(const ObjectName& key);
  /// The pass of a running key is through with what its lane stands for: its place is free for the
  /// next key, although the key goes on running. Repeats do nothing.
  void leave_lane(const ObjectName& key);

  /// Refuses further adds and drops all keys that wait: work is level-triggered, the next start
  /// lists everything again. Does not wait for those that run.
  void shut_down();
  /// Waits until no key is running; false after `deadline`.
  bool wait_drained(Duration deadline);

  /// True once after keys were dropped and there is room again: the caller adds everything anew.
  bool take_overflow();
  /// When (Clock::monotonic) the next delayed key becomes ready; now or earlier if one is ready.
  std::optional<Duration> next_due() const;
  size_t depth() const;  ///< keys ready to be taken
  size_t delayed() const;
  size_t running() const;

 private:
  struct Entry : WorkLanes::Place {
    ObjectName key;
    bool queued = false;   // waits in the line of `priority`
    bool running = false;  // with a worker; then never queued
    bool dirty = false;    // added while running; `done` queues it with `priority`
    Priority priority = Priority::Drift;
    Priority taken_as = Priority::Drift;  // of the pass that runs
    Duration added_at{};
    Duration taken_at{};
    std::optional<Duration> due;  // in delayed_ under (due, key)
    Priority due_priority = Priority::Drift;
    int failures = 0;
  };

  void wake(Duty duty);
  void wake_for(Priority priority);
  void watch_time(std::unique_lock<std::mutex>& lock);
  bool wait_idle(std::unique_lock<std::mutex>& lock, Duty duty);
  Entry* find_or_make(const ObjectName& key, Priority priority);
  bool make_room(Priority priority);
  void add_locked(const ObjectName& key, Priority priority);
  void delay_locked(const ObjectName& key, Duration delay, Priority priority);
  void enqueue(Entry& entry, Priority priority);
  void cancel_delay(Entry& entry);
  void promote_due();
  void leave_line(Entry& entry);
  void vacate(Entry& entry);
  Entry* first_for(Duty duty) const;
  std::optional<WorkItem> hand_out(Duty duty);
  void drop_if_idle(Entry& entry);
  WorkLanes& line(Priority priority) { return lines_[static_cast<size_t>(priority)]; }
  const WorkLanes& line(Priority priority) const { return lines_[static_cast<size_t>(priority)]; }
  size_t queued() const { return lines_[0].waiting() + lines_[1].waiting(); }
  size_t waiting() const { return queued() + delayed_.size(); }

  const Clock& clock_;
  const WorkQueueLimits bounds_;
  const LaneOf name_lane_;
  std::function<void(Duty)> all_busy_;
  mutable std::mutex mutex_;
  std::array<std::condition_variable, kDuties> changed_;  // idle workers, by duty
  std::condition_variable drained_;                       // who waits for the end
  std::condition_variable due_changed_;                   // the one worker that watches the time
  std::array<size_t, kDuties> idle_{};                    // workers that wait for changed_
  bool timed_ = false;                                    // a worker watches the time
  std::map<ObjectName, Entry>
      entries_;                     // every key that is queued, running, delayed or backing off
  std::array<WorkLanes, 2> lines_;  // by priority
  std::set<std::pair<Duration, Entry*>> delayed_;
  uint64_t next_sequence_ = 0;
  size_t running_ = 0;
  bool overflowed_ = false;
  bool shut_down_ = false;
  Gauge& depth_;
  Counter& adds_;
  Counter& retries_;
  Counter& dropped_;
  Histogram& queue_time_;
  Histogram& work_time_;
};

}  // namespace charter
