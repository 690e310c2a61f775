#include "controller/store/ledger_file.h"

#include "controller/store/sqlite_database.h"
#include "tests/store/ledger_contract.h"
#include "tests/store/older_ledger.h"
#include "tests/store/store_fixture.h"

#include <gtest/gtest.h>

#include <fstream>

// The ledger as a file of its own: the contract of ledgers, and what is special to files.
namespace charter::testing {
namespace {

using Rows = std::vector<std::string>;

/// A directory with a file.
class FileBench final : public LedgerBench {
 public:
  std::unique_ptr<SharedLedger> open(std::function<Status()> may_write) override {
    auto opened = LedgerFile::open(dir_.path() + "/ledger.db", std::move(may_write));
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }

 private:
  TempDir dir_;
};

INSTANTIATE_TEST_SUITE_P(File, LedgerContract,
                         ::testing::Values([] { return std::make_unique<FileBench>(); }));

class LedgerFileTest : public ::testing::Test {
 protected:
  std::unique_ptr<LedgerFile> open() {
    auto opened = LedgerFile::open(dir_.path() + "/ledger.db");
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }
  TempDir dir_;
};

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
