#include "reconcilers/billing/time_zone.h"

#include "controller/base/clock.h"

#include <gtest/gtest.h>

namespace charter::billing {
namespace {

int64_t at(const char* text) {
  return std::chrono::floor<std::chrono::seconds>(*parse_time(text)).time_since_epoch().count();
}

std::string month(const char* zone, const char* time) {
  const auto loaded = TimeZone::load(zone);
  if (!loaded) return loaded.error().message;
  const auto found = month_of(*loaded, at(time));
  if (!found) return found.error().message;
  const auto text = [](int64_t s) { return format_time(Instant(std::chrono::seconds(s))); };
  return found->name + " " + text(found->from_s) + " " + text(found->to_s) + " " +
         std::to_string((found->to_s - found->from_s) / 3600) + "h";
}

TEST(TimeZone, MonthsBeginAtLocalMidnightAndAreLongerOrShorterByTheHourOfDaylightSaving) {
  EXPECT_EQ(month("UTC", "2026-06-30T23:59:59Z"),
            "2026-06 2026-06-01T00:00:00Z 2026-07-01T00:00:00Z 720h");
  EXPECT_EQ(month("Europe/Berlin", "2026-06-30T22:00:00Z"),
            "2026-07 2026-06-30T22:00:00Z 2026-07-31T22:00:00Z 744h");
  EXPECT_EQ(month("Europe/Berlin", "2026-03-15T00:00:00Z"),
            "2026-03 2026-02-28T23:00:00Z 2026-03-31T22:00:00Z 743h");
  EXPECT_EQ(month("Europe/Berlin", "2026-10-15T00:00:00Z"),
            "2026-10 2026-09-30T22:00:00Z 2026-10-31T23:00:00Z 745h");
  EXPECT_EQ(month("America/New_York", "2026-01-01T04:59:59Z"),
            "2025-12 2025-12-01T05:00:00Z 2026-01-01T05:00:00Z 744h");
  EXPECT_EQ(month("Asia/Kolkata", "2028-02-29T12:00:00Z"),
            "2028-02 2028-01-31T18:30:00Z 2028-02-29T18:30:00Z 696h");
  // Paraguay's clocks jumped from 00:00 to 01:00 on 1 October 2017: the month began at the jump.
  EXPECT_EQ(month("America/Asuncion", "2017-10-10T00:00:00Z"),
            "2017-10 2017-10-01T04:00:00Z 2017-11-01T03:00:00Z 743h");
}

TEST(TimeZone, MonthsFollowEachOtherWithoutGapOrOverlap) {
  for (const char* name : {"UTC", "Europe/Berlin", "America/Asuncion", "Australia/Lord_Howe",
                           "Pacific/Apia", "Africa/Cairo", "Asia/Kathmandu"}) {
    const auto zone = TimeZone::load(name);
    ASSERT_TRUE(zone) << zone.error().message;
    int64_t next = at("2005-01-15T00:00:00Z");
    next = month_of(*zone, next)->to_s;
    for (int i = 0; i < 12 * 30; ++i) {
      const auto found = month_of(*zone, next);
      ASSERT_TRUE(found) << found.error().message;
      ASSERT_EQ(found->from_s, next) << name << " " << found->name;
      ASSERT_GT(found->to_s, next);
      ASSERT_EQ(month_of(*zone, found->to_s - 1)->name, found->name);
      next = found->to_s;
    }
  }
}

TEST(TimeZone, WhatIsNoZoneIsRefusedAndNoPathGetsThrough) {
  for (const char* name : {"Europe/Atlantis", "../etc/passwd", "/etc/passwd", "Europe/../../etc/x",
                           "Europe/", ".hidden", "a b", "posixrules/", "zone.tab"}) {
    EXPECT_FALSE(TimeZone::load(name)) << name;
  }
  EXPECT_FALSE(TimeZone::parse("x", "TZif"));
  EXPECT_FALSE(TimeZone::parse("x", std::string(44, 'T')));
  EXPECT_NE(month("Europe/Berlin", "2090-01-01T00:00:00Z").find("does not reach this far"),
            std::string::npos);
  EXPECT_EQ(month("Asia/Kolkata", "2090-01-02T00:00:00Z"),
            "2090-01 2089-12-31T18:30:00Z 2090-01-31T18:30:00Z 744h");
}

}  // namespace
}  // namespace charter::billing
