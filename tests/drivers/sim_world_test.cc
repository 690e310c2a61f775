#include "drivers/simulated/sim_world.h"

#include "tests/drivers/sim_bench.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

// The world as a file: shared between processes, and what is left of it after a kill.
namespace charter {
namespace {

/// A child process that waits for a word before it acts. It must be forked before the parent opens
/// any world: SQLite's locks do not survive a fork.
class Child {
 public:
  using Act = std::function<bool(int report)>;

  explicit Child(const Act& act) {
    int start[2], report[2];
    EXPECT_EQ(::pipe(start), 0);
    EXPECT_EQ(::pipe(report), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(start[1]);
      ::close(report[0]);
      char word = 0;
      const bool told = ::read(start[0], &word, 1) == 1;
      ::_exit(told && act(report[1]) ? 0 : 1);
    }
    ::close(start[0]);
    ::close(report[1]);
    start_ = start[1];
    report_ = report[0];
  }
  ~Child() {
    ::close(start_);
    ::close(report_);
    if (pid_ > 0) wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void go() { EXPECT_EQ(::write(start_, "g", 1), 1); }
  /// Reads one number that the child reported; -1 at its end.
  int next() {
    int number = -1;
    return ::read(report_, &number, sizeof number) == sizeof number ? number : -1;
  }
  void kill() { ::kill(pid_, SIGKILL); }
  bool wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  pid_t pid_ = 0;
  int start_ = -1;
  int report_ = -1;
};

Instant some_time() {
  return Instant(std::chrono::seconds(1'780'000'000));
}

TEST(SimWorldFile, WhatAnotherProcessDoesIsSeenByAnOpenDriverAtOnce) {
  TempDir directory;
  Child other([&](int report) {
    const ManualClock clock(some_time());
    const auto admin = SimAdmin::open(directory.path(), "p", clock);
    bool done = admin && SimAdmin(*admin).undefine("a");
    done = done && SimAdmin(*admin).edit("b", {.vcpus = 5});
    const int word = 1;
    return done && ::write(report, &word, sizeof word) == sizeof word;
  });
  SimBench bench(kTwoHosts, directory.path());
  for (const char* uid : {"a", "b"})
    ASSERT_TRUE(bench.driver().create(bench.spec(uid)));
  EXPECT_EQ(bench.observed("b").vcpus, 2);
  other.go();
  ASSERT_EQ(other.next(), 1);
  EXPECT_FALSE(*bench.driver().observe("a"));
  EXPECT_EQ(bench.observed("b").vcpus, 5);
  EXPECT_TRUE(other.wait());
  const auto lines = bench.admin().ledger({.uid = "a"});
  EXPECT_EQ(lines->at(1).call, "admin.undefine");
  EXPECT_NE(lines->at(1).pid, ::getpid());
}

TEST(SimWorldFile, TwoProcessesWriteAtTheSameTimeWithoutLosingACall) {
  constexpr int kCalls = 300;
  TempDir directory;
  Child other([&](int report) {
    const ManualClock clock(some_time());
    auto admin = SimAdmin::open(directory.path(), "p", clock);
    const int word = 1;
    if (!admin || ::write(report, &word, sizeof word) != sizeof word) return false;
    for (int i = 0; i < kCalls; ++i) {
      if (!admin->edit("a", {.vcpus = 1 + i % 3})) return false;
    }
    return true;
  });
  SimBench bench(kTwoHosts, directory.path());
  ASSERT_TRUE(bench.driver().create(bench.spec("a")));
  other.go();
  ASSERT_EQ(other.next(), 1);
  for (int i = 0; i < kCalls; ++i)
    ASSERT_TRUE(bench.driver().resize("a", 1 + i % 4, 2 * kGiB));
  EXPECT_TRUE(other.wait());
  EXPECT_EQ(bench.admin().ledger({})->size(), 1u + 2 * kCalls);
  const auto free = bench.driver().look()->hosts.at(0).free.vcpus;
  EXPECT_EQ(free, 16 - bench.observed("a").vcpus) << "accounting holds whoever wrote";
}

TEST(SimWorldFile, EveryCallThatReturnedSurvivesAKillAtAnyMoment) {
  for (const int calls_before_kill : {1, 7, 60}) {
    TempDir directory;
    Child controller([&](int report) {
      SimBench bench(kTwoHosts, directory.path());
      for (int i = 0; i < 1'000'000; ++i) {
        MachineSpec spec = bench.spec("m" + std::to_string(i % 8));
        const bool done =
            bench.driver().create(spec) && (i % 16 < 8 || bench.driver().remove(spec.uid));
        if (!done || ::write(report, &i, sizeof i) != sizeof i) return false;
      }
      return true;
    });
    controller.go();
    for (int i = 0; i < calls_before_kill; ++i)
      ASSERT_EQ(controller.next(), i);
    controller.kill();
    EXPECT_FALSE(controller.wait());
    int last = calls_before_kill - 1;
    for (int i; (i = controller.next()) >= 0;)
      last = i;  // written before the kill, not read yet

    SimBench bench(kTwoHosts, directory.path());
    const auto histories = bench.admin().histories();
    ASSERT_TRUE(histories);
    for (const SimHistory& history : *histories)
      EXPECT_TRUE(history.is_sound()) << history.uid;
    const auto lines = bench.admin().ledger({.limit = 10'000'000});
    const auto creates = std::count_if(lines->begin(), lines->end(),
                                       [](const SimCall& c) { return c.call == "create"; });
    EXPECT_GE(creates, last + 1);
    EXPECT_LE(creates, last + 2) << "at most the call in flight is on top";
    EXPECT_TRUE(bench.driver().look());
  }
}

TEST(SimWorldFile, TheLedgerCanOnlyBeAppendedTo) {
  TempDir directory;
  const std::string path = sim_world_path(directory.path(), "p");
  {
    SimBench bench(kTwoHosts, directory.path());
    ASSERT_TRUE(bench.driver().create(bench.spec("a")));
    ASSERT_TRUE(bench.driver().look());
  }
  SqlConnection sql(path, SqlAccess::Visitor);
  EXPECT_THROW(sql.run("UPDATE calls SET outcome = 'ok'"), SqlError);
  EXPECT_THROW(sql.run("DELETE FROM calls WHERE seq = 1"), SqlError);
  EXPECT_THROW(sql.run("DELETE FROM calls WHERE seq = 2"), SqlError);
}

TEST(SimWorldFile, OldReadsAreDroppedBeyondTheirBoundAndEffectsNever) {
  SqlConnection sql(":memory:", SqlAccess::Owner);
  prepare_sim_tables(sql);
  SimRows rows(sql);
  rows.append({.call = "create", .uid = "a", .outcome = "ok", .effect = "created"});
  for (int i = 0; i < 3; ++i)
    rows.append({.call = "look", .outcome = "ok"});
  // Moves the ledger on by a million lines without writing them.
  sql.run("UPDATE sqlite_sequence SET seq = ? WHERE name = 'calls'", kSimCallsKept + 2);
  rows.append({.call = "look", .outcome = "ok"});
  EXPECT_EQ(rows.calls({}).size(), 5u) << "pruning happens every thousand lines";
  sql.run("UPDATE sqlite_sequence SET seq = ? WHERE name = 'calls'", kSimCallsKept + 999);
  rows.append({.call = "look", .outcome = "ok"});
  std::vector<int64_t> kept;
  for (const SimCall& line : rows.calls({}))
    kept.push_back(line.seq);
  EXPECT_EQ(kept, (std::vector<int64_t>{1, kSimCallsKept + 3, kSimCallsKept + 1000}));
}

TEST(SimWorldFile, IsPrivateToItsOwner) {
  TempDir directory;
  SimBench bench(kTwoHosts, directory.path() + "/deep/er");
  struct stat status {};
  ASSERT_EQ(::stat(sim_world_path(directory.path() + "/deep/er", "p").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(SimWorldFile, AVisitorNeedsAnExistingWorld) {
  TempDir directory;
  const ManualClock clock(some_time());
  const auto admin = SimAdmin::open(directory.path(), "p", clock);
  ASSERT_FALSE(admin);
  EXPECT_EQ(admin.error().code, Code::NotFound);
  EXPECT_TRUE(sim_world_names(directory.path()).empty()) << "looking must not create";
  EXPECT_TRUE(sim_world_names(directory.path() + "/none").empty());
  SimWorlds worlds(directory.path());
  ASSERT_TRUE(worlds.open("zeta"));
  ASSERT_TRUE(worlds.open("alpha.eu"));
  EXPECT_EQ(sim_world_names(directory.path()), (std::vector<std::string>{"alpha.eu", "zeta"}));
}

TEST(SimWorldFile, ANameThatWouldLeaveTheDirectoryIsRefused) {
  TempDir directory;
  SimWorlds worlds(directory.path());
  for (const char* name : {"", "..", "../x", "a/b", ".hidden"}) {
    const auto world = worlds.open(name);
    ASSERT_FALSE(world) << name;
    EXPECT_EQ(world.error().code, Code::Invalid);
  }
}

TEST(SimWorldFile, AFileThatIsNoWorldOrANewerOneIsRefusedWithoutDatabaseText) {
  TempDir directory;
  std::ofstream(sim_world_path(directory.path(), "odd")) << std::string(8192, 'x');
  {
    SqlConnection(sim_world_path(directory.path(), "new"), SqlAccess::Owner)
        .script("PRAGMA user_version=9");
  }
  SimWorlds worlds(directory.path());
  for (const char* name : {"odd", "new"}) {
    const auto world = worlds.open(name);
    ASSERT_FALSE(world) << name;
    EXPECT_EQ(world.error().code, Code::ServiceUnavailable);
    EXPECT_EQ(
        world.error().message,
        "the simulated world " + sim_world_path(directory.path(), name) + " cannot be opened");
  }
}

TEST(SimWorldFile, AFailedTransactionLeavesNothingBehind) {
  const auto world = SimWorld::in_memory();
  const Status failed = world->transact([](SimRows& rows) -> Status {
    rows.put_host({.name = "h"});
    return Error{Code::Conflict, "no"};
  });
  EXPECT_FALSE(failed);
  ASSERT_TRUE(world->transact([](SimRows& rows) -> Status {
    EXPECT_TRUE(rows.hosts().empty());
    return {};
  }));
}

TEST(SimWorldFile, AWorldOfTheFirstVersionIsReadAndItsThingsCountAsUnprotected) {
  const TempDir directory;
  const auto path = sim_world_path(directory.path(), "p");
  {
    // Later versions only add columns and indexes, so that taking them away gives version 1.
    SqlConnection sql(path, SqlAccess::Owner);
    prepare_sim_tables(sql);
    sql.script(
        "DROP INDEX machines_by_host; DROP INDEX machines_reserving; PRAGMA user_version = 1;"
        "ALTER TABLE machines DROP COLUMN disk_class; ALTER TABLE machines DROP COLUMN "
        "image_format;"
        "ALTER TABLE machines DROP COLUMN networks; ALTER TABLE machines DROP COLUMN tenant;"
        "ALTER TABLE machines DROP COLUMN isolation; ALTER TABLE machines DROP COLUMN encrypted;"
        "ALTER TABLE volumes DROP COLUMN tenant; ALTER TABLE volumes DROP COLUMN isolation;"
        "ALTER TABLE volumes DROP COLUMN encrypted;"
        "ALTER TABLE machines DROP COLUMN boots; ALTER TABLE machines DROP COLUMN counted_at;"
        "ALTER TABLE machines DROP COLUMN ran_ns; ALTER TABLE machines DROP COLUMN processor_ns;"
        "INSERT INTO machines VALUES(NULL, 'a', 'a', 'ns/a', 'h1', 2, 8, 10, '', '', '', '', 2, "
        "1779999990000000000, 0,"
        " 0, 0, 0, '10.1.0.2')");
  }
  SimBench bench(kTwoHosts, directory.path());
  const auto state = bench.observed("a");
  EXPECT_EQ(state.external_id, "vm-1");
  EXPECT_EQ(state.protection, (Protection{.tenancy = Tenancy::SharedNetwork}));
  EXPECT_TRUE(bench.driver().create(bench.spec("b")));
  const auto counters = bench.driver().counters();
  ASSERT_TRUE(counters);
  ASSERT_EQ(counters->size(), 1u) << "a machine that was never started has consumed nothing";
  EXPECT_EQ(counters->front().cpu_ns, int64_t{10'000'000'000} * 2 / 4) << "it ran for 10 s";
}

}  // namespace
}  // namespace charter
