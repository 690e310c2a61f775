#include "controller/base/clock.h"

#include <gtest/gtest.h>

namespace charter {
namespace {

using namespace std::chrono_literals;

Instant at_seconds(int64_t seconds) {
  return Instant(std::chrono::seconds(seconds));
}

struct TimeRow {
  const char* text;
  const char* utc;  // in microseconds; nullptr: refused
};

TEST(Clock, Reads_rfc3339_with_any_offset_and_fraction) {
  const TimeRow rows[] = {
      {"2026-06-01T00:00:00Z", "2026-06-01T00:00:00.000000Z"},
      {"2026-06-01t00:00:00z", "2026-06-01T00:00:00.000000Z"},
      {"2026-06-01T02:00:00+02:00", "2026-06-01T00:00:00.000000Z"},
      {"2026-05-31T10:00:00-14:00", "2026-06-01T00:00:00.000000Z"},
      {"2026-06-01T14:00:00+14:00", "2026-06-01T00:00:00.000000Z"},
      {"2026-06-01T00:00:00.5Z", "2026-06-01T00:00:00.500000Z"},
      {"2026-06-01T00:00:00.123456789Z", "2026-06-01T00:00:00.123456Z"},
      {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"},
      {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"},
      {"2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000000Z"},
      {"2038-01-19T03:14:08Z", "2038-01-19T03:14:08.000000Z"},
  };
  for (const TimeRow& row : rows) {
    const auto instant = parse_time(row.text);
    ASSERT_TRUE(instant) << row.text;
    EXPECT_EQ(format_micro_time(*instant), row.utc) << row.text;
  }
}

TEST(Clock, Refuses_everything_that_is_no_time) {
  const char* rows[] = {"",
                        "yesterday",
                        "2026-06-01",
                        "2026-06-01 00:00:00Z",
                        "2026-06-01T00:00:00",
                        "2026-06-01T00:00:00.Z",
                        "2026-06-01T00:00:00.1234567890Z",
                        "2026-13-01T00:00:00Z",
                        "2026-00-01T00:00:00Z",
                        "2026-02-30T00:00:00Z",
                        "2025-02-29T00:00:00Z",
                        "2026-06-01T24:00:00Z",
                        "2026-06-01T00:60:00Z",
                        "2016-12-31T23:59:60Z",
                        "2026-06-01T00:00:00+24:00",
                        "2026-06-01T00:00:00+1:00",
                        "2026-06-01T00:00:00Z ",
                        " 2026-06-01T00:00:00Z",
                        "+2026-06-01T00:00:00Z",
                        "0000-01-01T00:00:00Z",
                        "9999-12-31T00:00:00Z",
                        "1677-01-01T00:00:00Z",
                        "2262-01-01T00:00:00Z"};
  for (const char* text : rows)
    EXPECT_FALSE(parse_time(text)) << text;
}

TEST(Clock, Formats_whole_seconds_downwards) {
  EXPECT_EQ(format_time(at_seconds(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_time(at_seconds(1'780'272'000) + 999'999'999ns), "2026-06-01T00:00:00Z");
  EXPECT_EQ(format_time(at_seconds(-1)), "1969-12-31T23:59:59Z");
}

TEST(Clock, Whole_seconds_survive_formatting_and_parsing) {
  for (int64_t seconds = -9'000'000'000; seconds < 9'000'000'000; seconds += 123'456'789) {
    EXPECT_EQ(parse_time(format_time(at_seconds(seconds))), at_seconds(seconds)) << seconds;
  }
}

TEST(Clock, Reads_go_durations) {
  const std::pair<const char*, Duration> rows[] = {
      {"0", 0ns},        {"0s", 0ns},     {"72h", 72h},         {"1h30m", 90min},
      {"500ms", 500ms},  {"1.5h", 90min}, {"1us", 1us},         {"7ns", 7ns},
      {"1h2m3s", 3723s}, {"0.5s", 500ms}, {"2m0.5s", 120500ms}, {"2562047h", 2562047h}};
  for (const auto& [text, length] : rows)
    EXPECT_EQ(parse_duration(text), length) << text;
}

TEST(Clock, Refuses_negative_overflowing_and_unitless_durations) {
  const char* rows[] = {"",
                        "5",
                        "-1h",
                        "1d",
                        "h",
                        "1h-5m",
                        "1 h",
                        "1.h",
                        ".5h",
                        "1h30",
                        "2562048h",
                        "9223372036854775808ns",
                        "99999999999999999999h",
                        "1e3s",
                        "+1h"};
  for (const char* text : rows)
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Clock, Prints_ages_like_kubectl) {
  const std::pair<Duration, const char*> rows[] = {
      {-5s, "<invalid>"},   {-1s, "0s"},         {0s, "0s"},        {7s, "7s"},
      {119s, "119s"},       {120s, "2m"},        {303s, "5m3s"},    {599s, "9m59s"},
      {10min, "10m"},       {179min, "179m"},    {180min, "3h"},    {3h + 5min, "3h5m"},
      {8h, "8h"},           {47h, "47h"},        {48h, "2d"},       {52h, "2d4h"},
      {192h, "8d"},         {24h * 729, "729d"}, {24h * 730, "2y"}, {24h * 731, "2y1d"},
      {24h * 365 * 8, "8y"}};
  for (const auto& [length, text] : rows)
    EXPECT_EQ(human_duration(length), text);
}

TEST(Clock, A_manual_clock_moves_only_when_told) {
  ManualClock clock(at_seconds(100));
  EXPECT_EQ(clock.now(), at_seconds(100));
  EXPECT_EQ(clock.monotonic(), 0ns);
  clock.advance(90s);
  EXPECT_EQ(clock.now(), at_seconds(190));
  EXPECT_EQ(clock.monotonic(), 90s);
}

TEST(Clock, The_system_clock_is_past_2025_and_never_goes_back) {
  const SystemClock clock;
  EXPECT_GT(clock.now(), *parse_time("2025-01-01T00:00:00Z"));
  const Duration before = clock.monotonic();
  EXPECT_GE(clock.monotonic(), before);
}

}  // namespace
}  // namespace charter
