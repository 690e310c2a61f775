#include "drivers/simulated/sim_admin.h"

#include "tests/drivers/sim_bench.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace charter {
namespace {

/// Two machines that run.
class SimAdminTest : public ::testing::Test {
 protected:
  SimAdminTest() {
    for (const char* uid : {"a", "b"}) {
      EXPECT_TRUE(bench_.driver().create(bench_.spec(uid)));
      EXPECT_TRUE(bench_.driver().set_power(uid, PowerState::On));
    }
    bench_.settle();
  }
  Code code_of(const Status& status) { return status ? Code::InternalError : status.error().code; }

  SimBench bench_;
};

TEST_F(SimAdminTest, KillIsACrashFromWhichAMachineCanBeStarted) {
  ASSERT_TRUE(bench_.admin().kill("a"));
  EXPECT_EQ(bench_.observed("a").power, PowerState::Crashed);
  EXPECT_EQ(bench_.observed("a").booted_at_s, 0);
  EXPECT_EQ(bench_.observed("b").power, PowerState::On);
  EXPECT_EQ(code_of(bench_.admin().kill("a")), Code::Conflict);
  ASSERT_TRUE(bench_.driver().set_power("a", PowerState::On));
  bench_.settle();
  EXPECT_EQ(bench_.observed("a").power, PowerState::On);
}

TEST_F(SimAdminTest, APausedMachineResumesWithoutBooting) {
  const int64_t booted = bench_.observed("a").booted_at_s;
  ASSERT_TRUE(bench_.admin().pause("a"));
  EXPECT_EQ(bench_.observed("a").power, PowerState::Paused);
  ASSERT_TRUE(bench_.driver().set_power("a", PowerState::On));
  EXPECT_EQ(bench_.observed("a").power, PowerState::On);
  EXPECT_EQ(bench_.observed("a").booted_at_s, booted);
}

TEST_F(SimAdminTest, UndefineAndEditAreSeenByTheDriverAtOnce) {
  ASSERT_TRUE(bench_.admin().edit("a", {.vcpus = 7, .memory_bytes = 5 * kGiB}));
  EXPECT_EQ(bench_.observed("a").vcpus, 7);
  EXPECT_EQ(bench_.observed("a").memory_bytes, 5 * kGiB);
  ASSERT_TRUE(bench_.admin().undefine("a"));
  EXPECT_FALSE(*bench_.driver().observe("a"));
  EXPECT_EQ(bench_.driver().look()->machines.size(), 1u);
}

TEST_F(SimAdminTest, AnEditBeyondTheHostIsAllowedAndOnlyShrinkingPassesThen) {
  ASSERT_TRUE(bench_.admin().edit("a", {.vcpus = 99}));
  EXPECT_FALSE(bench_.driver().resize("a", 100, 2 * kGiB));
  EXPECT_TRUE(bench_.driver().resize("a", 2, 2 * kGiB));
  EXPECT_EQ(code_of(bench_.admin().edit("a", {.vcpus = 0})), Code::Invalid);
}

TEST_F(SimAdminTest, ThingsAreNamedByUidIdOrUnambiguousName) {
  EXPECT_TRUE(bench_.admin().kill("vm-1"));
  EXPECT_TRUE(bench_.admin().kill("ns/b"));
  EXPECT_EQ(code_of(bench_.admin().kill("nobody")), Code::NotFound);
  ASSERT_TRUE(bench_.admin().edit("a", {.name = "same"}));
  ASSERT_TRUE(bench_.admin().edit("b", {.name = "same"}));
  EXPECT_EQ(code_of(bench_.admin().undefine("same")), Code::Conflict);
  EXPECT_EQ(code_of(bench_.admin().undefine("")), Code::NotFound);
}

TEST_F(SimAdminTest, AHostWithoutPowerCrashesItsMachinesKeepsThemListedAndTakesNothing) {
  ASSERT_EQ(bench_.observed("a").host, "h1");
  ASSERT_EQ(bench_.observed("b").host, "h2");
  ASSERT_TRUE(bench_.admin().set_host("h1", HostPower::Down));
  EXPECT_EQ(bench_.observed("a").power, PowerState::Crashed);
  EXPECT_EQ(bench_.observed("b").power, PowerState::On);
  EXPECT_EQ(bench_.driver().look()->machines.size(), 2u) << "a list must not lack what exists";
  EXPECT_EQ(code_of(bench_.driver().set_power("a", PowerState::On)), Code::ServiceUnavailable);
  ASSERT_TRUE(bench_.driver().create(bench_.spec("c")));
  EXPECT_EQ(bench_.observed("c").host, "h2");
  ASSERT_TRUE(bench_.admin().set_host("h2", HostPower::Down));
  const Status refused = bench_.driver().create(bench_.spec("d"));
  EXPECT_EQ(refused.error().reason, "WaitForCapacity") << refused.error().message;
  ASSERT_TRUE(bench_.admin().set_host("h1", HostPower::Up));
  EXPECT_TRUE(bench_.driver().set_power("a", PowerState::On));
  bench_.reconfigure(kTwoHosts);
  EXPECT_EQ(code_of(bench_.driver().set_power("b", PowerState::On)), Code::ServiceUnavailable)
      << "new settings do not switch a host on";
  EXPECT_EQ(code_of(bench_.admin().set_host("h9", HostPower::Up)), Code::NotFound);
}

TEST_F(SimAdminTest, UndefiningAVolumeDetachesIt) {
  ASSERT_TRUE(bench_.driver().create_volume({.uid = "v", .name = "data", .size_bytes = kGiB}));
  ASSERT_TRUE(bench_.driver().attach_volume("v", "a"));
  ASSERT_TRUE(bench_.admin().undefine_volume("data"));
  EXPECT_TRUE(bench_.observed("a").volume_uids.empty());
  EXPECT_FALSE(*bench_.driver().observe_volume("v"));
  EXPECT_EQ(code_of(bench_.admin().undefine_volume("v")), Code::NotFound);
}

TEST_F(SimAdminTest, HistoriesBalanceOverEveryWayOfMakingAndRemoving) {
  ASSERT_TRUE(bench_.admin().undefine("a"));
  ASSERT_TRUE(bench_.driver().create(bench_.spec("a")));
  ASSERT_TRUE(bench_.driver().create(bench_.spec("a")));
  ASSERT_TRUE(bench_.driver().remove("b"));
  bench_.add_foreign("theirs", "f");
  ASSERT_TRUE(bench_.admin().undefine("theirs"));
  const auto histories = bench_.admin().histories();
  ASSERT_TRUE(histories);
  ASSERT_EQ(histories->size(), 2u);
  for (const SimHistory& history : *histories)
    EXPECT_TRUE(history.is_sound()) << history.uid;
  const auto a = bench_.admin().history("a");
  EXPECT_EQ(a->created, 2);
  EXPECT_EQ(a->removed, 1);
  EXPECT_EQ(a->live, 1);
  EXPECT_EQ(a->most_at_once, 1);
}

TEST_F(SimAdminTest, AnEmptyUidNeverMeansAThingOfSomebodyElse) {
  bench_.add_foreign("theirs", "");
  EXPECT_FALSE(*bench_.driver().observe(""));
  EXPECT_EQ(code_of(bench_.driver().set_power("", PowerState::Off)), Code::NotFound);
  EXPECT_TRUE(bench_.driver().remove(""));
  EXPECT_EQ(bench_.driver().look()->foreign, std::vector<std::string>{"theirs"});
}

TEST_F(SimAdminTest, ADoubleMachineIsFoundByTheProof) {
  // A driver with the bug that this proof exists for: it inserts without looking.
  SimWorlds worlds{""};
  const auto world = worlds.open("p");
  ASSERT_TRUE((*world)->transact([](SimRows& rows) -> Status {
    for (int i = 0; i < 2; ++i) {
      rows.insert(SimMachine{.uid = "a", .owner = "a", .name = "a", .host = "h"});
      rows.append({.call = "create", .uid = "a", .outcome = "ok", .effect = "created"});
    }
    return {};
  }));
  const auto history = SimAdmin(*world, bench_.clock()).history("a");
  ASSERT_TRUE(history);
  EXPECT_FALSE(history->is_sound());
  EXPECT_EQ(history->live, 2);
  EXPECT_EQ(history->most_at_once, 2);
}

TEST_F(SimAdminTest, TablesShowMachinesVolumesHostsAndCalls) {
  ASSERT_TRUE(bench_.driver().create_volume({.uid = "v", .name = "data", .size_bytes = kGiB}));
  ASSERT_TRUE(bench_.driver().attach_volume("v", "a"));
  bench_.add_foreign("theirs", "");
  const auto machines = bench_.admin().machines();
  ASSERT_TRUE(machines);
  ASSERT_EQ(machines->rows.size(), 3u);
  EXPECT_EQ(machines->rows[0][1], "theirs");
  EXPECT_EQ(machines->rows[0][10], "foreign");
  EXPECT_EQ(machines->rows[1],
            (std::vector<std::string>{"vm-1", "ns/a", "h1", "On", "2", "2GiB", "10GiB", "10.1.0.2",
                                      "TenantNetwork", "no", "ours", "a"}));
  EXPECT_EQ(bench_.admin().volumes()->rows[0],
            (std::vector<std::string>{"vol-1", "data", "h1", "1GiB", "", "no", "TenantNetwork",
                                      "no", "a", "v"}));
  EXPECT_EQ(
      bench_.admin().hosts()->rows[1],
      (std::vector<std::string>{"h2", "Up", "Accepting", "2/16", "2GiB/64GiB", "10GiB/1TiB"}));
  for (const auto& table : {bench_.admin().machines(), bench_.admin().volumes(),
                            bench_.admin().hosts(), bench_.admin().calls({})}) {
    ASSERT_TRUE(table);
    for (const auto& row : table->rows)
      EXPECT_EQ(row.size(), table->columns.size());
  }
}

TEST_F(SimAdminTest, OneMachineIsShownWithAllThatItWasMadeWith) {
  const auto shown = bench_.admin().machine("ns/a");
  ASSERT_TRUE(shown);
  std::map<std::string, std::string> fields;
  for (const auto& row : shown->rows)
    fields[row.at(0)] = row.at(1);
  EXPECT_EQ(fields["diskClass"], "ssd");
  EXPECT_EQ(fields["networks"], "tenant,backup");
  EXPECT_EQ(fields["tenant"], "ns");
  EXPECT_EQ(fields["isolation"], "TenantNetwork");
  EXPECT_EQ(fields["encrypted"], "no");
  EXPECT_EQ(fields["imageFormat"], "qcow2");
  EXPECT_FALSE(bench_.admin().machine("nobody"));
}

TEST_F(SimAdminTest, TheLedgerHoldsEveryCallInOrderAndNoSecret) {
  ASSERT_TRUE(bench_.driver().look());
  ASSERT_TRUE(bench_.admin().kill("b"));
  const auto lines = bench_.admin().ledger({});
  ASSERT_TRUE(lines);
  std::vector<std::string> calls;
  for (const SimCall& line : *lines) {
    calls.push_back(line.call + " " + line.uid);
    EXPECT_EQ((line.arguments + line.outcome).find("s3cret"), std::string::npos);
    EXPECT_GT(line.pid, 0);
    EXPECT_EQ(line.epoch, line.call.starts_with("admin.") ? 0 : 1);
  }
  EXPECT_EQ(calls, (std::vector<std::string>{"create a", "set_power a", "create b", "set_power b",
                                             "look ", "admin.kill b"}));
  EXPECT_EQ(bench_.admin().ledger({.uid = "b"})->size(), 3u);
  EXPECT_EQ(bench_.admin().ledger({.after_seq = 4})->size(), 2u);
  EXPECT_EQ(bench_.admin().ledger({.limit = 1})->size(), 1u);
}

}  // namespace
}  // namespace charter
