#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <sys/types.h>

// A PostgreSQL server of the test's own, by tests/support/private_postgres.py, which says what it
// gives.
namespace charter::testing {

/// URIs of an empty database.
struct PostgresDatabase {
  std::string uri;       ///< over the socket, as a user who needs no password
  std::string socket;    ///< over the socket, as a user who needs `password`
  std::string tls;       ///< over TLS on loopback, as the same
  std::string ca;        ///< file of the authority that signed the server's certificate
  std::string password;  ///< as it is typed, not as a URI has it
};

/// Starts it, passes orders on, and ends it with all its files. One for all tests of a process that
/// do not disturb the others: shared().
class PrivatePostgres {
 public:
  PrivatePostgres();
  ~PrivatePostgres();
  PrivatePostgres(const PrivatePostgres&) = delete;
  PrivatePostgres& operator=(const PrivatePostgres&) = delete;
  static PrivatePostgres& shared();

  /// Empty when it runs; else why it cannot here.
  const std::string& absent() const { return absent_; }
  /// Makes another one.
  PostgresDatabase database();
  /// "crash", "start", "pause", "resume": carried out when this returns.
  void order(const std::string& word);

 private:
  nlohmann::json ask(const std::string& word);
  nlohmann::json read_line();

  std::string directory_, absent_;
  pid_t pid_ = 0;
  int to_ = -1, from_ = -1;
};

}  // namespace charter::testing
