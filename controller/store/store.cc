#include "controller/store/store.h"

#include "controller/base/check.h"
#include "controller/store/directory_lock.h"
#include "controller/store/loader.h"
#include "controller/store/reseal.h"
#include "controller/store/snapshot.h"
#include "controller/store/sqlite_log.h"
#include "controller/store/writer.h"

#include <limits>
#include <utility>

namespace charter {

/// The parts, in the order in which they may be destroyed backwards: the lock goes last.
struct Store::State {
  std::unique_ptr<DirectoryLock> lock;
  std::unique_ptr<SqliteLog> log;
  Snapshot snapshot;
  std::unique_ptr<Writer> writer;
};

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}

Store::~Store() {
  stop();
}

Result<std::unique_ptr<Store>> Store::open(StoreOptions options) {
  auto state = std::make_unique<State>();
  const std::string& dir = options.data_dir;
  if (!dir.empty()) {
    CHARTER_TRY_ASSIGN(state->lock, DirectoryLock::take(dir));
  }
  CHARTER_TRY_ASSIGN(state->log, SqliteLog::open(dir, options.vfs, SqliteLog::Mode::Write));
  if (!dir.empty()) CHARTER_TRY(sync_directory(dir));
  CHARTER_TRY_ASSIGN(const std::vector<int64_t> stale,
                     load_snapshot(*state->log, options, state->snapshot));
  if (options.sealer) CHARTER_TRY(reseal(*state->log, *options.sealer, stale));
  state->writer = std::make_unique<Writer>(*state->log, state->snapshot, options);
  return std::unique_ptr<Store>(new Store(std::move(state)));
}

void Store::submit(Write write, std::function<void(Result<Committed>)> done) {
  state_->writer->submit(std::move(write), std::move(done));
}

Result<Committed> Store::commit(Write write) {
  return state_->writer->commit(std::move(write));
}

ObjectPtr Store::get(std::string_view bucket, const ObjectName& name) const {
  return state_->snapshot.get(bucket, name);
}

Result<ListPage> Store::list(std::string_view bucket, const ListRange& range) const {
  return state_->snapshot.list(bucket, range);
}

size_t Store::count(std::string_view bucket, std::string_view ns) const {
  return state_->snapshot.count(bucket, ns);
}

Result<int64_t> Store::read_ledger(
    const LedgerQuery& query, const std::function<Status(const LedgerInterval&)>& visit) const {
  int64_t as_of = query.as_of;
  LedgerPage page;
  // What lasts is read at the moment that all pages of ends then belong to.
  CHARTER_TRY(state_->writer->inspect([&](LedgerTable& ledger) {
    if (as_of == 0) as_of = ledger.position();
    return ledger.read_open(query, as_of, page);
  }));
  LedgerPage next;
  LedgerPlace place{query.from_s, std::numeric_limits<int64_t>::max()};
  for (bool more = true; true;) {
    // The writer reads a page while the one before is looked at.
    std::future<Status> reading;
    if (more) {
      reading = state_->writer->begin_look(
          [&](LedgerTable& ledger) { return ledger.read_ended(query, as_of, place, more, next); });
    }
    Status seen;
    for (auto interval = page.begin(); seen && interval != page.end(); ++interval)
      seen = visit(*interval);
    const bool last = !reading.valid();
    const Status read = last ? Status() : reading.get();
    CHARTER_TRY(seen);
    CHARTER_TRY(read);
    if (last) return as_of;
    std::swap(page, next);
    next.clear();
  }
}

Result<bool> Store::is_changed_since(const std::string& payer, int64_t position,
                                     int64_t to_s) const {
  bool changed = false;
  CHARTER_TRY(state_->writer->inspect(
      [&](LedgerTable& ledger) { return ledger.look_for_change(payer, position, to_s, changed); }));
  return changed;
}

int64_t Store::revision() const {
  return state_->snapshot.revision();
}

int64_t Store::compacted() const {
  return state_->snapshot.compacted();
}

Result<std::vector<StoreEventPtr>> Store::events(std::string_view bucket, int64_t after,
                                                 size_t max) const {
  return state_->snapshot.events(bucket, after, max);
}

const View& Store::view() const {
  return state_->snapshot;
}

int Store::subscribe(Publish publish) {
  return state_->writer->subscribe(std::move(publish));
}

void Store::unsubscribe(int id) {
  state_->writer->unsubscribe(id);
}

void Store::compact(int64_t revision) {
  state_->snapshot.compact(revision);
  state_->writer->compact();
}

void Store::stop() {
  state_->writer->stop();
}

Store::Stats Store::stats() const {
  Stats stats = state_->snapshot.stats();
  stats.commits = state_->writer->commits();
  stats.transactions = state_->writer->transactions();
  return stats;
}

}  // namespace charter
