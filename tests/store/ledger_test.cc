#include "controller/object/ledger.h"

#include "controller/store/sqlite_database.h"
#include "controller/store/store.h"
#include "controller/store/verify.h"
#include "tests/store/older_ledger.h"
#include "tests/store/store_fixture.h"
#include "tests/support/fault_vfs.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

namespace charter::testing {
namespace {

MeterSpan span(int64_t number, int64_t from_s, std::optional<int64_t> to_s = {},
               const std::string& payer = "p") {
  MeterSpan made;
  made.meter = "machine";
  made.basis = "Active";
  made.number = number;
  made.from_s = from_s;
  made.to_s = to_s;
  made.amounts = "{\"cpu-hours\":4}";
  made.payer = payer;
  made.name = "shop/m";
  return made;
}

Write metered(Write write, std::vector<LedgerEdge> edges) {
  write.ledger = std::move(edges);
  return write;
}

std::vector<std::string> read(const Store& store, const LedgerQuery& query) {
  std::set<std::string> rows;
  const auto position = store.read_ledger(query, [&](const LedgerInterval& interval) -> Status {
    rows.insert(interval.subject + "#" + std::to_string(interval.span.number) + " " +
                std::to_string(interval.span.from_s) + "-" +
                (interval.span.to_s ? std::to_string(*interval.span.to_s) : "") + " @" +
                std::to_string(interval.opened) + "," + std::to_string(interval.closed));
    return {};
  });
  EXPECT_TRUE(position) << position.error().message;
  return {rows.begin(), rows.end()};
}

using Rows = std::vector<std::string>;

TEST(Ledger, An_interval_is_written_with_the_write_that_caused_it_and_survives_a_restart) {
  const TempDir dir;
  {
    const auto store = must_open(inline_options(dir.path()));
    const auto made =
        must_commit(*store, metered(create({"shop", "m"}, "on"), {{"u", span(1, 10)}}));
    must_commit(*store, metered(update(made, "off"), {{"u", span(1, 10, 70)}}));
  }
  const auto store = must_open(inline_options(dir.path()));
  EXPECT_EQ(read(*store, {"p", 0, 100}), (Rows{"u#1 10-70 @1,2"}));
  EXPECT_EQ(read(*store, {"p", 70, 100}), Rows{});
  EXPECT_EQ(read(*store, {"p", 0, 10}), Rows{});
  EXPECT_EQ(read(*store, {"q", 0, 100}), Rows{});
}

TEST(Ledger, A_refused_write_leaves_nothing_in_the_ledger) {
  const auto store = must_open(inline_options());
  const auto made = must_commit(*store, create({"shop", "m"}, "on"));
  Write stale = metered(update(made, "x"), {{"u", span(1, 10)}});
  must_commit(*store, update(made, "y"));
  EXPECT_FALSE(store->commit(std::move(stale)));
  EXPECT_EQ(read(*store, {"p", 0, 100}), Rows{});
}

TEST(Ledger, The_same_entry_again_is_left_out_and_another_value_refuses_the_write) {
  const auto store = must_open(inline_options());
  auto object = must_commit(*store, metered(create({"shop", "m"}, "1"), {{"u", span(1, 10)}}));
  object = must_commit(*store, metered(update(object, "2"), {{"u", span(1, 10)}}));
  object = must_commit(*store, metered(update(object, "3"), {{"u", span(1, 10, 20)}}));
  object = must_commit(*store,
                       metered(update(object, "4"), {{"u", span(1, 10)}, {"u", span(1, 10, 20)}}));
  EXPECT_EQ(read(*store, {"p", 0, 100}), (Rows{"u#1 10-20 @1,2"}));
  auto other = span(1, 10);
  other.amounts = "{\"cpu-hours\":5}";
  for (const auto& wrong : {other, span(1, 11), span(1, 10, 21), span(2, 19), span(3, 30)}) {
    const auto refused = store->commit(metered(update(object, "no"), {{"u", wrong}}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Conflict);
    EXPECT_EQ(refused.error().message.rfind("ledger: machine Active", 0), 0u);
    EXPECT_EQ(value_of(*store->get(kBucket, {"shop", "m"})), "4");
  }
}

TEST(Ledger, Edges_of_one_write_are_judged_in_order) {
  const auto store = must_open(inline_options());
  auto object = must_commit(*store, metered(create({"shop", "m"}, "1"), {{"u", span(1, 10)}}));
  must_commit(*store, metered(update(object, "2"), {{"u", span(1, 10, 20)}, {"u", span(2, 20)}}));
  EXPECT_EQ(read(*store, {"p", 0, 100}), (Rows{"u#1 10-20 @1,2", "u#2 20- @3,0"}));
}

TEST(Ledger, An_object_brought_from_elsewhere_continues_what_began_there) {
  const auto store = must_open(inline_options());
  auto object = must_commit(*store, metered(create({"shop", "m"}, "1"), {{"u", span(4, 10, 20)}}));
  object = must_commit(*store, metered(update(object, "2"), {{"u", span(5, 30)}}));
  must_commit(*store, metered(create({"shop", "n"}, "1"), {{"v", span(3, 40)}}));
  EXPECT_EQ(read(*store, {"p", 0, 100}), (Rows{"u#4 10-20 @1,2", "u#5 30- @3,0", "v#3 40- @4,0"}));
  EXPECT_FALSE(store->commit(metered(update(object, "3"), {{"u", span(7, 50)}})));
}

TEST(Ledger, A_look_back_shows_it_as_it_was) {
  const auto store = must_open(inline_options());
  auto object = must_commit(*store, metered(create({"shop", "m"}, "1"), {{"u", span(1, 10)}}));
  object = must_commit(*store, metered(update(object, "2"), {{"u", span(1, 10, 20)}}));
  must_commit(*store, metered(update(object, "3"), {{"u", span(2, 30)}}));
  EXPECT_EQ(read(*store, {"p", 0, 100, 1}), (Rows{"u#1 10- @1,0"}));
  EXPECT_EQ(read(*store, {"p", 25, 100, 1}), (Rows{"u#1 10- @1,0"}));
  EXPECT_EQ(read(*store, {"p", 0, 100, 2}), (Rows{"u#1 10-20 @1,2"}));
  EXPECT_TRUE(*store->is_changed_since("p", 1, 100));
  EXPECT_FALSE(*store->is_changed_since("p", 2, 30));
  EXPECT_TRUE(*store->is_changed_since("p", 2, 31));
  EXPECT_FALSE(*store->is_changed_since("p", 3, 100));
}

TEST(Ledger, Many_intervals_are_read_in_pages_while_writes_go_on) {
  const auto store = must_open(inline_options());
  constexpr int kIntervals = 10'000;
  ObjectPtr object = must_commit(*store, create({"shop", "m"}, "0"));
  for (int i = 1; i <= kIntervals; ++i) {
    auto write = update(object, std::to_string(i));
    write.ledger = {{"u", span(i, i * 10)}, {"u", span(i, i * 10, i * 10 + 5)}};
    object = must_commit(*store, std::move(write));
  }
  int64_t seen = 0, seconds = 0;
  const auto position =
      store->read_ledger({"p", 0, 10 * kIntervals + 100}, [&](const LedgerInterval& interval) {
        ++seen;
        seconds += *interval.span.to_s - interval.span.from_s;
        if (seen == 5'000) must_commit(*store, create({"shop", "other"}, "x"));
        return Status();
      });
  ASSERT_TRUE(position);
  EXPECT_EQ(*position, 2 * kIntervals);
  EXPECT_EQ(seen, kIntervals);
  EXPECT_EQ(seconds, 5 * kIntervals);
}

TEST(Ledger, One_flipped_byte_is_found_by_verify) {
  const TempDir dir;
  {
    const auto store = must_open(inline_options(dir.path()));
    auto object = must_commit(*store, metered(create({"shop", "m"}, "1"), {{"u", span(1, 10)}}));
    object = must_commit(*store, metered(update(object, "2"), {{"u", span(1, 10, 20)}}));
    must_commit(*store, metered(update(object, "3"), {{"u", span(2, 30)}}));
  }
  std::vector<std::pair<uint64_t, uint64_t>> told;
  const auto tell = [&told](uint64_t done, uint64_t total) { told.emplace_back(done, total); };
  ASSERT_TRUE(verify_store(dir.path(), nullptr, tell)->empty());
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back(), (std::pair<uint64_t, uint64_t>{3 + 3, 3 + 3})) << "rows and entries";
  const char* changes[] = {
      "UPDATE ledger SET until=21 WHERE position=2",
      "UPDATE ledger SET payer=subject WHERE position=3",
      "UPDATE ledger SET detail=123456 WHERE position=3",
      "UPDATE ledger SET hash=zeroblob(32) WHERE position=2",
      "UPDATE ledger SET number=3 WHERE position=3",
      "UPDATE ledger SET begun=3 WHERE position=2",
      "DELETE FROM ledger WHERE position=2",
      "DELETE FROM ledger WHERE position=1",
      "DELETE FROM ledger_open",
      "UPDATE ledger_word SET word='{\"cpu-hours\":3}' WHERE word='{\"cpu-hours\":4}'",
      "UPDATE ledger_word SET word='q' WHERE word='p'",
      "DELETE FROM ledger_word WHERE word='u'",
  };
  for (const char* change : changes) {
    const TempDir copy;
    std::filesystem::copy(dir.path(), copy.path(), std::filesystem::copy_options::recursive);
    {
      // With the WAL copied into the file there is no mark that the change could miss.
      const auto database = SqliteDatabase::open(copy.path() + "/charter.db", "");
      ASSERT_EQ(database->execute("PRAGMA wal_checkpoint(TRUNCATE)"), DbCode::Ok);
      ASSERT_EQ(database->execute(change), DbCode::Ok) << change;
      ASSERT_EQ(database->execute("PRAGMA wal_checkpoint(TRUNCATE)"), DbCode::Ok);
    }
    std::filesystem::remove(copy.path() + "/charter.db-acked");
    const auto findings = verify_store(copy.path());
    ASSERT_TRUE(findings) << findings.error().message;
    EXPECT_FALSE(findings->empty()) << change;
  }
}

TEST(Ledger, A_file_from_before_it_gets_it_at_the_next_start) {
  const TempDir dir;
  must_commit(*must_open(inline_options(dir.path())), create({"shop", "m"}, "kept"));
  {
    const auto database = SqliteDatabase::open(dir.path() + "/charter.db", "");
    ASSERT_EQ(database->execute("DROP TABLE ledger; DROP TABLE ledger_open; DROP TABLE "
                                "ledger_word; PRAGMA user_version=1;"
                                "PRAGMA wal_checkpoint(TRUNCATE)"),
              DbCode::Ok);
  }
  std::filesystem::remove(dir.path() + "/charter.db-acked");
  ASSERT_TRUE(verify_store(dir.path())->empty()) << "a file that was not raised yet is sound too";
  const auto store = must_open(inline_options(dir.path()));
  const auto object = store->get(kBucket, {"shop", "m"});
  ASSERT_TRUE(object);
  must_commit(*store, metered(update(object, "on"), {{"u", span(1, 10)}}));
  EXPECT_EQ(read(*store, {"p", 0, 100}), (Rows{"u#1 10- @1,0"}));
}

TEST(Ledger, A_ledger_whose_rows_held_their_texts_is_raised_at_the_next_start) {
  const TempDir dir;
  const auto make_older = [&dir](int version) {
    const auto database = SqliteDatabase::open(dir.path() + "/charter.db", "");
    const auto script = kToOlderLedger + ("PRAGMA user_version=" + std::to_string(version) +
                                          ";PRAGMA wal_checkpoint(TRUNCATE)");
    ASSERT_EQ(database->execute(script.c_str()), DbCode::Ok) << database->error();
    std::filesystem::remove(dir.path() + "/charter.db-acked");
  };
  ObjectPtr object;
  {
    const auto store = must_open(inline_options(dir.path()));
    must_commit(*store, metered(create({"shop", "n"}, "1"), {{"v", span(1, 5, {}, "it's me")}}));
    object = must_commit(*store, metered(create({"shop", "m"}, "1"), {{"u", span(1, 10)}}));
    object = must_commit(*store, metered(update(object, "2"), {{"u", span(1, 10, 20)}}));
    object = must_commit(*store, metered(update(object, "3"), {{"u", span(2, 30)}}));
  }
  const Rows before{"u#1 10-20 @2,3", "u#2 30- @4,0"};
  for (const int version : {3, 4}) {
    make_older(version);
    const auto refused = verify_store(dir.path());
    ASSERT_FALSE(refused) << "its chain cannot be followed, which must not look like sound";
    EXPECT_NE(refused.error().message.find("start the server once"), std::string::npos);
    {
      const auto store = must_open(inline_options(dir.path()));
      EXPECT_EQ(read(*store, {"p", 0, 100}), before);
      EXPECT_EQ(read(*store, {"it's me", 0, 100}), (Rows{"v#1 5- @1,0"}));
    }
    EXPECT_TRUE(verify_store(dir.path())->empty());
    const auto database = SqliteDatabase::open(dir.path() + "/charter.db", "");
    EXPECT_EQ(database->integer("PRAGMA user_version", 0), version + 2);
  }
  {
    const auto store = must_open(inline_options(dir.path()));
    object = store->get(kBucket, {"shop", "m"});
    must_commit(*store, metered(update(object, "4"), {{"u", span(2, 30, 40)}}));
    EXPECT_EQ(read(*store, {"p", 0, 100}), (Rows{"u#1 10-20 @2,3", "u#2 30-40 @4,5"}));
  }
  EXPECT_TRUE(verify_store(dir.path())->empty());
}

TEST(Ledger, Words_of_a_transaction_that_was_rolled_back_get_numbers_of_others_later) {
  const TempDir dir;
  FaultVfs vfs;
  {
    StoreOptions options = inline_options(dir.path());
    options.vfs = vfs.name();
    const auto store = must_open(options);
    must_commit(*store, create({"shop", "first"}, "1"));
    vfs.fail_nth(FaultVfs::Call::Write, 1, FaultVfs::Fault::DiskFull);
    auto lost = span(1, 10, {}, "payer of what is lost");
    EXPECT_FALSE(store->commit(metered(create({"shop", "lost"}, "1"), {{"lost", lost}})));
    must_commit(*store, metered(create({"shop", "m"}, "1"), {{"u", span(1, 10)}}));
    must_commit(*store, metered(create({"shop", "lost"}, "1"), {{"lost", lost}}));
    EXPECT_EQ(read(*store, {"p", 0, 100}), (Rows{"u#1 10- @1,0"}));
    EXPECT_EQ(read(*store, {"payer of what is lost", 0, 100}), (Rows{"lost#1 10- @2,0"}));
  }
  EXPECT_TRUE(verify_store(dir.path())->empty());
}

}  // namespace
}  // namespace charter::testing
