#include "controller/store/writer.h"

#include "controller/base/check.h"
#include "controller/base/limits.h"
#include "controller/base/log.h"
#include "controller/store/sealed_row.h"

#include <future>
#include <memory>
#include <unistd.h>
#include <utility>

namespace charter {
namespace {

/// What a row costs beside its bytes, in bytes: index, guards and the copy into the snapshot.
constexpr size_t kRowBytes = 2048;
/// Of the queue, for the program's own writes: tenants together leave it free.
constexpr size_t kOwnPart = 4;

size_t bytes_of(const Write& write) {
  return write.object->bytes().size() + sizeof(Write);
}

uint64_t cost_of(const Write& write) {
  const uint64_t cost = bytes_of(write) + kRowBytes;
  return write.flow.empty() ? cost / limits::kInternalWriteShare : cost;
}

Error stopped() {
  return Error{Code::ServiceUnavailable, "the store is stopping", {}, {}, {}, 1};
}

Error disk_full() {
  return Error{Code::InsufficientStorage, "the data directory has no space left", {}, {}, {}, 5};
}

StoreEventPtr event_of(const Write& write, ObjectPtr object, ObjectPtr before) {
  auto event = std::make_shared<StoreEvent>();
  event->kind = write.op == Write::Op::Delete ? StoreEvent::Kind::Deleted
                : before                      ? StoreEvent::Kind::Modified
                                              : StoreEvent::Kind::Added;
  event->revision = object->header().version;
  event->object = std::move(object);
  event->before = std::move(before);
  return event;
}

}  // namespace

Writer::Writer(SqliteLog& log, Snapshot& snapshot, const StoreOptions& options)
    : log_(log),
      snapshot_(snapshot),
      options_(options),
      on_disk_(!options.data_dir.empty()),
      last_(snapshot.revision()) {
  if (options_.mode == WriterMode::Thread) thread_ = std::thread([this] { run(); });
}

Writer::~Writer() {
  stop();
}

Status Writer::refusal(const Write& write) const {
  if (stopping_ || failed_) return stopped();
  const size_t bytes = bytes_of(write);
  bool fits =
      queue_.size() < limits::kWriteQueueMax && queue_bytes_ + bytes <= limits::kWriteQueueBytesMax;
  if (!write.flow.empty()) {
    constexpr size_t kPlaces = limits::kWriteQueueMax - limits::kWriteQueueMax / kOwnPart;
    constexpr size_t kBytes = limits::kWriteQueueBytesMax - limits::kWriteQueueBytesMax / kOwnPart;
    fits = fits && fits_share(queue_.size(write.flow), 1, queue_.size(), kPlaces) &&
           fits_share(queue_.cost(write.flow), bytes, queue_bytes_, kBytes);
  }
  if (!fits) {
    return Error{Code::TooManyRequests, "too many writes are waiting for the disk", {}, {}, {}, 1};
  }
  return {};
}

void Writer::submit(Write write, Done done) {
  CHECK(write.object != nullptr && done);
  const Header& header = write.object->header();
  CHECK_MSG(header.ns == write.key.name.ns && header.name == write.key.name.name,
            "object and key differ");
  {
    std::unique_lock lock(mutex_);
    if (Status refused = refusal(write); !refused) {
      lock.unlock();
      return done(Error(std::move(refused.error())));
    }
    queue_bytes_ += bytes_of(write);
    const std::string flow = write.flow;
    const uint64_t cost = cost_of(write);
    queue_.push(flow, Pending{std::move(write), std::move(done)}, cost);
  }
  if (options_.mode == WriterMode::Thread) {
    wake_.notify_one();
  } else {
    run_inline();
  }
}

Result<Committed> Writer::commit(Write write) {
  CHECK_MSG(std::this_thread::get_id() != thread_.get_id(),
            "commit() on the writer waits for itself");
  auto promise = std::make_shared<std::promise<Result<Committed>>>();
  std::future<Result<Committed>> outcome = promise->get_future();
  submit(std::move(write),
         [promise](Result<Committed> result) { promise->set_value(std::move(result)); });
  return outcome.get();
}

void Writer::compact() {
  {
    const std::lock_guard lock(mutex_);
    compact_wanted_ = true;
  }
  if (options_.mode == WriterMode::Thread) {
    wake_.notify_one();
  } else {
    run_inline();
  }
}

int Writer::subscribe(Store::Publish publish) {
  const std::lock_guard lock(subscribers_mutex_);
  subscribers_.emplace(next_subscriber_, std::move(publish));
  return next_subscriber_++;
}

void Writer::unsubscribe(int id) {
  const std::lock_guard lock(subscribers_mutex_);
  subscribers_.erase(id);
}

void Writer::stop() {
  // Two callers must not both join.
  const std::lock_guard once(stop_mutex_);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  // What is in the database now need not be read from the WAL at the next start.
  if (!failed_ && on_disk_ && log_.database().wal_used() > 0) checkpoint();
}

std::vector<Writer::Pending> Writer::take_group() {
  std::vector<Pending> group;
  size_t bytes = 0;
  while (!queue_.empty() && group.size() < limits::kGroupCommitMax &&
         bytes < limits::kGroupCommitBytesMax) {
    group.push_back(queue_.take().item);
    bytes += bytes_of(group.back().write);
  }
  queue_bytes_ -= bytes;
  return group;
}

void Writer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] {
      return !queue_.empty() || !looks_.empty() || stopping_ || upkeep_due();
    });
    run_looks(lock);
    if (queue_.empty() && looks_.empty() && stopping_) return;
    std::vector<Pending> group = take_group();
    lock.unlock();
    if (!group.empty()) turn(std::move(group));
    upkeep();
    lock.lock();
  }
}

