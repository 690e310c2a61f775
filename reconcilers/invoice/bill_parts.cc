#include "reconcilers/invoice/bill_parts.h"

#include "reconcilers/invoice/plan.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace charter::invoice {
namespace {

std::string quantity_text(const Invoice::Line& line) {
  if (line.quantity.empty()) return {};
  return line.quantity + " " + line.per;
}

std::string about(const Invoice::Line& line) {
  return line.corrects.empty() ? line.description
                               : line.description + " (corrects " + line.corrects + ")";
}

}  // namespace

std::vector<Row> rows_of(const Invoice& invoice) {
  std::vector<Row> rows = {{"WHAT", "QUANTITY", "PRICE", "AMOUNT", "RULE"}};
  for (const auto& line : invoice.status.lines)
    rows.push_back({about(line), quantity_text(line), line.price, line.amount, line.rule});
  rows.push_back({"Total", "", "", invoice.status.total, ""});
  return rows;
}

std::vector<std::pair<std::string, std::string>> facts(const Invoice& invoice) {
  const auto& status = invoice.status;
  std::vector<std::pair<std::string, std::string>> facts = {
      {"Invoice", invoice.meta.ns + "/" + invoice.meta.name},
      {"Number", status.number.empty() ? "(draft)" : status.number},
      {"Issued", status.issued_at ? format_time(*status.issued_at)
                 : status.due_at  ? "not yet, due " + format_time(*status.due_at)
                                  : "not yet"},
      {"Contract", invoice.spec.contract.name + (invoice.spec.is_final ? " (final)" : "")},
      {"Account", invoice.spec.account ? invoice.spec.account->name : ""},
      {"Period", format_time(invoice.spec.period.from) + " to " +
                     format_time(invoice.spec.period.to) + " (" + invoice.spec.period.name + ", " +
                     invoice.spec.period.time_zone + ")"},
      {"Currency", invoice.spec.currency}};
  return facts;
}

std::string hash_text(const Invoice& invoice) {
  const auto& hash = invoice.status.content_hash;
  if (hash.empty() || content_hash_of(invoice) == hash) return hash;
  return hash + "  DOES NOT MATCH WHAT THE BILL SAYS";
}

std::vector<Level> levels_of(const std::vector<UsageReport::Days>& days, Instant from) {
  std::vector<Level> levels;
  for (const auto& alike : days) {
    for (Instant day = alike.from; day < alike.to; day += std::chrono::hours(24)) {
      const auto midnight = std::chrono::floor<std::chrono::days>(day);
      std::string_view rest = alike.machines;
      while (!rest.empty()) {
        const auto part = rest.substr(0, rest.find(", "));
        rest.remove_prefix(std::min(rest.size(), part.size() + 2));
        int64_t machines = 0, hour = 0, minute = 0;
        const auto colon = part.rfind(':');
        if (colon == std::string_view::npos || colon < 2) continue;
        std::from_chars(part.data(), part.data() + part.size(), machines);
        std::from_chars(part.data() + colon - 2, part.data() + colon, hour);
        std::from_chars(part.data() + colon + 1, part.data() + part.size(), minute);
        const auto at = midnight + std::chrono::hours(hour) + std::chrono::minutes(minute);
        levels.push_back(
            {std::chrono::duration_cast<std::chrono::minutes>(at - from).count(), machines});
      }
    }
  }
  return levels;
}

int64_t most_of(const std::vector<Level>& levels) {
  int64_t most = 1;
  for (const auto& level : levels)
    most = std::max(most, level.machines);
  return most;
}

}  // namespace charter::invoice
