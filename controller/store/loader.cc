#include "controller/store/loader.h"

#include "controller/base/log.h"
#include "controller/store/sealed_row.h"

#include <algorithm>
#include <map>
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
  bool key_missing = false;  // the fault is the keys', not the row's
  bool stale = false;

  explicit StoredRow(const LogRow& from)
      : row(from), bucket(from.bucket), ns(from.ns), name(from.name), bytes(from.object) {}
  void check(const StoredKinds& kinds, const Sealer* sealer) {
    row.bucket = bucket;
    row.ns = ns;
    row.name = name;
    row.object = bytes;
    fault = checksum_fault(row);
    if (fault) return;
    stale = is_stale(row, sealer);
    if (sealing_key(bytes)) {
      Result<std::string> plain = plain_bytes(row, sealer);
      if (!plain) {
        key_missing = plain.error().code == Code::NotFound;
        fault = std::move(plain.error().message);
        return;
      }
      bytes = std::move(*plain);
    }
    Pairs fields = kinds.index ? kinds.index(bucket, bytes) : Pairs{};
    object = Encoded::restore(std::move(bytes), std::move(fields));
    fault = object ? header_fault(row, object->header()) : "bytes are not an encoded object";
  }
};

// Applies batches of rows to a snapshot, in order of revision.
class Loader {
 public:
  Loader(const StoreOptions& options, int64_t compacted, Snapshot& snapshot)
      : options_(options), compacted_(compacted), snapshot_(snapshot) {}

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

  std::vector<int64_t> stale() { return std::move(stale_); }

 private:
  void check_batch() {
    const size_t cores = std::max<size_t>(std::thread::hardware_concurrency(), 1);
    const size_t threads = std::min(cores, batch_.size() / kBatchRowsPerThread + 1);
    const auto part = [this, threads](size_t first) {
      for (size_t i = first; i < batch_.size(); i += threads)
        batch_[i].check(options_.kinds, options_.sealer.get());
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
    if (row.key_missing) {
      return Error{Code::InternalError,
                   describe(row.row) + " cannot be read: " + *row.fault + "; nothing was changed"};
    }
    if (row.fault) return refuse(row, *row.fault);
    if (row.stale) stale_.push_back(row.row.revision);
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

  const StoreOptions& options_;
  const int64_t compacted_;
  Snapshot& snapshot_;
  std::vector<StoredRow> batch_;
  std::vector<int64_t> stale_;
};

// The newest definitions, so that the objects' fields are known while they are read.
Status learn_definitions(SqliteLog& log, const StoreOptions& options) {
  const StoredKinds& kinds = options.kinds;
  if (!kinds.learn) return {};
  std::map<std::string, std::string, std::less<>> newest;
  CHARTER_TRY(log.read_bucket(kinds.definitions, [&](const LogRow& row) -> Status {
    if (row.op == Write::Op::Delete) {
      newest.erase(std::string(row.name));
    } else if (!checksum_fault(row)) {
      // What cannot be opened is told when the rows themselves are loaded.
      if (auto plain = plain_bytes(row, options.sealer.get()))
        newest.insert_or_assign(std::string(row.name), std::move(*plain));
    }
    return {};
  }));
  for (const auto& [name, bytes] : newest)
    kinds.learn(bytes);
  return {};
}

}  // namespace

Result<std::vector<int64_t>> load_snapshot(SqliteLog& log, const StoreOptions& options,
                                           Snapshot& snapshot) {
  CHARTER_TRY(learn_definitions(log, options));
  const int64_t last = log.last_revision();
  snapshot.restore_revisions(std::min(last, log.compacted()), log.compacted());
  Loader loader(options, log.compacted(), snapshot);
  CHARTER_TRY(log.read_all([&](const LogRow& row) { return loader.add(row); }));
  CHARTER_TRY(loader.flush());
  return loader.stale();
}

}  // namespace charter
