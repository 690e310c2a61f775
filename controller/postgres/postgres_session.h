#pragma once

#include "controller/base/random.h"
#include "controller/postgres/postgres_connection.h"

#include <functional>
#include <memory>

namespace charter {

/// A connection that is made anew when it broke, with pauses that grow while it cannot be: until
/// the next attempt callers are refused at once, so that nobody queues up behind a server that is
/// away. Thread contract: one thread at a time.
class PostgresSession {
 public:
  /// What is done with the connection; it may be called twice.
  using Work = std::function<Status(PostgresConnection&)>;

  /// `clock` and `random` outlive it.
  PostgresSession(PostgresAddress address, const Clock& clock, Random& random);

  /// Runs `work` in a transaction. A connection that turns out to be broken is replaced once and
  /// the work done again, so that the restart of a server is not even noticed: what is written has
  /// to be the same when it is on record already. Errors: those of PostgresConnection and of
  /// `work`; InternalError for a server that loses what it acknowledged, or whose texts are not
  /// UTF-8.
  Status write(const Work& work);
  /// The same in a transaction that sees one moment and changes nothing.
  Status read(const Work& work);
  const std::string& label() const { return address_.label(); }

 private:
  Status attempt(const char* begin, const Work& work);
  Status carry_out(const char* begin, const Work& work);
  Status connect();
  Status prepare();

  const PostgresAddress address_;
  const Clock& clock_;
  Random& random_;
  std::unique_ptr<PostgresConnection> connection_;
  Duration pause_{};     // zero: the last attempt succeeded
  Duration retry_at_{};  // monotonic
};

}  // namespace charter
