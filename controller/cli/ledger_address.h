#pragma once

#include "controller/base/command.h"
#include "controller/postgres/postgres_address.h"

#include <optional>
#include <vector>

namespace charter {

/// --ledger and --ledger-uri-file: a ledger in PostgreSQL.
std::vector<CommandFlag> ledger_flags();
/// What they say, nothing when neither was given. Errors: Invalid naming the flag or the file.
Result<std::optional<PostgresAddress>> ledger_address(const CommandInput& input);

}  // namespace charter
