#include "drivers/simulated/sim_settings.h"

#include <gtest/gtest.h>

#include <string>

namespace charter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string with(const std::string& fields) {
  return R"({"hosts":[{"name":"h1","vcpus":4,"memory":"8GB","storage":"1TB"}],)" + fields + "}";
}

TEST(SimSettings, ReadsEveryField) {
  const auto settings = parse_sim_settings(R"({
    "hosts": [{"name": "h1", "vcpus": 32, "memory": "128GB", "storage": "2TB"},
              {"name": "h2", "vcpus": 8, "memory": "16Gi", "storage": "500GB"}],
    "bootTime": "1m30s", "imageTime": "5s", "stopTime": "3s", "latency": "20ms", "liveResize": false, "seed": 7,
    "failures": [{"call": "create", "every": 3, "error": "LostReply"},
                 {"call": "Any", "rate": "0.05"},
                 {"call": "look", "first": 2, "error": "Slow", "delay": "250ms"},
                 {"call": "observe", "every": 1, "error": "Hang"}]})");
  ASSERT_TRUE(settings) << settings.error().message;
  ASSERT_EQ(settings->hosts.size(), 2u);
  EXPECT_EQ(settings->hosts[0].name, "h1");
  EXPECT_EQ(settings->hosts[0].total, (Capacity{32, 128'000'000'000, 2'000'000'000'000}));
  EXPECT_EQ(settings->hosts[1].total.memory_bytes, int64_t{16} << 30);
  EXPECT_EQ(settings->boot_time, seconds(90));
  EXPECT_EQ(settings->image_time, seconds(5));
  EXPECT_EQ(settings->stop_time, seconds(3));
  EXPECT_EQ(settings->latency, milliseconds(20));
  EXPECT_FALSE(settings->live_resize);
  EXPECT_EQ(settings->seed, 7u);
  ASSERT_EQ(settings->failures.size(), 4u);
  EXPECT_EQ(settings->failures[0].call, "create");
  EXPECT_EQ(settings->failures[0].every, 3);
  EXPECT_EQ(settings->failures[0].kind, FaultKind::LostReply);
  EXPECT_EQ(settings->failures[1].rate_ppm, 50'000);
  EXPECT_EQ(settings->failures[1].kind, FaultKind::Unavailable);
  EXPECT_EQ(settings->failures[2].first, 2);
  EXPECT_EQ(settings->failures[2].delay, milliseconds(250));
  EXPECT_EQ(settings->failures[3].delay, seconds(30))
      << "a hang without a delay ends after its default";
}

TEST(SimSettings, DefaultsAreThoseOfTheCrd) {
  const auto settings = parse_sim_settings(with(R"("failures":null)"));
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->boot_time, seconds(2));
  EXPECT_EQ(settings->latency, Duration{});
  EXPECT_EQ(settings->seed, 1u);
  EXPECT_TRUE(settings->live_resize);
  EXPECT_TRUE(settings->failures.empty());
}

TEST(SimSettings, EachMistakeIsNamedWithItsPath) {
  struct Row {
    std::string text;
    std::string message;
  };
  const Row rows[] = {
      {"", "spec.simulated: must be an object"},
      {"[]", "spec.simulated: must be an object"},
      {"{}", "spec.simulated.hosts: at least one host is needed"},
      {R"({"hosts":{}})", "spec.simulated.hosts: must be a list"},
      {R"({"hosts":[7]})", "spec.simulated.hosts[0]: must be an object"},
      {R"({"hosts":[{"name":"h","vcpus":0,"memory":"8GB","storage":"1TB"}]})",
       "spec.simulated.hosts[0].vcpus: 0 is less than 1"},
      {R"({"hosts":[{"name":"h","vcpus":1,"memory":"8XB","storage":"1TB"}]})",
       R"(spec.simulated.hosts[0].memory: "8XB" is no size such as 64GB or 8Gi)"},
      {R"({"hosts":[{"name":"h","vcpus":1,"storage":"1TB","memory":"1GB","disk":1}]})",
       "spec.simulated.hosts[0].disk: unknown field"},
      {R"({"hosts":[{"vcpus":1,"storage":"1TB","memory":"1GB"}]})",
       "spec.simulated.hosts[0].name: required value"},
      {R"({"hosts":[{"name":"h","vcpus":1,"memory":"1GB","storage":"1GB"},)"
       R"({"name":"h","vcpus":1,"memory":"1GB","storage":"1GB"}]})",
       R"(spec.simulated.hosts[1].name: "h" is named twice)"},
      {with(R"("bootTime":"2x")"),
       R"(spec.simulated.bootTime: "2x" is no duration such as 500ms, 2s or 1m30s)"},
      {with(R"("bootTime":2)"), "spec.simulated.bootTime: must be a string"},
      {with(R"("latency":"2m")"), R"(spec.simulated.latency: "2m" is longer than 60s)"},
      {with(R"("seed":-1)"), "spec.simulated.seed: -1 is less than 0"},
      {with(R"("seed":18446744073709551615)"), "spec.simulated.seed: must be an integer"},
      {with(R"("seed":1.5)"), "spec.simulated.seed: must be an integer"},
      {with(R"("liveResize":"yes")"), "spec.simulated.liveResize: must be true or false"},
      {with(R"("boottime":"2s")"), "spec.simulated.boottime: unknown field"},
      {with(R"("failures":[{"every":1}])"), "spec.simulated.failures[0].call: required value"},
      {with(R"("failures":[{"call":"look"}])"),
       "spec.simulated.failures[0].every: state exactly one of every, first and rate"},
      {with(R"("failures":[{"call":"look","every":1,"rate":"0.5"}])"),
       "spec.simulated.failures[0].every: state exactly one of every, first and rate"},
      {with(R"("failures":[{"call":"look","rate":"1.5"}])"),
       R"(spec.simulated.failures[0].rate: "1.5" is no decimal between 0 and 1)"},
      {with(R"("failures":[{"call":"look","every":1,"error":"Slow"}])"),
       "spec.simulated.failures[0].delay: a Slow failure needs a delay"},
  };
  for (const Row& row : rows) {
    const auto settings = parse_sim_settings(row.text);
    ASSERT_FALSE(settings) << row.text;
    EXPECT_EQ(settings.error().code, Code::Invalid);
    EXPECT_EQ(settings.error().message, row.message) << row.text;
  }
}

TEST(SimSettings, UnknownCallsAndErrorsNameTheKnownOnes) {
  const auto call = parse_sim_settings(with(R"("failures":[{"call":"fly","every":1}])"));
  ASSERT_FALSE(call);
  EXPECT_NE(call.error().message.find("\"fly\" is none of Any, observe, create"),
            std::string::npos);
  const auto error =
      parse_sim_settings(with(R"("failures":[{"call":"look","every":1,"error":"Odd"}])"));
  ASSERT_FALSE(error);
  EXPECT_NE(error.error().message.find("\"Odd\" is none of Unavailable, Timeout"),
            std::string::npos);
}

TEST(SimSettings, AllMistakesAreReportedAtOnce) {
  const auto settings = parse_sim_settings(with(R"("bootTime":"x","seed":-1)"));
  ASSERT_FALSE(settings);
  ASSERT_EQ(settings.error().causes.size(), 2u);
  EXPECT_EQ(settings.error().causes[0].field, "spec.simulated.bootTime");
  EXPECT_EQ(settings.error().causes[1].field, "spec.simulated.seed");
}

TEST(SimFaults, EveryAndFirstCountMatches) {
  const FaultRule every{.call = "create", .every = 3};
  const FaultRule first{.call = "create", .first = 2};
  for (int64_t match = 1; match <= 9; ++match) {
    EXPECT_EQ(strike(every, 1, match).has_value(), match % 3 == 0) << match;
    EXPECT_EQ(strike(first, 1, match).has_value(), match <= 2) << match;
  }
}

TEST(SimFaults, ARateIsHeldRoughlyAndDependsOnTheSeedAlone) {
  const FaultRule rule{.call = "Any", .rate_ppm = 100'000, .key = "k"};
  int struck = 0, differing = 0;
  for (int64_t match = 1; match <= 10'000; ++match) {
    const bool strikes = strike(rule, 1, match).has_value();
    EXPECT_EQ(strikes, strike(rule, 1, match).has_value());
    struck += strikes;
    differing += strikes != strike(rule, 2, match).has_value();
  }
  EXPECT_NEAR(struck, 1'000, 150);
  EXPECT_GT(differing, 500);
  EXPECT_FALSE(strike({.call = "Any"}, 1, 1)) << "a rate of 0 never strikes";
}

TEST(SimFaults, ATimeoutIsCarriedOutSometimes) {
  const FaultRule rule{.call = "create", .every = 1, .kind = FaultKind::Timeout, .key = "k"};
  int carried_out = 0;
  for (int64_t match = 1; match <= 1'000; ++match)
    carried_out += strike(rule, 1, match)->carried_out;
  EXPECT_NEAR(carried_out, 500, 100);
}

TEST(SimFaults, AnyMatchesEachCallAndAnErrorFitsEachKind) {
  EXPECT_TRUE(matches({.call = "Any"}, "look"));
  EXPECT_TRUE(matches({.call = "look"}, "look"));
  EXPECT_FALSE(matches({.call = "look"}, "create"));
  EXPECT_EQ(fault_error({FaultKind::Unavailable}).code, Code::ServiceUnavailable);
  EXPECT_EQ(fault_error({FaultKind::Timeout}).code, Code::Timeout);
  EXPECT_EQ(fault_error({FaultKind::LostReply}).code, Code::Timeout);
  EXPECT_EQ(fault_error({FaultKind::Hang}).code, Code::Timeout);
  EXPECT_EQ(fault_error({FaultKind::Denied}).code, Code::Forbidden);
  EXPECT_EQ(fault_error({FaultKind::NoCapacity}).reason, "WaitForCapacity");
}

}  // namespace
}  // namespace charter
