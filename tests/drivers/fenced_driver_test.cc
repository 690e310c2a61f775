#include "drivers/fenced_driver.h"

#include "tests/drivers/sim_bench.h"

#include <gtest/gtest.h>

namespace charter {
namespace {

class FencedDriverTest : public ::testing::Test {
 protected:
  FencedDriverTest() {
    factory_ = fenced_factory(
        simulated_driver_factory(worlds_, {.clock = &clock_, .pause = {}}), [this]() -> Status {
          if (leads_) return {};
          return Error{Code::Forbidden, "does not lead"};
        });
  }
  Result<std::shared_ptr<ProviderDriver>> open() {
    return factory_({.provider_uid = "u",
                     .provider_name = "p",
                     .driver = "simulated",
                     .settings = kTwoHosts});
  }

  ManualClock clock_{Instant(std::chrono::seconds(1'780'000'000))};
  SimWorlds worlds_{""};
  bool leads_ = true;
  DriverFactory factory_;
};

TEST_F(FencedDriverTest, AnOpenFenceChangesNothing) {
  const auto driver = open();
  ASSERT_TRUE(driver);
  ASSERT_TRUE((*driver)->create(SimBench().spec("a")));
  EXPECT_TRUE((*driver)->observe("a")->has_value());
  EXPECT_EQ((*driver)->look()->machines.size(), 1u);
}

TEST_F(FencedDriverTest, NoCallPassesAFenceThatIsClosed) {
  const auto opened = open();
  ASSERT_TRUE(opened);
  ProviderDriver& driver = **opened;
  ASSERT_TRUE(driver.create(SimBench().spec("a")));
  ASSERT_TRUE(driver.create_volume({.uid = "v", .name = "v", .size_bytes = 1 << 30}));
  leads_ = false;
  const auto refused = [](const auto& outcome) {
    return !outcome && outcome.error().message == "does not lead";
  };
  EXPECT_TRUE(refused(driver.observe("a")));
  EXPECT_TRUE(refused(driver.create(SimBench().spec("b"))));
  EXPECT_TRUE(refused(driver.set_power("a", PowerState::On)));
  EXPECT_TRUE(refused(driver.resize("a", 1, 1 << 20)));
  EXPECT_TRUE(refused(driver.remove("a")));
  EXPECT_TRUE(refused(driver.observe_volume("v")));
  EXPECT_TRUE(refused(driver.create_volume({.uid = "w", .name = "w", .size_bytes = 1 << 30})));
  EXPECT_TRUE(refused(driver.grow_volume("v", 2 << 30)));
  EXPECT_TRUE(refused(driver.attach_volume("v", "a")));
  EXPECT_TRUE(refused(driver.detach_volume("v", "a")));
  EXPECT_TRUE(refused(driver.remove_volume("v")));
  EXPECT_TRUE(refused(driver.look()));
  EXPECT_TRUE(refused(driver.counters()));
  EXPECT_TRUE(refused(open()));
  leads_ = true;
  const auto seen = driver.look();
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->machines.size(), 1u) << "b was not made, a not removed";
  EXPECT_EQ(seen->machines[0].power, PowerState::Off);
  EXPECT_EQ(seen->volumes.size(), 1u);
  EXPECT_EQ(seen->volumes[0].size_bytes, 1 << 30);
}

}  // namespace
}  // namespace charter
