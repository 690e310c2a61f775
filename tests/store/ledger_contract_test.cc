#include "tests/store/ledger_contract.h"

#include "controller/store/ledger_limits.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

// The ledger beside another API server: what is told twice, out of order, by two processes, or
// after a crash ends up as what our own API server would have written.
namespace charter::testing {

using Rows = std::vector<std::string>;

MeterSpan span(int64_t number, int64_t from_s, std::optional<int64_t> to_s) {
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

Rows rows_of(const LedgerReader& ledger, int64_t as_of) {
  Rows rows;
  const LedgerQuery all{"p", 0, 1'000'000, as_of};
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

size_t findings(const SharedLedger& ledger) {
  size_t found = 0;
  EXPECT_TRUE(ledger.verify([&](const std::string&, const std::string&) { ++found; }));
  return found;
}

TEST_P(LedgerContract, AStateToldAgainCostsNothing) {
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
TEST_P(LedgerContract, TheNextIntervalEndsTheOneBeforeIt) {
  const auto ledger = open();
  ASSERT_TRUE(ledger->record("u", {span(1, 10)}));
  ASSERT_TRUE(ledger->record("u", {span(2, 30)}));
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 10-30", "u#2 30-"}));
  EXPECT_EQ(findings(*ledger), 0u);
}

TEST_P(LedgerContract, AnObjectThatIsGoneLeavesNothingOpen) {
  const auto ledger = open();
  ASSERT_TRUE(ledger->record("u", {span(1, 10)}));
  ASSERT_TRUE(ledger->record("v", {span(1, 20)}));
  EXPECT_EQ(ledger->open_subjects().value(), (Rows{"u", "v"}));
  ASSERT_TRUE(ledger->record_end("u", 50));
  ASSERT_TRUE(ledger->record_end("u", 60)) << "seen gone twice";
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 10-50", "v#1 20-"}));
  EXPECT_EQ(ledger->open_subjects().value(), (Rows{"v"}));
}

TEST_P(LedgerContract, AnEndIsNeverBeforeItsBeginning) {
  const auto ledger = open();
  ASSERT_TRUE(ledger->record("u", {span(1, 100)}));
  ASSERT_TRUE(ledger->record_end("u", 40)) << "by a clock that went back";
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 100-100"}));
}

TEST_P(LedgerContract, AContradictionIsRefusedAndNothingOfItIsWritten) {
  const auto ledger = open();
  ASSERT_TRUE(ledger->record("u", {span(1, 10, 70)}));
  MeterSpan other = span(1, 10);
  other.basis = "Provisioned";
  const auto refused = ledger->record("u", {other, span(1, 10, 80)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Conflict);
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 10-70"}));
  EXPECT_EQ(findings(*ledger), 0u);
}

TEST_P(LedgerContract, WhoDoesNotLeadWritesNothing) {
  bool leads = true;
  const auto ledger = open([&]() -> Status {
    if (leads) return {};
    return Error{Code::Forbidden, "does not lead"};
  });
  ASSERT_TRUE(ledger->begin_term());
  ASSERT_TRUE(ledger->record("u", {span(1, 10)}));
  leads = false;
  EXPECT_EQ(ledger->record("u", {span(1, 10, 70)}).error().message, "does not lead");
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 10-"}));
}

// Within the transaction: the lock may have been waited for, and the term ended meanwhile.
TEST_P(LedgerContract, WhoseTermEndsWhileItWaitsForTheLockWritesNothing) {
  int asked = 0;
  const auto ledger = open([&]() -> Status {
    if (++asked % 2 == 1) return {};
    return Error{Code::Forbidden, "the term is over"};
  });
  EXPECT_EQ(ledger->record("u", {span(1, 10)}).error().message, "the term is over");
  EXPECT_EQ(rows_of(*ledger), Rows{});
}

TEST_P(LedgerContract, TwoProcessesTakeTurnsOnOneChain) {
  const auto first = open();
  const auto second = open();
  const auto write = [](SharedLedger& ledger, const std::string& subject) {
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

TEST_P(LedgerContract, AReaderInAnotherProcessSeesEachIntervalOnce) {
  const auto writing = open();
  const auto reading = open();
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int64_t i = 1; i <= 60; ++i) {
      EXPECT_TRUE(writing->record("a", {span(i, i * 10)}));
      EXPECT_TRUE(writing->record("a", {span(i, i * 10, i * 10 + 5)}));
    }
    done = true;
  });
  while (!done) {
    const LedgerQuery all{"p", 0, 1'000'000};
    std::multiset<int64_t> numbers;
    ASSERT_TRUE(reading->read_ledger(all, [&](const LedgerInterval& interval) -> Status {
      numbers.insert(interval.span.number);
      return {};
    }));
    int64_t expected = 0;
    for (const int64_t number : numbers)
      EXPECT_EQ(number, ++expected);
  }
  writer.join();
}

TEST_P(LedgerContract, ASecondStartFindsEverything) {
  ASSERT_TRUE(open()->record("u", {span(1, 10)}));
  const auto again = open();
  EXPECT_EQ(rows_of(*again), (Rows{"u#1 10-"}));
  EXPECT_EQ(again->is_changed_since("p", 0, 100).value(), true);
  EXPECT_EQ(again->is_changed_since("p", 1, 100).value(), false);
}

TEST_P(LedgerContract, AReportOfThePastSaysWhatWasKnownThen) {
  const auto ledger = open();
  ASSERT_TRUE(ledger->record("u", {span(1, 10)}));
  ASSERT_TRUE(ledger->record("v", {span(1, 20)}));
  ASSERT_TRUE(ledger->record_end("u", 50));
  ASSERT_TRUE(ledger->record("w", {span(1, 60)}));
  EXPECT_EQ(rows_of(*ledger, 1), (Rows{"u#1 10-"}));
  EXPECT_EQ(rows_of(*ledger, 2), (Rows{"u#1 10-", "v#1 20-"}));
  EXPECT_EQ(rows_of(*ledger, 3), (Rows{"u#1 10-50", "v#1 20-"}));
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 10-50", "v#1 20-", "w#1 60-"}));
}

TEST_P(LedgerContract, EveryFieldComesBackAsItWasRecorded) {
  const auto ledger = open();
  MeterSpan told = span(7, 10);
  told.detail = "{\"text\":\"\\u0000 ü 'quoted' \\\\ back\"}";
  told.payer_name = "shop/orders";
  told.part_of = "shop/order-mgmt";
  told.by = "system:serviceaccount:a:b";
  ASSERT_TRUE(ledger->record("u", {told}));
  told.to_s = 20;
  told.ended_by = "fred";
  ASSERT_TRUE(ledger->record("u", {told}));
  for (const auto columns : {LedgerQuery::Columns::Everything, LedgerQuery::Columns::Amounts}) {
    std::vector<LedgerInterval> seen;
    ASSERT_TRUE(ledger->read_ledger({"p", 0, 100, 0, columns}, [&](const LedgerInterval& one) {
      seen.push_back(one);
      return Status();
    }));
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].opened, 1);
    EXPECT_EQ(seen[0].closed, 2);
    if (columns == LedgerQuery::Columns::Everything) {
      EXPECT_EQ(seen[0].subject, "u");
      EXPECT_EQ(seen[0].span, told);
      continue;
    }
    EXPECT_EQ(seen[0].span.meter + seen[0].span.basis, "machineActive");
    EXPECT_EQ(seen[0].span.from_s * 1000 + *seen[0].span.to_s, 10'020);
    EXPECT_EQ(seen[0].span.amounts + seen[0].span.detail, told.amounts + told.detail);
  }
}

TEST_P(LedgerContract, ATextThatIsTooLongIsRefused) {
  const auto ledger = open();
  MeterSpan told = span(1, 10);
  told.detail.assign(limits::kLedgerTextBytesMax, 'x');
  ASSERT_TRUE(ledger->record("u", {told}));
  told.detail += 'x';
  EXPECT_FALSE(ledger->record("v", {told}));
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 10-"}));
}

}  // namespace charter::testing
