#include "controller/store/loader.h"

#include "controller/base/log.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace charter {
namespace {

// Rows read before they are parsed together: enough to keep the cores busy, little enough to hold
// twice.
constexpr size_t kBatchRows = 4096;
constexpr size_t kBatchRowsPerThread = 256;

// A row that outlives its callback, with the outcome of its check.
struct StoredRow {
  LogRow row;  // its views point into the strings below
  std::string bucket, ns, name, bytes;
  ObjectPtr object;
  std::optional<std::string> fault;

  explicit StoredRow(const LogRow& from)
      : row(from), bucket(from.bucket), ns(from.ns), name(from.name), bytes(from.object) {}
  void check(const IndexFields& index) {
    row.bucket = bucket;
    row.ns = ns;
    row.name = name;
    row.object = bytes;
    Result<ObjectPtr> parsed = parse_stored(bucket, bytes, index);
    fault = row_fault(row, parsed);
    if (parsed) object = std::move(*parsed);
  }
};

// Applies batches of rows to a snapshot, in order of revision.
class Loader {
 public:
  Loader(const IndexFields& index, int64_t compacted, Snapshot& snapshot)
      : index_(index), compacted_(compacted), snapshot_(snapshot) {}

  Status add(const LogRow& row) {
    batch_.emplace_back(row);
    if (batch_.size() < kBatchRows) return {};
    return flush();
  }

  Status flush() {
    check_batch();
    for (StoredRow& row : batch_)
      CHARTER_TRY(apply(row));
    batch_.clear();
    return {};
  }

 private:
  void check_batch() {
    const size_t cores = std::max<size_t>(std::thread::hardware_concurrency(), 1);
    const size_t threads = std::min(cores, batch_.size() / kBatchRowsPerThread + 1);
    const auto part = [this, threads](size_t first) {
      for (size_t i = first; i < batch_.size(); i += threads)
        batch_[i].check(index_);
    };
    std::vector<std::thread> others;
    for (size_t t = 1; t < threads; ++t)
      others.emplace_back(part, t);
    part(0);
    for (std::thread& other : others)
      other.join();
  }

  Error refuse(const StoredRow& row, const std::string& fault) const {
    log_error("store", "log row is damaged", {{"row", describe(row.row)}, {"fault", fault}});
    return Error{Code::InternalError, "the store is damaged: " + describe(row.row) + ": " + fault +
                                          "; nothing was changed; run charter verify"};
  }

  Status apply(StoredRow& row) {
    if (row.fault) return refuse(row, *row.fault);
    const ObjectName name{row.ns, row.name};
    const bool deletes = row.row.op == Write::Op::Delete;
    if (row.row.revision <= compacted_) {
      if (deletes) {
        snapshot_.restore_deleted(row.bucket, name);
      } else {
        snapshot_.restore(row.bucket, std::move(row.object));
      }
      return {};
    }
    const ObjectPtr before = snapshot_.get(row.bucket, name);
    if (before ? before->header().version != row.row.previous : deletes) {
      return refuse(row, "the revision before it is missing");
    }
    auto event = std::make_shared<StoreEvent>();
    event->kind = deletes  ? StoreEvent::Kind::Deleted
                  : before ? StoreEvent::Kind::Modified
                           : StoreEvent::Kind::Added;
    event->revision = row.row.revision;
    event->object = std::move(row.object);
    event->before = before;
    const SnapshotChange change{row.bucket, std::move(event)};
    snapshot_.apply({&change, 1});
    return {};
  }

  const IndexFields& index_;
  const int64_t compacted_;
  Snapshot& snapshot_;
  std::vector<StoredRow> batch_;
};

// Encoded::parse takes a plain function: these carry the bucket and the real one to it, one parse
// at a time per thread.
thread_local const IndexFields* current_index = nullptr;
thread_local std::string_view current_bucket;

Pairs call_index(const Json& tree) {
  return (*current_index)(current_bucket, tree);
}

}  // namespace

Result<ObjectPtr> parse_stored(std::string_view bucket, std::string bytes,
                               const IndexFields& index) {
  if (!index) return Encoded::parse(std::move(bytes));
  current_index = &index;
  current_bucket = bucket;
  return Encoded::parse(std::move(bytes), &call_index);
}

Status load_snapshot(SqliteLog& log, const IndexFields& index, Snapshot& snapshot) {
  const int64_t last = log.last_revision();
  snapshot.restore_revisions(std::min(last, log.compacted()), log.compacted());
  Loader loader(index, log.compacted(), snapshot);
  CHARTER_TRY(log.read_all([&](const LogRow& row) { return loader.add(row); }));
  return loader.flush();
}

}  // namespace charter
