#include "tests/reconcilers/billing/billing_world.h"
#include "tests/support/fault_vfs.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <functional>

// Closing a period while the power goes, and by two programs at once: one bill, the same bytes.
namespace charter {
namespace {

namespace fs = std::filesystem;
using charter::testing::FaultVfs;
using test::BillingWorld;
using test::Directory;

const char* const kJune = "consumerco/orders-2026-06";
const char* const kEve = "2026-06-30T20:00:00Z";
const char* const kClosed = "2026-07-01T00:00:00Z";
const char* const kIssued = "2026-07-03T00:00:00Z";

/// A month that is about to end, on disk, and what its bill must be.
class Closing : public ::testing::Test {
 protected:
  Closing() {
    {
      BillingWorld world({.data_dir = eve_.path()});
      world.contract();
      world.provision();
      world.live_until("2026-06-10T00:00:00Z");
      world.scale(1);
      world.live_until(kEve);
    }
    Directory copy;
    auto world = go_on(copy.path());
    close(*world);
    expected_ = world->bytes(kJune);
    EXPECT_EQ(world->invoice(kJune, "status.phase"), "Issued") << world->explain("Invoice", kJune);
  }

  /// A World on a copy of the eve.
  std::unique_ptr<BillingWorld> go_on(const std::string& directory, const std::string& vfs = "") {
    fs::copy(eve_.path(), directory, fs::copy_options::recursive);
    return std::make_unique<BillingWorld>(
        test::WorldOptions{.data_dir = directory, .vfs = vfs, .begin = kEve});
  }
  /// Lives until the bill is issued and a while longer, or until `stopped`.
  static void close(BillingWorld& world, const std::function<bool()>& stopped = {}) {
    for (const char* time : {kClosed, kIssued}) {
      if (world.clock().now() < *parse_time(time)) world.live_until(time);
      if (stopped && stopped()) return;
    }
    world.settle_for(std::chrono::minutes(10));
  }
  void expect_one_bill(BillingWorld& world, const std::string& when) {
    EXPECT_EQ(world.names("Invoice"), std::vector<std::string>{kJune}) << when;
    EXPECT_EQ(world.bytes(kJune), expected_) << when;
  }

  Directory eve_;
  std::string expected_;
};

TEST_F(Closing, WithoutPowerAtAnyCommitThereIsOneBillOfTheSameBytes) {
  int64_t cuts = 0;
  for (int64_t nth = 1;; ++nth) {
    FaultVfs disk;
    Directory directory;
    auto world = go_on(directory.path(), disk.name());
    const auto loss = nth % 2 == 0 ? FaultVfs::Loss::All : FaultVfs::Loss::Torn;
    disk.cut_power_at_sync(nth, loss, static_cast<uint64_t>(nth));
    close(*world, [&disk] { return disk.fired(); });
    if (!disk.fired()) break;
    ++cuts;
    const auto now = format_time(world->clock().now());
    world.reset();
    disk.restore_power();
    world = std::make_unique<BillingWorld>(
        test::WorldOptions{.data_dir = directory.path(), .begin = now});
    close(*world);
    expect_one_bill(*world, "cut at sync " + std::to_string(nth));
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GE(cuts, 3) << "a bill is opened, drafted and issued";
}

TEST_F(Closing, KilledAfterAnyWriteThereIsOneBillOfTheSameBytes) {
  for (int64_t nth = 0;; ++nth) {
    Directory directory;
    auto world = go_on(directory.path());
    // Steps until so many commits were made; then controllers, caches and store are gone.
    const int64_t stop_at = world->commits() + nth;
    bool reached = false;
    for (const char* time : {kClosed, kIssued}) {
      if (reached) break;
      world->clock().advance(*parse_time(time) - world->clock().now());
      while (!(reached = world->commits() >= stop_at) && world->manager().step())
        continue;
    }
    if (!reached) break;
    world->restart();
    close(*world);
    expect_one_bill(*world, "killed after " + std::to_string(nth) + " commits");
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(Closing, ByTwoProgramsAtOnceThereIsOneBillOfTheSameBytes) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    Directory directory;
    auto world = go_on(directory.path());
    DriverPool drivers;
    const auto second = world->second_manager(drivers);
    SeededRandom random(seed);
    for (const char* time : {kEve, kClosed, kIssued}) {
      world->clock().advance(*parse_time(time) - world->clock().now());
      for (int round = 0; round < 40; ++round) {
        // Each goes on for a while before the other sees what it did.
        for (uint64_t steps = random.next() % 30; steps > 0; --steps)
          world->manager().step();
        for (uint64_t steps = random.next() % 30; steps > 0; --steps)
          second->step();
      }
      ASSERT_TRUE(second->settle(1'000'000).quiet);
      world->settle();
    }
    world->settle_for(std::chrono::minutes(10));
    expect_one_bill(*world, "seed " + std::to_string(seed));
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace charter
