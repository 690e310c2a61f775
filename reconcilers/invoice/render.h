#pragma once

#include "crds/types/invoice.h"
#include "crds/types/usage_report.h"

#include <string>
#include <vector>

// A bill for people: as text for a terminal, as one HTML page or a PDF with the usage drawn. Pure:
// the same bill gives the same bytes.
namespace charter::invoice {

/// A terminal's form.
std::string as_text(const Invoice& invoice);

/// A page that needs nothing else: styles inline, the days' machines as an SVG.
std::string as_html(const Invoice& invoice, const std::vector<UsageReport::Days>& days);

/// Pages of A4 with the same content.
std::string as_pdf(const Invoice& invoice, const std::vector<UsageReport::Days>& days);

}  // namespace charter::invoice
