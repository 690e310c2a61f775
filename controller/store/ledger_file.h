#pragma once

#include "controller/store/ledger_table.h"
#include "controller/store/shared_ledger.h"
#include "controller/store/sqlite_database.h"

#include <functional>
#include <memory>
#include <mutex>
#include <string>

// The ledger as a file of its own, for when the objects are kept by another API server: the tables
// and the chain of the store's ledger (ledger_table.h), every entry durable before record()
// returns.
//
// Several processes may have it open, one writes at a time: replicas that share a volume take turns
// with leadership. Each transaction begins with reading the head of the chain anew. It has a
// rollback journal and no write-ahead log, which processes on two hosts could not share.
namespace charter {

/// See above. Thread-safe.
class LedgerFile final : public SharedLedger {
 public:
  /// Opens or makes the file. `may_write` is asked within each transaction; empty: always. Errors:
  /// InternalError, naming the file.
  static Result<std::unique_ptr<LedgerFile>> open(const std::string& path,
                                                  std::function<Status()> may_write = {});
  ~LedgerFile() override;

  /// Nothing to do: who is stopped in a transaction keeps the lock, so whoever leads next waits for
  /// it, and `may_write` is asked with the lock held.
  Status begin_term() override { return {}; }
  bool is_fenced() const override { return false; }
  Result<std::vector<std::string>> open_subjects() const override;
  Result<int64_t> read_ledger(
      const LedgerQuery& query,
      const std::function<Status(const LedgerInterval&)>& visit) const override;
  Result<bool> is_changed_since(const std::string& payer, int64_t position,
                                int64_t to_s) const override;
  Status verify(
      const std::function<void(std::string where, std::string what)>& find) const override;

 private:
  LedgerFile(std::string path, std::unique_ptr<SqliteDatabase> database,
             std::function<Status()> may_write);
  Status prepare();
  Status write(const std::string& subject, const Edges& edges) override;
  Status write_in_turn(const std::string& subject, const Edges& edges);
  DbCode begin() const;
  Error failed(DbCode code, const char* what) const;

  const std::string path_;
  const std::function<Status()> may_write_;
  mutable std::mutex mutex_;
  const std::unique_ptr<SqliteDatabase> database_;
  std::unique_ptr<LedgerTable> table_;
};

}  // namespace charter
