#pragma once

#include "reconcilers/billing/report.h"

#include <string>
#include <string_view>
#include <vector>

// Comma-separated values, RFC 4180, with names in the first line. Pure.
namespace charter::billing {

/// A field, quoted where it must be. A text that a spreadsheet would take for a formula is quoted
/// behind an apostrophe.
std::string csv_field(std::string_view text);
/// A line of fields, ending in CR LF.
std::string csv_line(const std::vector<std::string>& fields);

/// from, to, meter, basis, quantity, unit.
std::string usage_csv(const std::vector<UsageLine>& lines);

}  // namespace charter::billing
