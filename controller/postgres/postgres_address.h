#pragma once

#include "controller/base/result.h"

#include <string>
#include <string_view>

namespace charter {

/// Where a PostgreSQL database is: a connection URI of libpq, with all that it allows (several
/// hosts, sslmode, sslrootcert, passfile, service …), told on a command line or kept in a file.
/// What it does not say comes from PG… variables, as everywhere with libpq. A value.
class PostgresAddress {
 public:
  /// Whether a text means PostgreSQL at all: postgres:// or postgresql://.
  static bool is_uri(std::string_view text);
  /// Errors: Invalid when it is none, or holds a password: every process of a host can read the
  /// command lines of others.
  static Result<PostgresAddress> of_uri(const std::string& uri);
  /// The file holds one URI, which may have a password, and is read anew for each connection, so
  /// that a rotated Secret is taken. Errors: those of uri().
  static Result<PostgresAddress> of_file(const std::string& path);

  /// The URI, with its password. Never for a log. Errors: Invalid naming the file, never its text.
  Result<std::string> uri() const;
  /// What people and logs may read: hosts and database, or the file.
  const std::string& label() const { return label_; }

 private:
  PostgresAddress(std::string uri, std::string path, std::string label);

  std::string uri_, path_;  // one of them is empty
  std::string label_;
};

}  // namespace charter
