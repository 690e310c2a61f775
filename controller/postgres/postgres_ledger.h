#pragma once

#include "controller/postgres/postgres_session.h"
#include "controller/store/shared_ledger.h"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

// The ledger in a PostgreSQL database that all replicas reach: the rows and the chain of the
// store's ledger, every entry durable before record() returns.
//
// One process writes at a time: each transaction first locks the head of the chain. A term is a
// number there, raised by begin_term() and compared by each write under that lock, so a leader of
// the time before appends nothing, whenever what it sent arrives. A process that never began a term
// (no leader election) is held back by nobody.
namespace charter {

namespace postgres {
struct Head;
}

/// See above.
class PostgresLedger final : public SharedLedger {
 public:
  /// Connects, and makes the tables if they are not there. `may_write` is asked within each
  /// transaction; empty: always. `clock` and `random` outlive it. Errors: those of
  /// PostgresConnection, InternalError when the tables are of a newer program.
  static Result<std::unique_ptr<PostgresLedger>> open(PostgresAddress address, const Clock& clock,
                                                      Random& random,
                                                      std::function<Status()> may_write = {});
  /// For who only reads. Errors: also NotFound when the database has no ledger.
  static Result<std::unique_ptr<PostgresLedger>> open_to_read(PostgresAddress address,
                                                              const Clock& clock, Random& random);
  ~PostgresLedger() override;

  Status begin_term() override;
  bool is_fenced() const override { return fenced_; }
  Result<std::vector<std::string>> open_subjects() const override;
  Result<int64_t> read_ledger(
      const LedgerQuery& query,
      const std::function<Status(const LedgerInterval&)>& visit) const override;
  Result<bool> is_changed_since(const std::string& payer, int64_t position,
                                int64_t to_s) const override;
  Status verify(
      const std::function<void(std::string where, std::string what)>& find) const override;

 private:
  PostgresLedger(std::unique_ptr<PostgresSession> session, std::function<Status()> may_write);
  Status may_write() const { return may_write_ ? may_write_() : Status(); }
  Status write(const std::string& subject, const Edges& edges) override;
  Status write_in_turn(PostgresConnection& connection, const std::string& subject,
                       const Edges& edges);
  Status check_epoch(const postgres::Head& head);

  const std::function<Status()> may_write_;
  mutable std::mutex mutex_;
  const std::unique_ptr<PostgresSession> session_;
  std::optional<int64_t> epoch_;  // of our term
  std::atomic<bool> fenced_{false};
};

}  // namespace charter
