#include "drivers/provider_driver.h"
#include "tests/drivers/sim_bench.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace charter {
namespace {

/// A pool over simulated endpoints in memory.
class DriverPoolTest : public ::testing::Test {
 protected:
  DriverPoolTest() {
    pool_.add_factory("simulated",
                      simulated_driver_factory(worlds_, {.clock = &clock_, .pause = {}}));
  }
  DriverSettings settings(const std::string& name, const std::string& text = kTwoHosts) {
    return {.provider_uid = "u", .provider_name = name, .driver = "simulated", .settings = text};
  }

  ManualClock clock_{Instant(std::chrono::seconds(1'780'000'000))};
  SimWorlds worlds_{""};
  DriverPool pool_;
};

TEST_F(DriverPoolTest, OpensOnceForTheSameSettings) {
  const auto first = pool_.open(settings("p"));
  ASSERT_TRUE(first);
  EXPECT_EQ(*pool_.open(settings("p")), *first);
  EXPECT_EQ(*pool_.get("p"), *first);
  EXPECT_NE(*pool_.open(settings("q")), *first);
}

TEST_F(DriverPoolTest, ReopensWhenSettingsChangeAndKeepsTheWorld) {
  const auto first = pool_.open(settings("p"));
  ASSERT_TRUE(first);
  ASSERT_TRUE((*first)->create(SimBench().spec("a")));
  std::string other = kTwoHosts;
  other.insert(1, R"("seed":9,)");
  const auto second = pool_.open(settings("p", other));
  ASSERT_TRUE(second);
  EXPECT_NE(*second, *first);
  EXPECT_TRUE((*second)->observe("a")->has_value());
  EXPECT_EQ(*pool_.get("p"), *second);
}

TEST_F(DriverPoolTest, BadNewSettingsAreReportedAndLeaveTheOpenEndpointInPlace) {
  const auto first = pool_.open(settings("p"));
  ASSERT_TRUE(first);
  const auto bad = pool_.open(settings("p", "{}"));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Code::Invalid);
  EXPECT_EQ(*pool_.get("p"), *first);
}

TEST_F(DriverPoolTest, AnUnknownDriverIsRefusedWithItsField) {
  DriverSettings odd = settings("p");
  odd.driver = "abacus";
  const auto opened = pool_.open(odd);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::Invalid);
  EXPECT_EQ(opened.error().message, "spec.driver: this program has no driver \"abacus\"");
}

TEST_F(DriverPoolTest, AClosedOrNeverOpenedEndpointIsUnavailable) {
  ASSERT_TRUE(pool_.open(settings("p")));
  pool_.close("p");
  pool_.close("p");
  for (const char* name : {"p", "never"}) {
    const auto driver = pool_.get(name);
    ASSERT_FALSE(driver);
    EXPECT_EQ(driver.error().code, Code::ServiceUnavailable);
  }
}

TEST_F(DriverPoolTest, HintsComeFromEndpointsOpenBeforeAndAfter) {
  std::vector<std::string> hinted;
  const auto before = pool_.open(settings("p"));
  pool_.on_hint([&](const std::string& uid) { hinted.push_back(uid); });
  const auto after = pool_.open(settings("q"));
  for (const auto& driver : {*before, *after})
    ASSERT_TRUE(driver->look());
  ASSERT_TRUE((*before)->create(SimBench().spec("a")));
  ASSERT_TRUE((*after)->create(SimBench().spec("b")));
  ASSERT_TRUE((*before)->look());
  ASSERT_TRUE((*after)->look());
  EXPECT_EQ(hinted, (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace charter
