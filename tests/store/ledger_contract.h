#pragma once

#include "controller/store/shared_ledger.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// What every SharedLedger must do, as an abstract test suite: the tests stand in
// ledger_contract_test.cc, a ledger's own test file instantiates them with
// INSTANTIATE_TEST_SUITE_P(Name, LedgerContract, ::testing::Values(...)).
namespace charter::testing {

/// An empty place for a ledger, which goes with it.
class LedgerBench {
 public:
  virtual ~LedgerBench() = default;
  /// Another process' view of the same ledger.
  virtual std::unique_ptr<SharedLedger> open(std::function<Status()> may_write) = 0;
  /// Empty when there is one; else why this machine cannot have it.
  virtual std::string absent() const { return ""; }
};

using LedgerBenchFactory = std::function<std::unique_ptr<LedgerBench>()>;

/// The suite's fixture.
class LedgerContract : public ::testing::TestWithParam<LedgerBenchFactory> {
 protected:
  LedgerContract() : bench_(GetParam()()) {}
  void SetUp() override {
    if (const auto why = bench_->absent(); !why.empty()) GTEST_SKIP() << why;
  }
  std::unique_ptr<SharedLedger> open(std::function<Status()> may_write = {}) {
    return bench_->open(std::move(may_write));
  }

 private:
  const std::unique_ptr<LedgerBench> bench_;
};

/// An interval of a machine that the payer "p" is charged for.
MeterSpan span(int64_t number, int64_t from_s, std::optional<int64_t> to_s = {});
/// "u#1 10-20" of each interval of "p", sorted; as of a position, 0: now.
std::vector<std::string> rows_of(const LedgerReader& ledger, int64_t as_of = 0);
/// How much is wrong with it.
size_t findings(const SharedLedger& ledger);

}  // namespace charter::testing
