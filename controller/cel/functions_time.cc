#include "controller/cel/functions.h"

#include <chrono>
#include <optional>

// Parts of moments and of lengths of time. Zones are offsets or UTC.
namespace charter::cel {
namespace {

/// A moment taken apart in its zone.
struct Parts {
  std::chrono::sys_days day;
  std::chrono::year_month_day date;
  int64_t second_of_day = 0;
  int32_t nanos = 0;
};

using Part = int64_t (*)(const Parts&);

template <Part part>
Value moment_part(const Value* args, size_t count, CallContext&) {
  const std::string_view zone = count > 1 ? args[1].as_text() : std::string_view();
  const auto offset = zone_offset(zone);
  if (!offset) return Value::error(unknown_zone(zone));
  const int64_t seconds = args[0].seconds() + *offset;
  const int64_t days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400;
  Parts out;
  out.day = std::chrono::sys_days(std::chrono::days(days));
  out.date = std::chrono::year_month_day(out.day);
  out.second_of_day = seconds - days * 86400;
  out.nanos = args[0].nanos();
  return Value::integer(part(out));
}

int64_t year(const Parts& at) {
  return static_cast<int>(at.date.year());
}
int64_t month(const Parts& at) {
  return static_cast<unsigned>(at.date.month()) - int64_t{1};
}
int64_t day_of_year(const Parts& at) {
  const auto first = std::chrono::sys_days(at.date.year() / std::chrono::January / 1);
  return (at.day - first).count();
}
int64_t date(const Parts& at) {
  return static_cast<unsigned>(at.date.day());
}
int64_t day_of_month(const Parts& at) {
  return date(at) - 1;
}
int64_t day_of_week(const Parts& at) {
  return std::chrono::weekday(at.day).c_encoding();
}
int64_t hours(const Parts& at) {
  return at.second_of_day / 3600;
}
int64_t minutes(const Parts& at) {
  return at.second_of_day / 60 % 60;
}
int64_t seconds(const Parts& at) {
  return at.second_of_day % 60;
}
int64_t milliseconds(const Parts& at) {
  return at.nanos / 1'000'000;
}

// Of a length of time it is the whole of it, in that unit.
template <int64_t seconds_each>
Value whole_units(const Value* args, size_t, CallContext&) {
  return Value::integer(args[0].seconds() / seconds_each);
}

Value whole_milliseconds(const Value* args, size_t, CallContext&) {
  return Value::integer(args[0].seconds() * 1000 + args[0].nanos() / 1'000'000);
}

void add_part(std::vector<FunctionRow>& out, std::string_view name, Function call) {
  out.push_back({name, "timestamp_part", "timestamp", "int", call});
  out.push_back({name, "timestamp_part_with_tz", "timestamp; string", "int", call});
}

}  // namespace

std::optional<int64_t> zone_offset(std::string_view zone) {
  if (zone.empty() || zone == "UTC" || zone == "Z") return 0;
  const bool negative = zone.starts_with('-');
  if (negative || zone.starts_with('+')) zone.remove_prefix(1);
  if (zone.size() != 5 || zone[2] != ':') return std::nullopt;
  int64_t digits[4];
  for (size_t i = 0, k = 0; i < 5; ++i) {
    if (i == 2) continue;
    if (zone[i] < '0' || zone[i] > '9') return std::nullopt;
    digits[k++] = zone[i] - '0';
  }
  const int64_t hours = digits[0] * 10 + digits[1];
  const int64_t minutes = digits[2] * 10 + digits[3];
  if (hours > 23 || minutes > 59) return std::nullopt;
  return (negative ? -1 : 1) * (hours * 3600 + minutes * 60);
}

std::string unknown_zone(std::string_view zone) {
  return "unsupported time zone '" + std::string(zone) +
         "': this server knows UTC and offsets such as '+02:00'";
}

std::vector<FunctionRow> time_rows() {
  std::vector<FunctionRow> out{
      {".getHours", "duration_to_hours", "duration", "int", whole_units<3600>},
      {".getMinutes", "duration_to_minutes", "duration", "int", whole_units<60>},
      {".getSeconds", "duration_to_seconds", "duration", "int", whole_units<1>},
      {".getMilliseconds", "duration_to_milliseconds", "duration", "int", whole_milliseconds},
  };
  add_part(out, ".getFullYear", moment_part<year>);
  add_part(out, ".getMonth", moment_part<month>);
  add_part(out, ".getDayOfYear", moment_part<day_of_year>);
  add_part(out, ".getDayOfMonth", moment_part<day_of_month>);
  add_part(out, ".getDate", moment_part<date>);
  add_part(out, ".getDayOfWeek", moment_part<day_of_week>);
  add_part(out, ".getHours", moment_part<hours>);
  add_part(out, ".getMinutes", moment_part<minutes>);
  add_part(out, ".getSeconds", moment_part<seconds>);
  add_part(out, ".getMilliseconds", moment_part<milliseconds>);
  return out;
}

}  // namespace charter::cel
