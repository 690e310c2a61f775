#include "reconcilers/invoice/corrections.h"

#include <map>

namespace charter::invoice {
namespace {

constexpr int kShownDigits = 9;  // what the CRD's decimals hold

/// An item over its bill and all corrections of it.
struct Item {
  Invoice::Line sample;
  std::string corrects;
  Decimal billed_quantity, billed_amount, quantity, amount;
};

std::string key_of(const Invoice::Line& line) {
  std::string key;
  for (const auto* part :
       {&line.meter, &line.basis, &line.unit, &line.revision, &line.per, &line.price, &line.rule})
    key += *part + "\n";
  return key;
}

bool corrects(const Invoice::Line& line, const std::string& name) {
  return line.corrects == name || line.corrects.starts_with(name + " ");
}

Status add(Decimal& sum, const std::string& text) {
  CHARTER_TRY_ASSIGN(const auto more, Decimal::parse(text.empty() ? "0" : text));
  CHARTER_TRY_ASSIGN(sum, sum.plus(more));
  return {};
}

}  // namespace

Invoice::Line line_of(const billing::RatedLine& line, int digits) {
  Invoice::Line out;
  out.description = line.description;
  out.revision = line.revision;
  out.meter = line.meter;
  out.basis = line.basis;
  out.unit = line.unit;
  out.rule = line.rule;
  // A least or most amount of the period has neither quantity nor price.
  if (line.interval_count > 0) {
    out.quantity = line.quantity.text();
    out.per = line.per;
    out.price = line.price.rounded(kShownDigits).text();
  }
  out.amount = line.amount.text_with(digits);
  out.interval_count = line.interval_count;
  out.intervals = line.intervals;
  out.interval_digest = line.interval_digest;
  return out;
}

Result<std::string> total_of(const std::vector<Invoice::Line>& lines, int digits) {
  Decimal total;
  for (const auto& line : lines)
    CHARTER_TRY(add(total, line.amount));
  return total.text_with(digits);
}

Result<std::vector<Invoice::Line>> corrections(const Invoice& issued,
                                               const std::vector<Invoice>& bills,
                                               const std::vector<billing::RatedLine>& now) {
  const auto& name = issued.meta.name;
  CHARTER_TRY_ASSIGN(const int digits, minor_digits(issued.spec.currency));
  std::map<std::string, Item> items;
  const auto take_billed = [&](const Invoice::Line& line, const std::string& where) -> Status {
    Item& item = items[key_of(line)];
    if (item.corrects.empty()) item.corrects = where;
    if (item.sample.meter.empty()) item.sample = line;
    CHARTER_TRY(add(item.billed_quantity, line.quantity));
    return add(item.billed_amount, line.amount);
  };
  for (size_t i = 0; i < issued.status.lines.size(); ++i) {
    const auto& line = issued.status.lines[i];
    if (line.corrects.empty())
      CHARTER_TRY(take_billed(line, name + " line " + std::to_string(i + 1)));
  }
  for (const auto& bill : bills) {
    if (!bill.status.issued_at) continue;
    for (const auto& line : bill.status.lines) {
      if (corrects(line, name)) CHARTER_TRY(take_billed(line, name));
    }
  }
  for (const auto& rated : now) {
    const auto line = line_of(rated, digits);
    Item& item = items[key_of(line)];
    if (item.corrects.empty()) item.corrects = name;
    item.sample = line;
    CHARTER_TRY(add(item.quantity, line.quantity));
    CHARTER_TRY(add(item.amount, line.amount));
  }
  std::vector<Invoice::Line> lines;
  for (auto& [key, item] : items) {
    if (item.amount == item.billed_amount && item.quantity == item.billed_quantity) continue;
    auto& line = item.sample;
    line.corrects = item.corrects;
    if (!line.quantity.empty()) line.quantity = item.quantity.minus(item.billed_quantity).text();
    line.amount = item.amount.minus(item.billed_amount).text_with(digits);
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace charter::invoice
