#include "controller/cli/ledger_address.h"

#include <string>

namespace charter {

std::vector<CommandFlag> ledger_flags() {
  return {
      {"ledger",
       "postgres://USER@HOST/DATABASE: the ledger is in PostgreSQL; its password comes from "
       "PGPASSFILE, PGPASSWORD or --ledger-uri-file",
       ""},
      {"ledger-uri-file", "The same from a file, with a password or without", ""},
  };
}

Result<std::optional<PostgresAddress>> ledger_address(const CommandInput& input) {
  const std::string& uri = input.flag("ledger");
  const std::string& file = input.flag("ledger-uri-file");
  if (!uri.empty() && !file.empty())
    return Error{Code::Invalid, "--ledger-uri-file: give either this or --ledger"};
  if (!uri.empty()) {
    CHARTER_TRY_ASSIGN(auto address, PostgresAddress::of_uri(uri));
    return std::optional(std::move(address));
  }
  if (!file.empty()) {
    CHARTER_TRY_ASSIGN(auto address, PostgresAddress::of_file(file));
    return std::optional(std::move(address));
  }
  return std::optional<PostgresAddress>();
}

}  // namespace charter
