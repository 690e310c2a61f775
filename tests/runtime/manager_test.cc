#include "controller/runtime/manager.h"

#include "tests/support/local_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <atomic>

namespace charter {
namespace {

using namespace std::chrono_literals;
using test::kWidgets;
using test::widget;

/// Writes status.seen = spec.size, and checks that no key runs twice at once.
class Copier final : public Reconciler {
 public:
  struct Watched {
    std::array<std::atomic<int>, 300> running{};
    std::atomic<int> overlaps{0};
    std::atomic<int> passes{0};
  };
  Copier(const Runtime& runtime, Watched& watched) : runtime_(runtime), watched_(watched) {}
  Outcome reconcile(const ObjectName& name) override {
    auto& running = watched_.running[static_cast<size_t>(std::stoi(name.name.substr(1)))];
    if (running.fetch_add(1) != 0) ++watched_.overlaps;
    ++watched_.passes;
    const Outcome outcome = copy(name);
    running.fetch_sub(1);
    return outcome;
  }

 private:
  Outcome copy(const ObjectName& name) {
    ObjectPtr object = runtime_.caches.get("test.dev/widgets", name);
    if (!object) return Outcome::done();
    Json next = object->tree();
    if (int_at(next, {"status", "seen"}) == int_at(next, {"spec", "size"})) return Outcome::done();
    next["status"]["seen"] = next["spec"]["size"];
    auto written = runtime_.client.update(kWidgets, next, Part::Status);
    return written ? Outcome::again() : Outcome::retry(written.error());
  }
  const Runtime runtime_;
  Watched& watched_;
};

ControllerSpec copier(Copier::Watched& watched) {
  ControllerSpec spec;
  spec.name = "copier";
  spec.primary = kWidgets;
  spec.make = [&](const Runtime& runtime) { return std::make_unique<Copier>(runtime, watched); };
  return spec;
}

bool all_copied(test::LocalApi& api) {
  const auto list = api.client()->list(kWidgets, {});
  for (const ObjectPtr& object : list->objects) {
    const Json tree = object->tree();
    if (int_at(tree, {"status", "seen"}) != int_at(tree, {"spec", "size"})) return false;
  }
  return true;
}

TEST(ManagerTest, Settles_deterministically_and_a_second_settle_does_nothing) {
  std::vector<size_t> steps;
  for (int run = 0; run < 2; ++run) {
    test::LocalApi api;
    Copier::Watched watched;
    Manager manager(api.manager_parts());
    manager.add(copier(watched));
    for (int i = 0; i < 100; ++i)
      api.create(kWidgets, widget("w" + std::to_string(i)));
    const Settled settled = manager.settle(10'000);
    EXPECT_TRUE(settled.quiet);
    EXPECT_TRUE(all_copied(api));
    steps.push_back(settled.steps);
    const int64_t revision = api.store().revision();
    EXPECT_EQ(manager.settle(10'000).steps, 0U);
    EXPECT_EQ(api.store().revision(), revision);
    api.clock().advance(limits::kResyncInterval * 2);
    EXPECT_TRUE(manager.settle(10'000).quiet);
    EXPECT_EQ(api.store().revision(), revision) << "drift checks of a settled world write nothing";
  }
  EXPECT_EQ(steps[0], steps[1]);
}

TEST(ManagerTest, Settle_says_when_the_bound_was_too_small) {
  test::LocalApi api;
  Copier::Watched watched;
  Manager manager(api.manager_parts());
  manager.add(copier(watched));
  for (int i = 0; i < 10; ++i)
    api.create(kWidgets, widget("w" + std::to_string(i)));
  EXPECT_FALSE(manager.settle(3).quiet);
}

TEST(ManagerTest, No_pass_runs_before_all_caches_are_in_sync) {
  test::LocalApi api;
  Copier::Watched watched;
  std::shared_ptr<test::FaultyClient> faulty;
  Manager manager(api.manager_parts([&](std::shared_ptr<Client> inner) -> std::shared_ptr<Client> {
    auto made = std::make_shared<test::FaultyClient>(std::move(inner));
    if (!faulty) faulty = made;
    return made;
  }));
  manager.add(copier(watched)).add({"lab", "w1"}, Priority::User);
  faulty->fail_next("list", {Code::ServiceUnavailable, "away"});
  EXPECT_TRUE(manager.settle(100).quiet);
  EXPECT_EQ(watched.passes, 0);
  api.clock().advance(*manager.caches().next_due() - api.clock().monotonic());
  EXPECT_TRUE(manager.settle(100).quiet);
  EXPECT_EQ(watched.passes, 1);
}

/// LocalApi's parts with the machine's clock, for live managers.
ManagerParts live_parts(test::LocalApi& api, const SystemClock& clock) {
  return {[&api](const std::string& manager) { return api.client(manager); }, clock, api.random(),
          api.metrics()};
}

TEST(ManagerLive, Converges_under_load_with_no_key_on_two_workers_and_stops_in_order) {
  test::LocalApi api(WriterMode::Thread);
  SystemClock clock;
  Copier::Watched watched;
  Manager manager(live_parts(api, clock));
  manager.add(copier(watched));
  manager.start();
  ASSERT_TRUE(manager.wait_ready(10s));
  auto client = api.client();
  for (int i = 0; i < 300; ++i)
    api.create(kWidgets, widget("w" + std::to_string(i)));
  for (int round = 2; round < 6; ++round) {
    for (int i = 0; i < 300; i += 7) {
      Json next = api.get(kWidgets, {"lab", "w" + std::to_string(i)})->tree();
      next["spec"]["size"] = round;
      (void)client->update(kWidgets, next, Part::Main);  // may lose against the controller
    }
  }
  const Duration deadline = clock.monotonic() + 60s;
  while (!all_copied(api) && clock.monotonic() < deadline)
    std::this_thread::yield();
  EXPECT_TRUE(all_copied(api));
  EXPECT_TRUE(manager.stop());
  EXPECT_TRUE(manager.stop()) << "idempotent";
  EXPECT_EQ(watched.overlaps, 0);
  const int passes = watched.passes;
  api.create(kWidgets, widget("w0", "default"));
  EXPECT_EQ(watched.passes, passes);
}

TEST(ManagerLive, Stops_while_keys_are_queued_and_passes_run) {
  test::LocalApi api(WriterMode::Thread);
  SystemClock clock;
  Copier::Watched watched;
  for (int i = 0; i < 300; ++i)
    api.create(kWidgets, widget("w" + std::to_string(i)));
  Manager manager(live_parts(api, clock));
  Controller& controller = manager.add(copier(watched));
  manager.start();
  while (watched.passes == 0)
    std::this_thread::yield();
  EXPECT_TRUE(manager.stop());
  EXPECT_EQ(controller.queue().running(), 0U);
  EXPECT_EQ(controller.queue().depth(), 0U);
}

TEST(ManagerLive, Stops_before_it_was_ever_ready) {
  test::LocalApi api(WriterMode::Thread);
  SystemClock clock;
  Copier::Watched watched;
  Manager manager(live_parts(api, clock));
  ControllerSpec spec = copier(watched);
  spec.reads = {{"nobody.dev", "v1", "things"}};
  manager.add(std::move(spec));
  manager.start();
  EXPECT_FALSE(manager.wait_ready(1ms));
  EXPECT_TRUE(manager.stop());
  EXPECT_EQ(watched.passes, 0);
}

/// Passes that do not end before so many run beside each other.
class Crowd final : public Reconciler {
 public:
  Crowd(std::atomic<int>& inside, int wanted) : inside_(inside), wanted_(wanted) {}
  Outcome reconcile(const ObjectName&) override {
    ++inside_;
    while (inside_ < wanted_)
      std::this_thread::yield();
    return Outcome::done();
  }

 private:
  std::atomic<int>& inside_;
  const int wanted_;
};

TEST(ManagerLive, Workers_come_when_they_are_needed_up_to_what_the_controller_wants) {
  test::LocalApi api(WriterMode::Thread);
  SystemClock clock;
  std::atomic<int> inside{0};
  ControllerSpec spec;
  spec.name = "crowd";
  spec.primary = kWidgets;
  spec.workers = {6, 0};
  spec.make = [&](const Runtime&) { return std::make_unique<Crowd>(inside, 6); };
  auto parts = live_parts(api, clock);
  Manager manager(std::move(parts));
  manager.add(std::move(spec));
  manager.start();
  ASSERT_TRUE(manager.wait_ready(10s));
  EXPECT_EQ(manager.worker_threads(), 1U);
  for (int i = 0; i < 6; ++i)
    api.create(kWidgets, widget("w" + std::to_string(i)));
  while (inside < 6)  // they wait for each other: with fewer workers they wait for ever
    std::this_thread::yield();
  EXPECT_EQ(manager.worker_threads(), 6U);
  EXPECT_TRUE(manager.stop());
}

}  // namespace
}  // namespace charter
