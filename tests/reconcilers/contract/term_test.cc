#include "reconcilers/contract/term.h"

#include <gtest/gtest.h>

namespace charter::contract {
namespace {

using namespace std::chrono_literals;

Instant at_time(std::string_view text) {
  return *parse_time(text);
}

const Instant kAccepted = at_time("2026-01-31T00:00:00Z");

Contract::Term months(int64_t count, Renewal renew) {
  Contract::Term term;
  term.duration = CalendarPeriod{count, CalendarPeriod::Unit::Months};
  term.renew = renew;
  return term;
}

TEST(ContractTerm, StartsAtAcceptanceOrAtTheNamedTimeIfThatIsLater) {
  Contract::Term term;
  EXPECT_EQ(start_of(term, kAccepted), kAccepted);
  term.start = "2026-02-10T00:00:00Z";
  EXPECT_EQ(start_of(term, kAccepted), at_time("2026-02-10T00:00:00Z"));
  term.start = "2025-02-10T00:00:00Z";
  EXPECT_EQ(start_of(term, kAccepted), kAccepted);
}

TEST(ContractTerm, RenewalsCountFromTheStartSoThatTheDayOfTheMonthComesBack) {
  struct Row {
    const char *now, *end;
  };
  for (const auto& row : {Row{"2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z"},
                          Row{"2026-02-27T23:59:59Z", "2026-02-28T00:00:00Z"},
                          Row{"2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"},
                          Row{"2026-04-15T00:00:00Z", "2026-04-30T00:00:00Z"},
                          Row{"2036-02-01T00:00:00Z", "2036-02-29T00:00:00Z"}}) {
    EXPECT_EQ(format_time(*term_end(months(1, Renewal::Auto), kAccepted, at_time(row.now))),
              row.end)
        << row.now;
  }
}

TEST(ContractTerm, EveryRenewedEndIsTheFirstAfterNow) {
  for (const auto unit : {CalendarPeriod::Unit::Years, CalendarPeriod::Unit::Months,
                          CalendarPeriod::Unit::Weeks, CalendarPeriod::Unit::Days}) {
    Contract::Term term;
    term.duration = CalendarPeriod{3, unit};
    for (auto now = kAccepted; now < kAccepted + 24h * 4'000; now += 24h * 17) {
      const auto end = *term_end(term, kAccepted, now);
      EXPECT_GT(end, now);
      EXPECT_LE(end - now, 24h * 366 * 3);
      const auto earlier = *term_end(term, kAccepted, end - 1ns);
      EXPECT_EQ(earlier, end);
    }
  }
}

TEST(ContractTerm, WithoutRenewalTheEndStays) {
  EXPECT_EQ(
      format_time(*term_end(months(1, Renewal::None), kAccepted, at_time("2030-01-01T00:00:00Z"))),
      "2026-02-28T00:00:00Z");
}

TEST(ContractTerm, ANamedEndIsRenewedByItsOwnLength) {
  Contract::Term term;
  term.end = kAccepted + 24h * 10;
  EXPECT_EQ(*term_end(term, kAccepted, kAccepted), kAccepted + 24h * 10);
  EXPECT_EQ(*term_end(term, kAccepted, kAccepted + 24h * 10), kAccepted + 24h * 20);
  term.renew = Renewal::None;
  EXPECT_EQ(*term_end(term, kAccepted, kAccepted + 24h * 15), kAccepted + 24h * 10);
}

TEST(ContractTerm, ATermBeyondAllCalendarsEndsAtItsBoundInsteadOfOverflowing) {
  Contract::Term term;
  term.duration = CalendarPeriod{9'999, CalendarPeriod::Unit::Years};
  EXPECT_TRUE(is_too_long(*term.duration));
  EXPECT_EQ(format_time(*term_end(term, kAccepted, kAccepted)), "2200-01-01T00:00:00Z");
}

struct LifeRow {
  const char* what;
  std::optional<const char*> wish_at;  // terminate.at; nullptr: at once; nothing: no wish
  int64_t minimum_months;
  int64_t term_months;  // 0: until terminated
  Renewal renew;
  const char* now;
  Lifetime::Stage stage;
  const char* ends;  // null: none
};

TEST(ContractTerm, LifetimeFollowsTheTable) {
  using Stage = Lifetime::Stage;
  const std::vector<LifeRow> rows = {
      {"open end", std::nullopt, 0, 0, Renewal::Auto, "2030-01-01T00:00:00Z", Stage::Running,
       nullptr},
      {"before start", std::nullopt, 0, 0, Renewal::Auto, "2026-01-30T00:00:00Z", Stage::NotStarted,
       nullptr},
      {"expired", std::nullopt, 0, 1, Renewal::None, "2026-02-28T00:00:00Z", Stage::Expiring,
       "2026-02-28T00:00:00Z"},
      {"renewed", std::nullopt, 0, 1, Renewal::Auto, "2026-02-28T00:00:00Z", Stage::Running,
       "2026-03-31T00:00:00Z"},
      {"at once", nullptr, 0, 0, Renewal::Auto, "2026-02-10T00:00:00Z", Stage::Terminating,
       "2026-02-10T00:00:00Z"},
      {"later", "2026-03-01T00:00:00Z", 0, 0, Renewal::Auto, "2026-02-10T00:00:00Z", Stage::Running,
       "2026-03-01T00:00:00Z"},
      {"later, reached", "2026-03-01T00:00:00Z", 0, 0, Renewal::Auto, "2026-03-02T00:00:00Z",
       Stage::Terminating, "2026-03-01T00:00:00Z"},
      {"minimum term", nullptr, 2, 0, Renewal::Auto, "2026-02-10T00:00:00Z", Stage::Running,
       "2026-03-31T00:00:00Z"},
      {"minimum over", nullptr, 2, 0, Renewal::Auto, "2026-04-10T00:00:00Z", Stage::Terminating,
       "2026-04-10T00:00:00Z"},
      {"expires before", "2026-06-01T00:00:00Z", 0, 1, Renewal::None, "2026-02-10T00:00:00Z",
       Stage::Running, "2026-02-28T00:00:00Z"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    InForce in_force;
    in_force.accepted_at = kAccepted;
    if (row.term_months > 0) in_force.term = months(row.term_months, row.renew);
    if (row.minimum_months > 0)
      in_force.minimum_term = CalendarPeriod{row.minimum_months, CalendarPeriod::Unit::Months};
    if (row.wish_at) {
      in_force.terminate = Contract::Terminate{true, std::nullopt, ""};
      if (*row.wish_at != nullptr) in_force.terminate->at = at_time(*row.wish_at);
    }
    const auto life = lifetime(in_force, at_time(row.now));
    EXPECT_EQ(life.stage, row.stage);
    EXPECT_EQ(life.ends ? format_time(*life.ends) : "", row.ends == nullptr ? "" : row.ends);
  }
}

TEST(ContractTerm, TerminationAtOnceStaysWhereItWasFirstSeen) {
  InForce in_force;
  in_force.accepted_at = kAccepted;
  in_force.terminate = Contract::Terminate{true, std::nullopt, ""};
  in_force.ending_since = at_time("2026-02-10T00:00:00Z");
  EXPECT_EQ(format_time(*lifetime(in_force, at_time("2026-02-11T00:00:00Z")).ends),
            "2026-02-10T00:00:00Z");
}

}  // namespace
}  // namespace charter::contract
