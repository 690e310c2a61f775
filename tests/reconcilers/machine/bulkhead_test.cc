#include "controller/base/limits.h"
#include "tests/reconcilers/machine/machine_world.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>

// Real workers, so that a call that does not come back holds one.
namespace charter::test {
namespace {

using namespace std::chrono_literals;

constexpr int kHungMachines = 30;
std::string on_provider(std::string yaml, const std::string& provider) {
  const std::string mark = "name: p}";
  return yaml.replace(yaml.find(mark), mark.size(), "name: " + provider + "}");
}

/// A live World with the providers "p" and "q".
class LiveWorld : public MachineWorld {
 public:
  LiveWorld() {
    apply(on_provider(kProvider, "q"));
    settle();
    manager().start();
  }
  /// Moves the clock while the workers work, until `done`; false after two minutes. As fast as real
  /// time: faster, a busy machine would live through deadlines before their calls have begun and
  /// through drift checks of what hangs. While nothing hangs it may go `speed` times as fast.
  bool run_until(const std::function<bool()>& done, int speed = 1) {
    const SystemClock real;
    const Duration began = real.monotonic();
    for (Duration last = began; !done();) {
      const Duration now = real.monotonic();
      if (now > began + 2min) return false;
      clock().advance((now - std::exchange(last, now)) * speed);
      std::this_thread::yield();
    }
    return true;
  }
};

TEST(Bulkhead, AProviderThatHangsHoldsItsOwnWorkersAndMachinesOfOthersConverge) {
  LiveWorld world;
  world.faults().hang("p");
  for (int i = 0; i < kHungMachines; ++i)
    world.apply(machine_yaml("hung-" + std::to_string(i)));
  const auto held = static_cast<int>(limits::kWorkersPerProviderMax);
  ASSERT_TRUE(world.run_until([&] { return world.faults().hanging() >= held; }));
  for (int i = 0; i < 3; ++i)
    world.apply(on_provider(machine_yaml("fine-" + std::to_string(i)), "q"));
  EXPECT_TRUE(world.run_until([&] {
    return world.is("Machine", "shop/fine-0", "Ready") &&
           world.is("Machine", "shop/fine-1", "Ready") &&
           world.is("Machine", "shop/fine-2", "Ready");
  })) << world.explain("Machine", "shop/fine-0");
  // The provider's own pass may hang as well; it is another controller's.
  EXPECT_LE(world.faults().hanging(), held + 1);
  EXPECT_FALSE(world.is("Machine", "shop/hung-0", "Ready"));
  world.faults().hang("");
  // Nothing hangs any more; on a busy machine the back-off of what did may have grown to minutes.
  EXPECT_TRUE(world.run_until([&] { return world.is("Machine", "shop/hung-0", "Ready"); }, 5));
  EXPECT_TRUE(world.manager().stop());
}

}  // namespace
}  // namespace charter::test
