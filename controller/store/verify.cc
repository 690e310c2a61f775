#include "controller/store/verify.h"

#include "controller/base/limits.h"
#include "controller/store/directory_lock.h"
#include "controller/store/sealed_row.h"
#include "controller/store/sqlite_log.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unistd.h>
#include <utility>

namespace charter {
namespace {

// A store damaged everywhere is not described row by row.
constexpr size_t kFindingsMax = 1'000;

/// What is wrong with a row by itself. The start trusts bytes whose checksum holds; here they are
/// read as if they came from outside.
std::optional<std::string> object_fault(const LogRow& row, std::string_view bytes) {
  const auto object = Encoded::parse(bytes);
  if (!object) return "bytes do not parse: " + object.error().message;
  if ((*object)->bytes() != bytes) return "bytes are not an encoded object";
  return header_fault(row, (*object)->header());
}

// Follows the chain of revisions of every key.
class ChainCheck {
 public:
  ChainCheck(int64_t compacted, const Sealer* sealer, std::vector<VerifyFinding>& findings)
      : compacted_(compacted), sealer_(sealer), findings_(findings) {}

  void look_at(const LogRow& row) {
    if (row.revision <= 0 || row.previous >= row.revision) {
      find(row, "its previous revision " + std::to_string(row.previous) + " is not before it");
    }
    look_at_bytes(row);
    Link& link = links_[{std::string(row.bucket), std::string(row.ns), std::string(row.name)}];
    // The chain may begin anywhere at or below the compacted revision, where compaction removes
    // rows.
    const bool linked = link.revision > 0 ? row.previous == link.revision
                                          : row.previous == 0 || row.previous <= compacted_;
    const bool compacted_away = row.previous > link.revision && row.previous <= compacted_;
    if (!linked && !compacted_away) {
      find(row, "its previous revision is " + std::to_string(row.previous) + ", the log has " +
                    std::to_string(link.revision));
    }
    if (row.op == Write::Op::Delete && row.revision > compacted_ && link.revision == 0) {
      find(row, "deletes an object that the log does not have");
    }
    if (row.op == Write::Op::Delete && link.deleted)
      find(row, "deletes an object that was deleted already");
    link = {row.revision, row.op == Write::Op::Delete};
  }

  /// Rows that could not be looked into are one finding for each missing key.
  void finish() {
    for (const auto& [why, rows] : unopened_)
      findings_.push_back({"charter.db", std::to_string(rows) + " rows were not checked: " + why});
  }

 private:
  void look_at_bytes(const LogRow& row) {
    if (auto fault = checksum_fault(row)) return find(row, *fault);
    const auto plain = plain_bytes(row, sealer_);
    if (!plain && plain.error().code == Code::NotFound) {
      ++unopened_[plain.error().message];
    } else if (!plain) {
      find(row, plain.error().message);
    } else if (auto fault = object_fault(row, *plain)) {
      find(row, *fault);
    }
  }

  struct Link {
    int64_t revision = 0;
    bool deleted = false;
  };
  void find(const LogRow& row, std::string what) {
    if (findings_.size() < kFindingsMax) findings_.push_back({describe(row), std::move(what)});
  }

  const int64_t compacted_;
  const Sealer* const sealer_;
  std::vector<VerifyFinding>& findings_;
  std::map<std::tuple<std::string, std::string, std::string>, Link> links_;
  std::map<std::string, int64_t> unopened_;  // why, and how many rows
};

/// Rows of log and ledger that were looked at, of all that there are.
class Walk {
 public:
  Walk(uint64_t total, const VerifyProgress& tell) : total_(total), tell_(tell) {}
  void step_to(uint64_t done) {
    constexpr uint64_t kEvery = 4'096;
    if (!tell_ || done < told_ + kEvery) return;
    told_ = done;
    if (done < total_) tell_(done, total_);
  }
  void finish() {
    if (tell_) tell_(total_, total_);
  }

 private:
  const uint64_t total_;
  const VerifyProgress& tell_;
  uint64_t told_ = 0;
};

void check_ledger(SqliteLog& log, Walk& walk, std::vector<VerifyFinding>& findings) {
  if (log.ledger() == nullptr) return;
  const auto before = static_cast<uint64_t>(log.last_revision());
  const DbCode code = log.ledger()->verify(
      [&findings](std::string where, std::string what) {
        if (findings.size() < kFindingsMax) findings.push_back({std::move(where), std::move(what)});
      },
      [&](int64_t position) { walk.step_to(before + static_cast<uint64_t>(position)); });
  if (code != DbCode::Ok) findings.push_back({"charter.db", "the ledger cannot be read"});
}

}  // namespace

Result<std::vector<VerifyFinding>> verify_store(const std::string& data_dir, const Sealer* sealer) {
  return verify_store(data_dir, sealer, {});
}

Result<std::vector<VerifyFinding>> verify_store(const std::string& data_dir, const Sealer* sealer,
                                                const VerifyProgress& progress) {
  if (data_dir.empty() || access((data_dir + "/charter.db").c_str(), R_OK) != 0) {
    return Error{Code::NotFound, "data directory \"" + data_dir + "\" holds no store"};
  }
  CHARTER_TRY_ASSIGN(const auto lock, DirectoryLock::take_existing(data_dir));
  if (auto fault = wal_fault(data_dir)) {
    // SQLite would show the state before the damage as if it were the last.
    return std::vector<VerifyFinding>{{"charter.db-wal", *fault}};
  }
  CHARTER_TRY_ASSIGN(const auto log, SqliteLog::open(data_dir, "", SqliteLog::Mode::Verify));
  std::vector<VerifyFinding> findings;
  if (auto fault = log->integrity_fault()) findings.push_back({"charter.db", *fault});
  ChainCheck chain(log->compacted(), sealer, findings);
  const int64_t entries = log->ledger() == nullptr ? 0 : log->ledger()->position();
  Walk walk(static_cast<uint64_t>(log->last_revision() + entries), progress);
  const Status read = log->read_all([&](const LogRow& row) {
    chain.look_at(row);
    walk.step_to(static_cast<uint64_t>(std::max<int64_t>(0, row.revision)));
    return Status{};
  });
  if (!read) findings.push_back({"charter.db", read.error().message});
  chain.finish();
  check_ledger(*log, walk, findings);
  walk.finish();
  return findings;
}

}  // namespace charter
