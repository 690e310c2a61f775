#pragma once

#include "controller/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Time zones for calendar months, from the system's TZif files (RFC 8536): libstdc++ 12 has no
// database of its own. UTC needs no file. Only boundaries of months are asked for; every other time
// is UTC.
namespace charter::billing {

/// Offsets from UTC and when they changed.
class TimeZone {
 public:
  /// Reads "Europe/Berlin" from `directory`. Errors: Invalid for a name that is no zone; for a zone
  /// whose file ends before its rule does (Debian's reach to 2037) the error comes with the query.
  static Result<TimeZone> load(const std::string& name,
                               const std::string& directory = "/usr/share/zoneinfo");
  static TimeZone utc();
  /// Reads the bytes of a TZif file.
  static Result<TimeZone> parse(std::string name, std::string_view bytes);

  const std::string& name() const { return name_; }
  /// Seconds that local time is ahead of UTC. Errors: Invalid beyond the file's reach.
  Result<int64_t> offset_at(int64_t utc_s) const;
  /// First moment at which local clocks show `local_s` (seconds since 1970 as if it were UTC) or
  /// later: where clocks jump over it, the jump.
  Result<int64_t> first_at(int64_t local_s) const;

 private:
  struct Change {
    int64_t at_s = 0;
    int64_t offset_s = 0;
  };
  std::string name_;
  int64_t first_offset_s_ = 0;
  std::vector<Change> changes_;
  bool changes_for_ever_ = false;  // daylight saving goes on behind the last change of the file
};

/// A calendar month.
struct CalendarMonth {
  int64_t from_s = 0, to_s = 0;
  std::string name;  ///< "2026-06"
};

/// The month that holds a moment. Errors: as offset_at.
Result<CalendarMonth> month_of(const TimeZone& zone, int64_t utc_s);

}  // namespace charter::billing
