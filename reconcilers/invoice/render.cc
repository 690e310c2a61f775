#include "reconcilers/invoice/render.h"

#include "reconcilers/invoice/bill_parts.h"

#include <algorithm>

namespace charter::invoice {
namespace {

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

std::string chart(const Invoice& invoice, const std::vector<UsageReport::Days>& days) {
  const auto& period = invoice.spec.period;
  const auto levels = levels_of(days, period.from);
  if (levels.empty()) return {};
  const int64_t minutes =
      std::chrono::duration_cast<std::chrono::minutes>(period.to - period.from).count();
  const int64_t most = most_of(levels);
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
  if (!invoice.status.content_hash.empty()) text += hash_text(invoice) + "\n";
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
          escaped(hash_text(invoice)) + "</p></body></html>\n";
  return html;
}

}  // namespace charter::invoice
