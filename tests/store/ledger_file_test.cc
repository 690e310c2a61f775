#include "controller/store/ledger_file.h"

#include "controller/store/sqlite_database.h"
#include "tests/store/older_ledger.h"
#include "tests/store/store_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <thread>

// The ledger beside another API server: what is told twice, out of order, by two processes, or
// after a crash ends up as what our own API server would have written.
namespace charter::testing {
namespace {

MeterSpan span(int64_t number, int64_t from_s, std::optional<int64_t> to_s = {}) {
  MeterSpan made;
  made.meter = "machine";
  made.basis = "Active";
  made.number = number;
  made.from_s = from_s;
  made.to_s = to_s;
  made.amounts = "{\"cpu-hours\":4}";
  made.payer = "p";
  made.name = "shop/m";
  return made;
}

using Rows = std::vector<std::string>;

Rows rows_of(const LedgerFile& ledger) {
  Rows rows;
  const LedgerQuery all{"p", 0, 1'000'000};
  const auto position = ledger.read_ledger(all, [&](const LedgerInterval& interval) -> Status {
    rows.push_back(interval.subject + "#" + std::to_string(interval.span.number) + " " +
                   std::to_string(interval.span.from_s) + "-" +
                   (interval.span.to_s ? std::to_string(*interval.span.to_s) : ""));
    return {};
  });
  EXPECT_TRUE(position);
  std::sort(rows.begin(), rows.end());
  return rows;
}

size_t findings(const LedgerFile& ledger) {
  size_t found = 0;
  EXPECT_TRUE(ledger.verify([&](const std::string&, const std::string&) { ++found; }));
  return found;
}

class LedgerFileTest : public ::testing::Test {
 protected:
  std::unique_ptr<LedgerFile> open(std::function<Status()> may_write = {}) {
    auto opened = LedgerFile::open(dir_.path() + "/ledger.db", std::move(may_write));
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }
  TempDir dir_;
};

TEST_F(LedgerFileTest, AStateToldAgainCostsNothing) {
  const auto ledger = open();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(ledger->record("u", {span(1, 10)}));
    EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 10-"}));
  }
  ASSERT_TRUE(ledger->record("u", {span(1, 10, 70)}));
  ASSERT_TRUE(ledger->record("u", {span(1, 10)})) << "an older state, seen late";
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 10-70"}));
  EXPECT_EQ(findings(*ledger), 0u);
}

// A resize says #2 since U, and nothing of the end of #1 at U.
TEST_F(LedgerFileTest, TheNextIntervalEndsTheOneBeforeIt) {
  const auto ledger = open();
  ASSERT_TRUE(ledger->record("u", {span(1, 10)}));
  ASSERT_TRUE(ledger->record("u", {span(2, 30)}));
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 10-30", "u#2 30-"}));
  EXPECT_EQ(findings(*ledger), 0u);
}

TEST_F(LedgerFileTest, AnObjectThatIsGoneLeavesNothingOpen) {
  const auto ledger = open();
  ASSERT_TRUE(ledger->record("u", {span(1, 10)}));
  ASSERT_TRUE(ledger->record("v", {span(1, 20)}));
  EXPECT_EQ(ledger->open_subjects().value(), (Rows{"u", "v"}));
  ASSERT_TRUE(ledger->record_end("u", 50));
  ASSERT_TRUE(ledger->record_end("u", 60)) << "seen gone twice";
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 10-50", "v#1 20-"}));
  EXPECT_EQ(ledger->open_subjects().value(), (Rows{"v"}));
}

TEST_F(LedgerFileTest, AnEndIsNeverBeforeItsBeginning) {
  const auto ledger = open();
  ASSERT_TRUE(ledger->record("u", {span(1, 100)}));
  ASSERT_TRUE(ledger->record_end("u", 40)) << "by a clock that went back";
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 100-100"}));
}

TEST_F(LedgerFileTest, AContradictionIsRefusedAndNothingOfItIsWritten) {
  const auto ledger = open();
  ASSERT_TRUE(ledger->record("u", {span(1, 10, 70)}));
  const auto refused = ledger->record("u", {span(1, 10, 80)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Conflict);
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 10-70"}));
}

TEST_F(LedgerFileTest, WhoDoesNotLeadWritesNothing) {
  bool leads = true;
  const auto ledger = open([&]() -> Status {
    if (leads) return {};
    return Error{Code::Forbidden, "does not lead"};
  });
  ASSERT_TRUE(ledger->record("u", {span(1, 10)}));
  leads = false;
  EXPECT_EQ(ledger->record("u", {span(1, 10, 70)}).error().message, "does not lead");
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 10-"}));
}

TEST_F(LedgerFileTest, TwoProcessesTakeTurnsOnOneChain) {
  const auto first = open();
  const auto second = open();
  const auto write = [](LedgerFile& ledger, const std::string& subject) {
    for (int64_t i = 1; i <= 50; ++i) {
      ASSERT_TRUE(ledger.record(subject, {span(i, i * 10)}));
      ASSERT_TRUE(ledger.record(subject, {span(i, i * 10, i * 10 + 5)}));
    }
  };
  std::thread other([&] { write(*second, "b"); });
  write(*first, "a");
  other.join();
  EXPECT_EQ(rows_of(*first).size(), 100u);
  EXPECT_EQ(rows_of(*first), rows_of(*second));
  EXPECT_EQ(findings(*first), 0u);
}

TEST_F(LedgerFileTest, ASecondStartFindsEverything) {
  ASSERT_TRUE(open()->record("u", {span(1, 10)}));
  const auto again = open();
  EXPECT_EQ(rows_of(*again), (Rows{"u#1 10-"}));
  EXPECT_EQ(again->is_changed_since("p", 0, 100).value(), true);
  EXPECT_EQ(again->is_changed_since("p", 1, 100).value(), false);
}

TEST_F(LedgerFileTest, WhatIsNoLedgerIsRefused) {
  std::ofstream(dir_.path() + "/ledger.db") << std::string(4096, 'x');
  EXPECT_FALSE(LedgerFile::open(dir_.path() + "/ledger.db"));
  EXPECT_FALSE(LedgerFile::open(dir_.path() + "/nowhere/ledger.db"));
}

TEST_F(LedgerFileTest, A_file_whose_rows_held_their_texts_is_raised_when_it_is_opened) {
  {
    const auto ledger = open();
    ASSERT_TRUE(ledger->record("u", {span(1, 10, 20)}));
    ASSERT_TRUE(ledger->record("v", {span(1, 15)}));
  }
  {
    const auto database = SqliteDatabase::open(dir_.path() + "/ledger.db", "");
    const auto script = kToOlderLedger + std::string("PRAGMA user_version=1");
    ASSERT_EQ(database->execute(script.c_str()), DbCode::Ok) << database->error();
  }
  const auto ledger = open();
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 10-20", "v#1 15-"}));
  EXPECT_EQ(findings(*ledger), 0u);
  EXPECT_EQ(*ledger->open_subjects(), (std::vector<std::string>{"v"}));
  ASSERT_TRUE(ledger->record_end("v", 30));
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 10-20", "v#1 15-30"}));
}

}  // namespace
}  // namespace charter::testing
