#include "tests/drivers/sim_bench.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

// Injected faults, seen through the driver: what the caller gets, and whether the work was done.
namespace charter {
namespace {

std::string failing(const std::string& rule) {
  std::string settings = kTwoHosts;
  return settings.insert(1, R"("failures":[)" + rule + "],");
}

bool exists(SimBench& bench, const std::string& uid) {
  const auto history = bench.admin().history(uid);
  EXPECT_TRUE(history && history->is_sound());
  return history && history->live == 1;
}

TEST(SimInjection, EachErrorAnswersAndActsAsTheTableSays) {
  struct Row {
    const char* error;
    Code code;
    const char* reason;
    bool carried_out;
  };
  const Row rows[] = {
      {"Unavailable", Code::ServiceUnavailable, "", false},
      {"LostReply", Code::Timeout, "", true},
      {"NoCapacity", Code::TooManyRequests, "WaitForCapacity", false},
      {"Denied", Code::Forbidden, "", false},
      {"Hang", Code::Timeout, "", false},
  };
  for (const Row& row : rows) {
    SimBench bench(
        failing(std::string(R"({"call":"create","first":1,"error":")") + row.error + "\"}"));
    const Status answer = bench.driver().create(bench.spec("a"));
    ASSERT_FALSE(answer) << row.error;
    EXPECT_EQ(answer.error().code, row.code) << row.error;
    EXPECT_EQ(answer.error().reason, row.reason) << row.error;
    EXPECT_EQ(exists(bench, "a"), row.carried_out) << row.error;
    EXPECT_TRUE(bench.driver().create(bench.spec("a")))
        << "a retry must succeed after " << row.error;
    EXPECT_TRUE(exists(bench, "a")) << row.error;
  }
}

TEST(SimInjection, ASlowCallSucceedsAndItsEffectComesLater) {
  SimBench bench(failing(R"({"call":"set_power","every":1,"error":"Slow","delay":"40s"})"));
  ASSERT_TRUE(bench.driver().create(bench.spec("a")));
  ASSERT_TRUE(bench.driver().set_power("a", PowerState::On));
  bench.clock().advance(std::chrono::seconds(41));
  EXPECT_EQ(bench.observed("a").power, PowerState::Starting);
  bench.clock().advance(std::chrono::seconds(1));
  EXPECT_EQ(bench.observed("a").power, PowerState::On);
}

TEST(SimInjection, ATimeoutLeavesTheCallerInDoubtAndARetryMakesOneMachine) {
  SimBench bench(failing(R"({"call":"create","every":1,"error":"Timeout"})"));
  int carried_out = 0;
  for (int i = 0; i < 40; ++i) {
    const std::string uid = "m" + std::to_string(i);
    MachineSpec spec = bench.spec(uid);
    spec.vcpus = 1;
    spec.memory_bytes = kGiB;
    const Status answer = bench.driver().create(spec);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::Timeout);
    const bool made = exists(bench, uid);
    carried_out += made;
    if (made) {
      EXPECT_TRUE(bench.driver().remove(uid));
    }
  }
  EXPECT_GT(carried_out, 5);
  EXPECT_LT(carried_out, 35);
}

TEST(SimInjection, EveryCallOfThePortCanFail) {
  for (const std::string_view call : sim_call_names()) {
    SimBench bench(failing(R"({"call":")" + std::string(call) + R"(","every":1})"));
    ProviderDriver& driver = bench.driver();
    const VolumeSpec volume{.uid = "v", .name = "v", .size_bytes = kGiB};
    const std::vector<std::pair<std::string, bool>> answers = {
        {"create", driver.create(bench.spec("a")).has_value()},
        {"observe", driver.observe("a").has_value()},
        {"create_volume", driver.create_volume(volume).has_value()},
        {"observe_volume", driver.observe_volume("v").has_value()},
        {"look", driver.look().has_value()},
    };
    for (const auto& [name, ok] : answers)
      EXPECT_EQ(ok, name != call) << name << " with a fault in " << call;
    const auto unavailable = [](const auto& result) {
      return !result && result.error().code == Code::ServiceUnavailable;
    };
    EXPECT_EQ(unavailable(driver.set_power("a", PowerState::On)), call == "set_power");
    EXPECT_EQ(unavailable(driver.resize("a", 1, kGiB)), call == "resize");
    EXPECT_EQ(unavailable(driver.grow_volume("v", 2 * kGiB)), call == "grow_volume");
    EXPECT_EQ(unavailable(driver.attach_volume("v", "a")), call == "attach_volume");
    EXPECT_EQ(unavailable(driver.detach_volume("v", "a")), call == "detach_volume");
    EXPECT_EQ(unavailable(driver.remove_volume("v")), call == "remove_volume");
    EXPECT_EQ(unavailable(driver.remove("a")), call == "remove");
  }
}

TEST(SimInjection, CountsOutliveARestartAndStartAnewWhenTheRuleIsEdited) {
  SimBench bench(failing(R"({"call":"observe","first":2})"));
  EXPECT_FALSE(bench.driver().observe("a"));
  const auto restarted = bench.reconnect();
  EXPECT_FALSE(restarted->observe("a"));
  EXPECT_TRUE(restarted->observe("a"));
  EXPECT_TRUE(bench.reconnect()->observe("a"));
  bench.reconfigure(failing(R"({"call":"observe","first":1})"));
  EXPECT_FALSE(bench.driver().observe("a"));
  EXPECT_TRUE(bench.driver().observe("a"));
}

TEST(SimInjection, SeveralRulesAreCountedEachAndTheFirstThatStrikesWins) {
  SimBench bench(
      failing(R"({"call":"observe","every":2,"error":"Denied"},{"call":"Any","every":3})"));
  std::vector<Code> codes;
  for (int i = 0; i < 6; ++i) {
    const auto state = bench.driver().observe("a");
    codes.push_back(state ? Code::InternalError : state.error().code);
  }
  const Code ok = Code::InternalError;
  EXPECT_EQ(codes, (std::vector<Code>{ok, Code::Forbidden, Code::ServiceUnavailable,
                                      Code::Forbidden, ok, Code::Forbidden}));
}

TEST(SimInjection, TheSameSeedGivesTheSameRun) {
  const auto run = [](const std::string& seed) {
    std::string settings = failing(R"({"call":"Any","rate":"0.3"})");
    SimBench bench(settings.insert(1, R"("seed":)" + seed + ","));
    std::string answers;
    for (int i = 0; i < 60; ++i)
      answers += bench.driver().observe("a") ? '.' : 'x';
    return answers;
  };
  EXPECT_EQ(run("5"), run("5"));
  EXPECT_NE(run("5"), run("6"));
}

TEST(SimInjection, TheLedgerTellsInjectedOutcomesFromRealOnes) {
  SimBench bench(
      failing(R"({"call":"create","first":1,"error":"LostReply"},{"call":"remove","first":1})"));
  EXPECT_FALSE(bench.driver().create(bench.spec("a")));
  EXPECT_FALSE(bench.driver().remove("a"));
  EXPECT_FALSE(bench.driver().set_power("b", PowerState::On));
  const auto lines = bench.admin().ledger({});
  ASSERT_TRUE(lines);
  ASSERT_EQ(lines->size(), 3u);
  EXPECT_EQ((*lines)[0].outcome, "LostReply (injected, carried out)");
  EXPECT_EQ((*lines)[0].effect, "created");
  EXPECT_EQ((*lines)[1].outcome, "Unavailable (injected)");
  EXPECT_EQ((*lines)[1].effect, "");
  EXPECT_EQ((*lines)[2].outcome, "NotFound: there is no machine b");
}

}  // namespace
}  // namespace charter
