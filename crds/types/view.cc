#include "crds/types/view.h"

#include "controller/object/quantity.h"

#include <nlohmann/json.hpp>

#include <charconv>

namespace charter {
namespace {

/// A suffix of a size and its weight.
struct Suffix {
  std::string_view text;
  int64_t bytes;
};

// Decimal first: the catalog speaks GB; binary only where decimal is not exact.
constexpr Suffix kSuffixes[] = {
    {"PB", 1'000'000'000'000'000},
    {"TB", 1'000'000'000'000},
    {"GB", 1'000'000'000},
    {"PiB", int64_t{1} << 50},
    {"TiB", int64_t{1} << 40},
    {"GiB", int64_t{1} << 30},
    {"MB", 1'000'000},
    {"MiB", int64_t{1} << 20},
    {"kB", 1'000},
    {"KiB", int64_t{1} << 10},
};

std::chrono::year_month_day clamp_day(std::chrono::year_month_day date) {
  return date.ok() ? date : date.year() / date.month() / std::chrono::last;
}

}  // namespace

std::string bytes_text(int64_t bytes) {
  for (const auto& suffix : kSuffixes) {
    if (bytes != 0 && bytes % suffix.bytes == 0) {
      return std::to_string(bytes / suffix.bytes) + std::string(suffix.text);
    }
  }
  return std::to_string(bytes) + "B";
}

Result<int64_t> parse_bytes(std::string_view text) {
  // "B" alone is a suffix of the catalog, not of Kubernetes' quantities.
  const auto plain = text.size() > 1 && text.back() == 'B' && text[text.size() - 2] >= '0' &&
                             text[text.size() - 2] <= '9'
                         ? text.substr(0, text.size() - 1)
                         : text;
  CHARTER_TRY_ASSIGN(const Quantity quantity, Quantity::parse(plain));
  if (quantity.thousandths() < 0 || quantity.thousandths() % 1000 != 0) {
    return Error{Code::Invalid, "\"" + std::string(text) + "\" is not a whole number of bytes"};
  }
  return quantity.units();
}

std::string duration_text(Duration length) {
  using namespace std::chrono;
  if (length == Duration::zero()) return "0s";
  const std::pair<Duration, std::string_view> kUnits[] = {
      {hours(1), "h"},         {minutes(1), "m"},       {seconds(1), "s"},
      {milliseconds(1), "ms"}, {microseconds(1), "us"}, {Duration(1), "ns"}};
  std::string text;
  for (const auto& [unit, suffix] : kUnits) {
    if (length >= unit) text += std::to_string(length / unit) + std::string(suffix);
    length %= unit;
  }
  return text;
}

std::string ParameterValue::text() const {
  if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  return std::get<std::string>(value);
}

std::optional<CalendarPeriod> parse_calendar_period(std::string_view text) {
  constexpr std::string_view kUnits = "YMWD";
  if (text.size() < 3 || text.front() != 'P') return std::nullopt;
  const auto unit = kUnits.find(text.back());
  CalendarPeriod period;
  const auto digits = text.substr(1, text.size() - 2);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), period.count);
  if (unit == std::string_view::npos || error != std::errc() ||
      end != digits.data() + digits.size())
    return std::nullopt;
  if (period.count < 1 || period.count > 9999) return std::nullopt;
  period.unit = static_cast<CalendarPeriod::Unit>(unit);
  return period;
}

std::string calendar_period_text(const CalendarPeriod& period) {
  return "P" + std::to_string(period.count) + "YMWD"[static_cast<size_t>(period.unit)];
}

Instant add_period(Instant from, const CalendarPeriod& period) {
  using namespace std::chrono;
  const auto midnight = floor<days>(from);
  const auto count = static_cast<int>(period.count);
  switch (period.unit) {
    case CalendarPeriod::Unit::Years:
      return sys_days(clamp_day(year_month_day(midnight) + years(count))) + (from - midnight);
    case CalendarPeriod::Unit::Months:
      return sys_days(clamp_day(year_month_day(midnight) + months(count))) + (from - midnight);
    case CalendarPeriod::Unit::Weeks:
      return from + weeks(count);
    case CalendarPeriod::Unit::Days:
      break;
  }
  return from + days(count);
}

const Condition* find_condition(const Conditions& conditions, std::string_view type) {
  for (const auto& condition : conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

bool is_true(const Conditions& conditions, std::string_view type, int64_t generation) {
  const auto* condition = find_condition(conditions, type);
  return condition != nullptr && condition->status == "True" &&
         (generation == 0 || condition->observed_generation == generation);
}

Conditions read_conditions(const Json& object) {
  Conditions conditions;
  const auto* list = at(object, {"status", "conditions"});
  if (list == nullptr || !list->is_array()) return conditions;
  for (const auto& entry : *list) {
    conditions.push_back({text_at(entry, {"type"}), text_at(entry, {"status"}),
                          text_at(entry, {"reason"}), text_at(entry, {"message"}),
                          int_at(entry, {"observedGeneration"}).value_or(0)});
  }
  return conditions;
}

}  // namespace charter
