#include "tests/drivers/sim_bench.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

// Ten thousand machines: the size at which the product must converge within ten seconds. The limits
// here are wide (debug build, sanitizers, a busy machine): they catch a quadratic step, the printed
// figures say the rest.
namespace charter {
namespace {

constexpr int kMachines = 10'000;
constexpr const char* kManyHosts =
    R"({"hosts":[{"name":"h1","vcpus":100000,"memory":"100Ti","storage":"1Pi"},)"
    R"({"name":"h2","vcpus":100000,"memory":"100Ti","storage":"1Pi"}]})";

class Stopwatch {
 public:
  int64_t ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.monotonic() - start_)
        .count();
  }

 private:
  SystemClock clock_;
  Duration start_ = clock_.monotonic();
};

TEST(SimScale, TenThousandMachinesAreMadeStartedObservedAndListedQuickly) {
  TempDir directory;
  SimBench bench(kManyHosts, directory.path());
  const Stopwatch calls;
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 2; ++worker) {
    workers.emplace_back([&bench, worker] {
      for (int i = worker; i < kMachines; i += 2) {
        const std::string uid = "00000000-0000-4000-8000-" + std::to_string(100'000'000'000 + i);
        EXPECT_TRUE(bench.driver().create(bench.spec(uid)));
        EXPECT_TRUE(bench.driver().set_power(uid, PowerState::On));
        EXPECT_TRUE(bench.driver().observe(uid));
      }
    });
  }
  for (std::thread& worker : workers)
    worker.join();
  const int64_t calls_ms = calls.ms();
  bench.settle();

  const Stopwatch look;
  const auto inventory = bench.driver().look();
  const int64_t look_ms = look.ms();
  ASSERT_TRUE(inventory);
  EXPECT_EQ(inventory->machines.size(), static_cast<size_t>(kMachines));

  const Stopwatch proof;
  const auto histories = bench.admin().histories();
  const int64_t proof_ms = proof.ms();
  ASSERT_TRUE(histories);
  EXPECT_EQ(histories->size(), static_cast<size_t>(kMachines));
  for (const SimHistory& history : *histories)
    ASSERT_TRUE(history.is_sound());

  std::printf("%d machines: %d calls %lld ms, look %lld ms, proof %lld ms\n", kMachines,
              3 * kMachines, static_cast<long long>(calls_ms), static_cast<long long>(look_ms),
              static_cast<long long>(proof_ms));
  EXPECT_LT(calls_ms, 60'000);
  EXPECT_LT(look_ms, 3'000);
}

}  // namespace
}  // namespace charter