void Writer::run_inline() {
  const std::lock_guard inside(inline_mutex_);
  CHECK_MSG(!in_transaction_, "a guard must not write");
  while (true) {
    std::vector<Pending> group;
    {
      const std::lock_guard lock(mutex_);
      group = take_group();
      if (group.empty() && !upkeep_due()) return;
    }
    if (!group.empty()) turn(std::move(group));
    upkeep();
  }
}

void Writer::turn(std::vector<Pending> group) {
  Turn turn(snapshot_);
  turn.revision = last_;
  in_transaction_ = true;
  for (Pending& pending : group) {
    if (failed_) {
      pending.outcome = stopped();
      continue;
    }
    const ObjectPtr current = turn.view.get(pending.write.key.bucket, pending.write.key.name);
    if (Status admitted = admit(pending.write, current, turn.view); !admitted) {
      pending.outcome = Error(std::move(admitted.error()));
    } else {
      // After an error the transaction is lost; the rest of the group shares its fate.
      pending.accepted = true;
      if (turn.code == DbCode::Ok) accept(pending, current, turn);
    }
  }
  if (turn.code == DbCode::Ok && !turn.changes.empty()) turn.code = log_.commit();
  in_transaction_ = false;
  conclude(group, turn);
}

Status Writer::admit(const Write& write, const ObjectPtr& current, const TurnView& view) const {
  const std::string name = to_string(write.key.name);
  if (!current && (write.expected != 0 || write.op == Write::Op::Delete)) {
    return Error{Code::NotFound, "\"" + name + "\" not found"};
  }
  if (current && current->header().version != write.expected) {
    if (write.expected == 0 && write.op == Write::Op::Put) {
      return Error{Code::AlreadyExists, "\"" + name + "\" already exists"};
    }
    return Error{Code::Conflict, "object has been modified"};
  }
  if (write.guard) CHARTER_TRY(write.guard(view));
  // With the disk full, what is left of the WAL is kept for deletions: they are the way out.
  if (starved_ && write.op == Write::Op::Put &&
      log_.database().wal_used() > log_.database().wal_size() / 2) {
    return disk_full();
  }
  return {};
}

