#pragma once

#include "controller/base/fair_queue.h"
#include "controller/store/snapshot.h"
#include "controller/store/sqlite_log.h"
#include "controller/store/store.h"
#include "controller/store/turn_view.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

// The writer: the only user of the database after start. Its turn takes what is queued, up to a
// bound, and makes one transaction of it:
//
//   each write:  compare-and-swap -> guard -> revision -> row       a refusal rejects only that
//   write commit       Ok         publish to the snapshot, answer, tell subscribers
//                Full       roll back, answer 507; the store goes on
//                Failed     answer nobody with success; the process ends with
//                limits::kExitStoreFailed. A failed fsync
//                           is never retried: the kernel may have dropped the pages and report
//                           success the next time
// A turn takes fairly from flows by bytes: a tenant that floods the queue waits behind itself.
// Within a flow writes keep their order. A full share of the queue is that flow's alone: others are
// still let in.
//
// Between turns it does at most one piece of upkeep: work off compaction, checkpoint, extend the
// WAL. All three depend on writes that happened, so an idle store writes nothing. Thread contract:
// submit, compact, subscribe, unsubscribe, stop from any thread. In inline mode the turn runs
// inside submit, one thread at a time; a callback may submit again, a guard must not.
namespace charter {

/// Orders, checks and commits writes.
class Writer {
 public:
  using Done = std::function<void(Result<Committed>)>;

  /// `log` and `snapshot` must outlive it.
  Writer(SqliteLog& log, Snapshot& snapshot, const StoreOptions& options);
  ~Writer();

  void submit(Write write, Done done);
  Result<Committed> commit(Write write);
  /// Has `look` run by the writer between two turns. Who asked waits for the outcome in any case,
  /// because `look` uses what is his. Not from the writer or a guard. Errors: ServiceUnavailable
  /// once it stops.
  std::future<Status> begin_look(std::function<DbCode(LedgerTable&)> look);
  /// The same, waiting for it.
  Status inspect(std::function<DbCode(LedgerTable&)> look);
  /// Makes the snapshot's compacted revision durable and removes the rows behind it.
  void compact();
  int subscribe(Store::Publish publish);
  void unsubscribe(int id);
  void stop();

  int64_t commits() const { return commits_; }
  int64_t transactions() const { return transactions_; }

 private:
  /// A queued write, then its outcome.
  struct Pending {
    Write write;
    Done done;
    Result<Committed> outcome = Error{};
    bool accepted = false;  // has a row in the open transaction
  };
  /// What a turn collects before its commit.
  struct Turn {
    explicit Turn(const Snapshot& snapshot) : view(snapshot) {}
    TurnView view;
    std::vector<SnapshotChange> changes;
    int64_t revision = 0;  // of the last accepted write
    DbCode code = DbCode::Ok;
  };

  Status refusal(const Write& write) const;
  void run();
  void run_inline();
  std::vector<Pending> take_group();
  void turn(std::vector<Pending> group);
  Status admit(const Write& write, const ObjectPtr& current, const TurnView& view) const;
  /// The sealed form of a row whose bytes are plain; empty when its bucket is not sealed.
  Result<std::string> sealed_bytes(const LogRow& row) const;
  void accept(Pending& pending, const ObjectPtr& current, Turn& turn);
  void conclude(std::vector<Pending>& group, Turn& turn);
  void publish(const std::vector<SnapshotChange>& changes);
  void fail(const char* what);

  bool judge_ledger(Pending& pending);
  DbCode append_ledger(const Write& write);
  void run_looks(std::unique_lock<std::mutex>& lock);
  bool upkeep_due() const;
  void upkeep();
  DbCode checkpoint();

  SqliteLog& log_;
  Snapshot& snapshot_;
  const StoreOptions options_;
  const bool on_disk_;

  mutable std::mutex mutex_;  // guards the queue and the states below
  std::condition_variable wake_;
  FairQueue<Pending> queue_;  // by flow, in bytes
  size_t queue_bytes_ = 0;
  std::deque<std::function<void()>> looks_;  // at the ledger, see inspect()
  bool stopping_ = false;
  bool compact_wanted_ = false;
  std::atomic<bool> failed_ = false;

  // Used by the writer only.
  int64_t last_;               // newest revision given out and committed
  bool upkeep_stuck_ = false;  // the disk was full: not tried again before the next write
  bool starved_ = false;       // the last checkpoint found the disk full
  bool in_transaction_ = false;
  std::atomic<int64_t> commits_ = 0;
  std::atomic<int64_t> transactions_ = 0;

  std::recursive_mutex
      subscribers_mutex_;  // held while calling, so that unsubscribe leaves no call behind
  std::map<int, Store::Publish> subscribers_;
  int next_subscriber_ = 1;

  std::recursive_mutex inline_mutex_;
  std::mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace charter
