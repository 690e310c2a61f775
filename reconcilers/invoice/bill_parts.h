#pragma once

#include "crds/types/invoice.h"
#include "crds/types/usage_report.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// What every form of a bill shows. Pure.
namespace charter::invoice {

/// Cells of one line.
using Row = std::vector<std::string>;

/// What, quantity, price, amount and rule of each line, under their names and above the total.
std::vector<Row> rows_of(const Invoice& invoice);
/// What stands above the lines, by name; what is not known is empty.
std::vector<std::pair<std::string, std::string>> facts(const Invoice& invoice);
/// The content hash, and a warning when the bill is not what was issued. Empty for a draft.
std::string hash_text(const Invoice& invoice);

/// As many machines from a moment on.
struct Level {
  int64_t minute = 0;  ///< since the beginning of the period
  int64_t machines = 0;
};

/// From "1 from 00:00, 2 from 08:00" of each of the days.
std::vector<Level> levels_of(const std::vector<UsageReport::Days>& days, Instant from);
/// The most of them, at least one.
int64_t most_of(const std::vector<Level>& levels);

}  // namespace charter::invoice