Result<std::string> Writer::sealed_bytes(const LogRow& row) const {
  if (!options_.sealer || !options_.sealer->wants(row.bucket)) return std::string();
  return options_.sealer->seal(place_of(row), row.object);
}

void Writer::accept(Pending& pending, const ObjectPtr& current, Turn& turn) {
  const Write& write = pending.write;
  ObjectPtr object = write.object->with_version(turn.revision + 1);
  LogRow row;
  row.revision = turn.revision + 1;
  row.op = write.op;
  row.bucket = write.key.bucket;
  row.ns = write.key.name.ns;
  row.name = write.key.name.name;
  row.object = object->bytes();
  const Result<std::string> sealed = sealed_bytes(row);
  if (!sealed) {
    // Never plain instead: the write is refused, and nothing of it is in the transaction.
    pending.accepted = false;
    pending.outcome = sealed.error();
    return;
  }
  if (!sealed->empty()) row.object = *sealed;
  if (!write.ledger.empty() && !judge_ledger(pending)) return;
  if (turn.changes.empty()) turn.code = log_.begin();
  if (current) {
    row.previous = current->header().version;
  } else if (turn.code == DbCode::Ok) {
    // A tombstone that compaction has not removed yet still holds its place in the chain.
    turn.code = log_.newest_revision(pending.write.key, row.previous);
  }
  if (turn.code == DbCode::Ok) turn.code = log_.append(row);
  if (turn.code == DbCode::Ok) turn.code = append_ledger(write);
  if (turn.code != DbCode::Ok) return;
  turn.revision = row.revision;
  turn.view.record(write.key, write.op == Write::Op::Delete ? nullptr : object);
  pending.outcome = Committed{object};
  turn.changes.push_back({write.key.bucket, event_of(write, std::move(object), current)});
}

void Writer::conclude(std::vector<Pending>& group, Turn& turn) {
  // The compare-and-swap above is the same rule: only a defect of this program can get here.
  CHECK_MSG(turn.code != DbCode::Constraint,
            "the log refused a revision that the snapshot allowed");
  std::optional<Error> failure;
  if (turn.code == DbCode::Full) {
    log_.rollback();
    failure = disk_full();
  } else if (turn.code != DbCode::Ok) {
    fail("a write or its sync failed");
    failure = stopped();
  }
  for (Pending& pending : group) {
    if (failure && pending.accepted) pending.outcome = *failure;
  }
  if (!failure && !turn.changes.empty()) {
    last_ = turn.revision;
    snapshot_.apply(turn.changes);
    commits_ += static_cast<int64_t>(turn.changes.size());
    ++transactions_;
  }
  upkeep_stuck_ = false;
  // Subscribers first: a definition must be served by the time its writer hears that it is durable.
  if (!failure && !turn.changes.empty()) publish(turn.changes);
  // The outcome is moved out: a callback may keep it, and the object's last reference then is its
  // own.
  for (Pending& pending : group)
    pending.done(std::move(pending.outcome));
  // A checkpoint makes room in the WAL even when the file system has none, as long as the database
  // has free pages.
  if (turn.code == DbCode::Full) checkpoint();
}

void Writer::publish(const std::vector<SnapshotChange>& changes) {
  std::set<std::string, std::less<>> buckets;
  for (const SnapshotChange& change : changes)
    buckets.insert(change.bucket);
  const int64_t revision = changes.back().event->revision;
  const std::lock_guard lock(subscribers_mutex_);
  for (auto at = subscribers_.begin(); at != subscribers_.end();) {
    const int id = at->first;
    const Store::Publish call = at->second;  // it may unsubscribe itself
    call(buckets, revision);
    at = subscribers_.upper_bound(id);
  }
}

void Writer::fail(const char* what) {
  if (failed_.exchange(true)) return;
  log_error("store", what, {{"dir", options_.data_dir}, {"error", log_.database().error()}});
  if (options_.fatal) {
    options_.fatal(limits::kExitStoreFailed);
  } else {
    _exit(limits::kExitStoreFailed);
  }
}

}  // namespace charter
