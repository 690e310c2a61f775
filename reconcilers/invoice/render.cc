#include "reconcilers/invoice/render.h"

#include "reconcilers/invoice/plan.h"

#include <algorithm>
#include <charconv>

namespace charter::invoice {
namespace {

using Row = std::vector<std::string>;

std::string quantity_text(const Invoice::Line& line) {
  if (line.quantity.empty()) return {};
  return line.quantity + " " + line.per;
}

std::string about(const Invoice::Line& line) {
  return line.corrects.empty() ? line.description
                               : line.description + " (corrects " + line.corrects + ")";
}

std::vector<Row> rows_of(const Invoice& invoice) {
  std::vector<Row> rows = {{"WHAT", "QUANTITY", "PRICE", "AMOUNT", "RULE"}};
  for (const auto& line : invoice.status.lines)
    rows.push_back({about(line), quantity_text(line), line.price, line.amount, line.rule});
  rows.push_back({"Total", "", "", invoice.status.total, ""});
  return rows;
}

// Text on the left, numbers on the right.
std::string table(const std::vector<Row>& rows) {
  std::vector<size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string pad(widths[i] - row[i].size(), ' ');
      const bool number = i >= 1 && i <= 3;
      line += (i == 0 ? "" : "  ") + (number ? pad + row[i] : row[i] + pad);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
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

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// As many machines from a moment on.
struct Level {
  int64_t minute = 0;  ///< since the beginning of the period
  int64_t machines = 0;
};

// From "1 from 00:00, 2 from 08:00" of each of the days.
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

std::string chart(const Invoice& invoice, const std::vector<UsageReport::Days>& days) {
  const auto& period = invoice.spec.period;
  const auto levels = levels_of(days, period.from);
  if (levels.empty()) return {};
  const int64_t minutes =
      std::chrono::duration_cast<std::chrono::minutes>(period.to - period.from).count();
  int64_t most = 1;
  for (const auto& level : levels)
    most = std::max(most, level.machines);
  constexpr int64_t kWidth = 900, kHeight = 160;
  std::string points;
  int64_t last = 0;
  const auto point = [&](int64_t minute, int64_t machines) {
    points += std::to_string(minute * kWidth / std::max<int64_t>(1, minutes)) + "," +
              std::to_string(kHeight - machines * kHeight / most) + " ";
  };
  for (const auto& level : levels) {
    point(std::max<int64_t>(0, level.minute), last);
    point(std::max<int64_t>(0, level.minute), level.machines);
    last = level.machines;
  }
  point(minutes, last);
  point(minutes, 0);
  return "<figure><figcaption>Machines that ran, up to " + std::to_string(most) +
         "</figcaption><svg viewBox=\"0 0 900 164\" role=\"img\"><polygon fill=\"#cfe3f7\" "
         "stroke=\"#1f5fa8\" points=\"0,160 " +
         points + "\"/></svg></figure>\n";
}

}  // namespace

std::string as_text(const Invoice& invoice) {
  std::string text;
  for (const auto& [name, value] : facts(invoice)) {
    if (!value.empty()) text += name + std::string(10 - name.size(), ' ') + value + "\n";
  }
  text += "\n" + table(rows_of(invoice));
  if (!invoice.status.rounding.empty()) text += "\n" + invoice.status.rounding + "\n";
  if (!invoice.status.content_hash.empty()) {
    const bool same = content_hash_of(invoice) == invoice.status.content_hash;
    text +=
        invoice.status.content_hash + (same ? "" : "  DOES NOT MATCH WHAT THE BILL SAYS") + "\n";
  }
  return text;
}

std::string as_html(const Invoice& invoice, const std::vector<UsageReport::Days>& days) {
  std::string html =
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Invoice " +
      escaped(invoice.meta.name) +
      "</title><style>body{font:15px sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
      "table{border-collapse:collapse;width:100%}td,th{padding:.3rem .6rem;border-bottom:1px solid "
      "#ccc;text-align:left}.n{text-align:right}</style></head><body><h1>Invoice</h1><table>\n";
  for (const auto& [name, value] : facts(invoice)) {
    if (!value.empty()) html += "<tr><th>" + name + "</th><td>" + escaped(value) + "</td></tr>\n";
  }
  html += "</table>\n" + chart(invoice, days) + "<table>\n";
  const auto rows = rows_of(invoice);
  for (size_t r = 0; r < rows.size(); ++r) {
    const char* cell = r == 0 || r + 1 == rows.size() ? "th" : "td";
    html += "<tr>";
    for (size_t i = 0; i < rows[r].size(); ++i) {
      html += std::string("<") + cell + (i >= 1 && i <= 3 ? " class=\"n\">" : ">") +
              escaped(rows[r][i]) + "</" + cell + ">";
    }
    html += "</tr>\n";
  }
  html += "</table><p>" + escaped(invoice.status.rounding) + "</p><p>" +
          escaped(invoice.status.content_hash) + "</p></body></html>\n";
  return html;
}

}  // namespace charter::invoice
