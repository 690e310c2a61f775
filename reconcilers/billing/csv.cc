#include "reconcilers/billing/csv.h"

#include "reconcilers/common/metering.h"

namespace charter::billing {

std::string csv_field(std::string_view text) {
  std::string field(text);
  // "-1.5" is a number, "-cmd" is not.
  const bool formula =
      !text.empty() &&
      (std::string_view("=+@\t\r").find(text.front()) != std::string_view::npos ||
       (text.front() == '-' && text.find_first_not_of("0123456789.", 1) != std::string_view::npos));
  if (formula) field.insert(field.begin(), '\'');
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (size_t i = 0; i < fields.size(); ++i)
    line += (i == 0 ? "" : ",") + csv_field(fields[i]);
  return line + "\r\n";
}

std::string usage_csv(const std::vector<UsageLine>& lines) {
  std::string csv = csv_line({"from", "to", "meter", "basis", "quantity", "unit"});
  for (const auto& line : lines) {
    csv += csv_line({format_time(instant_of(line.from_s)), format_time(instant_of(line.to_s)),
                     line.meter, line.basis, line.quantity.text(), line.unit});
  }
  return csv;
}

}  // namespace charter::billing
