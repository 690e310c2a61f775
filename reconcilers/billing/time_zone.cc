#include "reconcilers/billing/time_zone.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>

namespace charter::billing {
namespace {

constexpr size_t kHeaderBytes = 44;
constexpr size_t kFileBytesMax = 1'000'000;
constexpr int64_t kDay = 86'400;

/// Counts in a TZif header, RFC 8536 section 3.1.
struct Counts {
  size_t is_utc = 0, is_std = 0, leaps = 0, times = 0, types = 0, chars = 0;
  size_t bytes(size_t time_bytes) const {
    return times * time_bytes + times + types * 6 + chars + leaps * (time_bytes + 4) + is_std +
           is_utc;
  }
};

int64_t big_endian(std::string_view bytes, size_t at, size_t size) {
  uint64_t value = static_cast<unsigned char>(bytes[at]) & 0x80 ? ~uint64_t{0} : 0;
  for (size_t i = 0; i < size; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<int64_t>(value);
}

Error not_a_zone(const std::string& name, const char* why) {
  return {Code::Invalid, "time zone \"" + name + "\": " + why};
}

Result<Counts> counts_at(const std::string& name, std::string_view bytes, size_t at) {
  if (bytes.size() < at + kHeaderBytes || bytes.substr(at, 4) != "TZif")
    return not_a_zone(name, "its file is not in TZif form");
  const auto count = [&](size_t place) {
    return static_cast<size_t>(big_endian(bytes, at + place, 4) & 0xffffffff);
  };
  const Counts counts{count(20), count(24), count(28), count(32), count(36), count(40)};
  for (const size_t each :
       {counts.is_utc, counts.is_std, counts.leaps, counts.times, counts.types, counts.chars}) {
    if (each > kFileBytesMax) return not_a_zone(name, "its file is damaged");
  }
  return counts;
}

bool is_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.find("..") != std::string_view::npos) return false;
  if (name.front() == '/' || name.back() == '/' || name.front() == '.') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-' || c == '+';
  });
}

}  // namespace

TimeZone TimeZone::utc() {
  TimeZone zone;
  zone.name_ = "UTC";
  return zone;
}

Result<TimeZone> TimeZone::load(const std::string& name, const std::string& directory) {
  if (name.empty() || name == "UTC") return utc();
  if (!is_name(name)) return not_a_zone(name, "is not a name such as Europe/Berlin");
  std::ifstream file(directory + "/" + name, std::ios::binary);
  if (!file) return not_a_zone(name, "is not in the system's time zone database");
  std::string bytes;
  char buffer[4096];
  while (bytes.size() <= kFileBytesMax && file.read(buffer, sizeof buffer).gcount() > 0)
    bytes.append(buffer, static_cast<size_t>(file.gcount()));
  return parse(name, bytes);
}

Result<TimeZone> TimeZone::parse(std::string name, std::string_view bytes) {
  CHARTER_TRY_ASSIGN(const Counts old, counts_at(name, bytes, 0));
  if (bytes[4] < '2') return not_a_zone(name, "its file is older than version 2");
  // The second block has times of 64 bits.
  const size_t second = kHeaderBytes + old.bytes(4);
  CHARTER_TRY_ASSIGN(const Counts counts, counts_at(name, bytes, second));
  const size_t begin = second + kHeaderBytes;
  if (bytes.size() < begin + counts.bytes(8) || counts.types == 0)
    return not_a_zone(name, "its file is damaged");
  const size_t kinds = begin + counts.times * 8, types = kinds + counts.times;
  TimeZone zone;
  zone.name_ = std::move(name);
  zone.first_offset_s_ = big_endian(bytes, types, 4);
  for (size_t i = 0; i < counts.times; ++i) {
    const auto kind = static_cast<unsigned char>(bytes[kinds + i]);
    if (kind >= counts.types) return not_a_zone(zone.name_, "its file is damaged");
    zone.changes_.push_back(
        {big_endian(bytes, begin + i * 8, 8), big_endian(bytes, types + kind * 6u, 4)});
  }
  // The footer is a rule for all later times; one with a comma has daylight saving.
  const auto footer = bytes.substr(begin + counts.bytes(8));
  zone.changes_for_ever_ = footer.find(',') != std::string_view::npos;
  return zone;
}

Result<int64_t> TimeZone::offset_at(int64_t utc_s) const {
  const auto next =
      std::upper_bound(changes_.begin(), changes_.end(), utc_s,
                       [](int64_t at_s, const Change& change) { return at_s < change.at_s; });
  if (next == changes_.end() && changes_for_ever_)
    return not_a_zone(name_, "the system's database does not reach this far");
  return next == changes_.begin() ? first_offset_s_ : std::prev(next)->offset_s;
}

Result<int64_t> TimeZone::first_at(int64_t local_s) const {
  // Offsets are within a day, so the moment is within a day of local_s.
  int64_t from = local_s - kDay;
  CHARTER_TRY_ASSIGN(int64_t offset, offset_at(from));
  for (const Change& change : changes_) {
    if (change.at_s <= from) continue;
    if (local_s - offset < change.at_s) break;
    // The clocks change before they would show it, or jump over it.
    from = change.at_s;
    offset = change.offset_s;
    if (change.at_s + offset >= local_s) return change.at_s;
  }
  CHARTER_TRY(offset_at(local_s - offset));
  return local_s - offset;
}

Result<CalendarMonth> month_of(const TimeZone& zone, int64_t utc_s) {
  CHARTER_TRY_ASSIGN(const int64_t offset, zone.offset_at(utc_s));
  const std::chrono::sys_days day(
      std::chrono::floor<std::chrono::days>(std::chrono::seconds(utc_s + offset)));
  const std::chrono::year_month_day date(day);
  const auto first = date.year() / date.month() / 1;
  const auto next = first + std::chrono::months(1);
  const auto seconds = [](const std::chrono::year_month_day& at) -> int64_t {
    return std::chrono::sys_days(at).time_since_epoch().count() * kDay;
  };
  CalendarMonth month;
  CHARTER_TRY_ASSIGN(month.from_s, zone.first_at(seconds(first)));
  CHARTER_TRY_ASSIGN(month.to_s, zone.first_at(seconds(next)));
  char name[16];
  std::snprintf(name, sizeof name, "%04d-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()));
  month.name = name;
  return month;
}

}  // namespace charter::billing
