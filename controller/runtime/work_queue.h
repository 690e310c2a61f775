#pragma once

#include "controller/base/clock.h"
#include "controller/base/limits.h"
#include "controller/base/metrics.h"
#include "controller/object/object.h"

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
// Lanes are bulkheads: keys of one lane (say, of one provider) take a bounded part of the workers,
// and the last quarter goes only to lanes that have none. Keys of a lane without room wait beside
// the line, in its order; so a lane whose passes hang stops itself and nobody else. `leave_lane`
// gives the place back before the pass ends. Keys without a lane share the unnamed one.
namespace charter {

/// Why a key is queued. User: something changed. Drift: a routine look (start, re-list, resync).
enum class Priority { User, Drift };

/// A key handed to a worker, with the priority it had.
struct WorkItem {
  ObjectName key;
  Priority priority = Priority::Drift;
  bool operator==(const WorkItem&) const = default;
};

/// Bounds of a queue.
struct WorkQueueLimits {
  size_t keys_max = limits::kWorkQueueMax;  ///< queued and delayed keys together
  Duration backoff_min = limits::kBackoffMin;
  Duration backoff_max = limits::kBackoffMax;
  size_t workers = SIZE_MAX;    ///< who take keys; a quarter is kept for lanes that have none
  size_t per_lane = SIZE_MAX;   ///< workers that one named lane may hold
  size_t for_drift = SIZE_MAX;  ///< of each lane, for drift checks: a user change finds one free
};

/// Names the lane of a key; empty: none. Called with the queue locked: must not call it back.
using LaneOf = std::function<std::string(const ObjectName&)>;

/// The queue of one controller.
class WorkQueue {
 public:
  /// What shut_down does with keys that wait: hand them out before ending, or drop them
  /// (level-triggered: the next start lists everything again).
  enum class Drain { Queued, Running };

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
  /// Waits for a key; nothing once the queue is shut down and drained.
  std::optional<WorkItem> take();
  void done(const ObjectName& key);
  /// The pass of a running key is through with what its lane stands for: its place is free for the
  /// next key, although the key goes on running. Repeats do nothing.
  void leave_lane(const ObjectName& key);

  /// Refuses further adds and cancels delays. Does not wait.
  void shut_down(Drain drain);
  /// Waits until no key is running (and none queued); false after `deadline`.
  bool wait_drained(Duration deadline);

  /// True once after keys were dropped and there is room again: the caller adds everything anew.
  bool take_overflow();
  /// When (Clock::monotonic) the next delayed key becomes ready; now or earlier if one is ready.
  std::optional<Duration> next_due() const;
  size_t depth() const;  ///< keys ready to be taken
  size_t delayed() const;
  size_t running() const;

 private:
  struct Entry;
  using Rank = std::pair<Priority, uint64_t>;
  using Line = std::map<Rank, Entry*>;
  struct Lane {
    std::string name;
    size_t admitted = 0;  // keys in ready_, and running ones that have not left
    size_t drift = 0;     // of those, for drift checks
    Line ready;           // its keys in ready_
    Line waiting;         // its queued keys that have no room
  };
  struct Entry {
    ObjectName key;
    Lane* lane = nullptr;  // while queued, and while running until it leaves
    bool queued = false;   // in ready_ or its lane's waiting, under (priority, sequence)
    bool running = false;  // with a worker; then never queued
    bool dirty = false;    // added while running; `done` queues it with `priority`
    Priority priority = Priority::Drift;
    Priority taken_as = Priority::Drift;  // of the pass that runs
    uint64_t sequence = 0;
    Duration added_at{};
    Duration taken_at{};
    std::optional<Duration> due;  // in delayed_ under (due, key)
    Priority due_priority = Priority::Drift;
    int failures = 0;
  };

  void wake_one();
  Entry* find_or_make(const ObjectName& key, Priority priority);
  bool make_room(Priority priority);
  void add_locked(const ObjectName& key, Priority priority);
  void delay_locked(const ObjectName& key, Duration delay, Priority priority);
  void enqueue(Entry& entry, Priority priority);
  void cancel_delay(Entry& entry);
  void promote_due();
  std::optional<WorkItem> hand_out();
  void drop_if_idle(Entry& entry);
  size_t queued() const { return ready_.size() + beside_; }
  size_t waiting() const { return queued() + delayed_.size(); }

  Lane& lane_of(const ObjectName& key);
  bool has_room(const Lane& lane, Priority priority) const;
  void line_up(Entry& entry);
  void set_aside(Lane& lane, Line::iterator place);
  void leave_line(Entry& entry);
  void vacate(Entry& entry);
  void fill_place(Lane& lane, bool was_short);
  void admit_first(Lane& lane);
  void admit_waiting(Lane& lane);
  bool is_short() const { return admitted_ >= bounds_.workers - bounds_.workers / 4; }

  const Clock& clock_;
  const WorkQueueLimits bounds_;
  const LaneOf name_lane_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;      // idle workers, and who waits for the end
  std::condition_variable due_changed_;  // the one that watches the time
  size_t idle_ = 0;                      // workers that wait for changed_
  bool timed_ = false;                   // a worker watches the time
  std::map<ObjectName, Entry>
      entries_;  // every key that is queued, running, delayed or backing off
  Line ready_;   // may be taken: their lanes have room
  std::map<std::string, Lane, std::less<>> lanes_;
  size_t admitted_ = 0;  // of all lanes
  size_t beside_ = 0;    // keys that wait in lanes
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
