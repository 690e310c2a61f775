#pragma once

#include "controller/store/sealer.h"
#include "controller/store/sqlite_log.h"

#include <string>

// Rows of the log and their sealed form.
namespace charter {

/// Where a row's bytes belong.
SealedPlace place_of(const LogRow& row);

/// The encoded object in a row, opened when it is sealed. `sealer` may be null. Errors: NotFound
/// when the key is missing, InternalError when the bytes do not open; the message says no row.
Result<std::string> plain_bytes(const LogRow& row, const Sealer* sealer);

/// True when the row is plain and should not be, or is sealed with another key than the one that
/// seals now. `sealer` may be null.
bool is_stale(const LogRow& row, const Sealer* sealer);

}  // namespace charter
