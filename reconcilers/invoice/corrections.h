#pragma once

#include "crds/types/invoice.h"
#include "reconcilers/billing/rating.h"

#include <string>
#include <vector>

// Lines of bills as the API writes them, and the difference that late usage makes. Pure.
namespace charter::invoice {

/// A rated line with its amounts as text, the amount with the currency's `digits`.
Invoice::Line line_of(const billing::RatedLine& line, int digits);
/// Sum of the amounts. Errors: Invalid for a text that is no amount.
Result<std::string> total_of(const std::vector<Invoice::Line>& lines, int digits);

/// What an issued bill would charge now, less what it and corrections of it on issued bills charge:
/// one line for each item that differs, none when nothing does.
Result<std::vector<Invoice::Line>> corrections(const Invoice& issued,
                                               const std::vector<Invoice>& bills,
                                               const std::vector<billing::RatedLine>& now);

}  // namespace charter::invoice
