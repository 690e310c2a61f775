#include "controller/runtime/controller.h"

#include "controller/runtime/manager.h"
#include "tests/support/local_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <set>
#include <thread>

namespace charter {
namespace {

using namespace std::chrono_literals;
using test::kConfigMaps;
using test::kRacks;
using test::kWidgets;
using test::widget;

/// Runs a function as reconciler.
class Scripted final : public Reconciler {
 public:
  using Pass = std::function<Outcome(const Runtime&, const ObjectName&)>;
  Scripted(const Runtime& runtime, Pass pass) : runtime_(runtime), pass_(std::move(pass)) {}
  Outcome reconcile(const ObjectName& name) override { return pass_(runtime_, name); }

 private:
  const Runtime runtime_;
  const Pass pass_;
};

ControllerSpec spec_of(Scripted::Pass pass) {
  ControllerSpec spec;
  spec.name = "widget";
  spec.primary = kWidgets;
  spec.make = [pass](const Runtime& runtime) { return std::make_unique<Scripted>(runtime, pass); };
  return spec;
}

/// A World with one controller on widgets whose passes are written down.
class ControllerTest : public ::testing::Test {
 protected:
  Scripted::Pass noting(std::function<Outcome()> outcome = [] { return Outcome::done(); }) {
    return [this, outcome](const Runtime&, const ObjectName& name) {
      passes_.push_back(name.name);
      return outcome();
    };
  }
  void settle() { EXPECT_TRUE(manager_.settle(100'000).quiet); }
  Duration until_due() { return *manager_.next_due() - api_.clock().monotonic(); }

  test::LocalApi api_;
  std::vector<std::string> passes_;
  Manager manager_{api_.manager_parts()};
};

TEST_F(ControllerTest, A_change_behind_ten_thousand_drift_keys_is_acted_on_next) {
  for (int i = 0; i < 10'000; ++i)
    api_.create(kWidgets, widget("w" + std::to_string(i)));
  manager_.add(spec_of(noting()));
  while (passes_.size() < 5)
    ASSERT_TRUE(manager_.step());
  Json next = api_.get(kWidgets, {"lab", "w9999"})->tree();
  next["spec"]["size"] = 5;
  ASSERT_TRUE(api_.client()->update(kWidgets, next, Part::Main));
  while (passes_.size() < 6)
    ASSERT_TRUE(manager_.step());
  EXPECT_EQ(passes_.back(), "w9999");
  settle();
  EXPECT_EQ(passes_.size(), 10'000U) << "the upgraded key is not run twice";
}

TEST_F(ControllerTest, Outcomes_decide_when_a_key_comes_back) {
  struct Row {
    Outcome outcome;
    Duration least, most;  // until the next pass; most 0: none without an event
  };
  const Row rows[] = {
      {Outcome::done(), limits::kResyncInterval * 9 / 10, limits::kResyncInterval * 11 / 10},
      {Outcome::again(3s), 3s, 3s},
      {Outcome::wait(4s, "WaitForCapacity"), 4s, 4s},
      {Outcome::wait({}, "WaitForApproval"), limits::kResyncInterval * 9 / 10,
       limits::kResyncInterval * 11 / 10},
      {Outcome::retry({Code::InternalError, "broken"}), limits::kBackoffMin, limits::kBackoffMin},
      {Outcome::retry({Code::TooManyRequests, "busy", "", {}, {}, 2}), 2s, 2s},
      {Outcome::stuck("UserError"), {}, {}},
  };
  for (const Row& row : rows) {
    test::LocalApi api;
    Manager manager(api.manager_parts());
    int passes = 0;
    manager.add(spec_of([&](const Runtime&, const ObjectName&) {
      ++passes;
      return row.outcome;
    }));
    api.create(kWidgets, widget("a"));
    EXPECT_TRUE(manager.settle(100).quiet) << word_of(row.outcome.kind);
    EXPECT_EQ(passes, 1) << word_of(row.outcome.kind);
    auto due = manager.next_due();
    ASSERT_EQ(due.has_value(), row.most > Duration{}) << word_of(row.outcome.kind);
    if (!due) continue;
    EXPECT_GE(*due - api.clock().monotonic(), row.least) << word_of(row.outcome.kind);
    EXPECT_LE(*due - api.clock().monotonic(), row.most) << word_of(row.outcome.kind);
    api.clock().advance(*due - api.clock().monotonic());
    EXPECT_TRUE(manager.settle(100).quiet);
    EXPECT_EQ(passes, 2) << word_of(row.outcome.kind);
  }
}

TEST_F(ControllerTest, A_stuck_key_comes_back_when_its_object_changes) {
  manager_.add(spec_of(noting([] { return Outcome::stuck("UserError"); })));
  api_.create(kWidgets, widget("a"));
  settle();
  Json next = api_.get(kWidgets, {"lab", "a"})->tree();
  next["spec"]["size"] = 5;
  ASSERT_TRUE(api_.client()->update(kWidgets, next, Part::Main));
  settle();
  EXPECT_EQ(passes_.size(), 2U);
}

TEST_F(ControllerTest, Again_without_delay_runs_until_the_pass_is_done) {
  int left = 5;
  manager_.add(spec_of(noting([&] { return --left > 0 ? Outcome::again() : Outcome::done(); })));
  api_.create(kWidgets, widget("a"));
  settle();
  EXPECT_EQ(passes_.size(), 5U);
}

TEST_F(ControllerTest, Success_forgets_the_back_off) {
  int passes = 0;
  Controller& controller = manager_.add(spec_of(noting([&] {
    return ++passes % 3 ? Outcome::retry({Code::Conflict, "raced"}) : Outcome::done();
  })));
  api_.create(kWidgets, widget("a"));
  settle();
  EXPECT_EQ(until_due(), limits::kBackoffMin);
  api_.clock().advance(until_due());
  settle();
  EXPECT_EQ(until_due(), limits::kBackoffMin * 2);
  api_.clock().advance(until_due());
  settle();
  EXPECT_EQ(controller.queue().failures({"lab", "a"}), 0);
}

TEST_F(ControllerTest, A_deleted_object_gets_one_pass_and_no_drift_check) {
  manager_.add(spec_of(noting()));
  api_.create(kWidgets, widget("a"));
  settle();
  api_.remove(kWidgets, {"lab", "a"});
  settle();
  EXPECT_EQ(passes_, (std::vector<std::string>{"a", "a"}));
  EXPECT_EQ(manager_.next_due(), std::nullopt);
}

TEST_F(ControllerTest, Drift_checks_of_objects_made_together_are_spread) {
  Controller& controller = manager_.add(spec_of(noting()));
  for (int i = 0; i < 50; ++i)
    api_.create(kWidgets, widget("w" + std::to_string(i)));
  settle();
  passes_.clear();
  std::set<Duration> times;
  while (passes_.size() < 50) {
    times.insert(*controller.queue().next_due());
    api_.clock().advance(until_due());
    settle();
  }
  EXPECT_GT(times.size(), 45U);
}

TEST_F(ControllerTest, Mappers_lead_changes_of_other_objects_to_their_keys_before_and_after) {
  ControllerSpec spec = spec_of(noting());
  spec.watches = {{kConfigMaps, map_to_owner("test.dev", "Widget")},
                  {kRacks, map_by_index(kWidgets, "rack")}};
  spec.indexes = {{kWidgets, "rack", index_by_label("rack")}};
  manager_.add(std::move(spec));
  auto a = api_.create(kWidgets, widget("a"));
  auto b = api_.create(kWidgets, widget("b"));
  Json in_rack = widget("c");
  in_rack["metadata"]["labels"]["rack"] = "r1";
  api_.create(kWidgets, in_rack);
  settle();
  passes_.clear();
  Json config = {{"apiVersion", "v1"},
                 {"kind", "ConfigMap"},
                 {"metadata", {{"name", "m"}, {"namespace", "lab"}}}};
  config["metadata"]["ownerReferences"] = Json::array({test::owner_reference(*a)});
  Json stored = api_.create(kConfigMaps, config)->tree();
  settle();
  EXPECT_EQ(std::exchange(passes_, {}), (std::vector<std::string>{"a"}));
  stored["metadata"]["ownerReferences"] = Json::array({test::owner_reference(*b)});
  ASSERT_TRUE(api_.client()->update(kConfigMaps, stored, Part::Main));
  settle();
  EXPECT_EQ(std::exchange(passes_, {}), (std::vector<std::string>{"a", "b"}));
  api_.create(kRacks,
              {{"apiVersion", "test.dev/v1"}, {"kind", "Rack"}, {"metadata", {{"name", "r1"}}}});
  settle();
  EXPECT_EQ(passes_, (std::vector<std::string>{"c"}));
}

TEST_F(ControllerTest, Passes_are_counted_by_outcome) {
  manager_.add(spec_of(noting([] { return Outcome::stuck("UserError"); })));
  api_.create(kWidgets, widget("a"));
  settle();
  const std::string text = api_.metrics().expose();
  EXPECT_NE(
      text.find("controller_runtime_reconcile_total{controller=\"widget\",result=\"stuck\"} 1"),
      std::string::npos)
      << text;
}

TEST_F(ControllerTest, Writes_are_tracked_as_the_controller_field_manager) {
  manager_.add(spec_of([&](const Runtime& runtime, const ObjectName& name) {
    Json next = runtime.caches.get("test.dev/widgets", name)->tree();
    if (next.contains("status")) return Outcome::done();
    next["status"]["seen"] = 1;
    EXPECT_TRUE(runtime.client.update(kWidgets, next, Part::Status));
    return Outcome::done();
  }));
  api_.create(kWidgets, widget("a"));
  settle();
  const Json fields = api_.get(kWidgets, {"lab", "a"})->tree()["metadata"]["managedFields"];
  ASSERT_EQ(fields.size(), 2U) << fields.dump(1);
  EXPECT_NE(fields.dump().find("charter-widget"), std::string::npos);
}

/// A pass that makes one ConfigMap with a generated name unless the cache shows one: on a stale
/// cache it makes a second.
Outcome ensure_child(const Runtime& runtime, const ObjectName& name) {
  ObjectPtr self = runtime.caches.get("test.dev/widgets", name);
  if (!self) return Outcome::done();
  if (!runtime.caches.owned_by("/configmaps", self->header().uid).empty()) return Outcome::done();
  Json child = {{"apiVersion", "v1"},
                {"kind", "ConfigMap"},
                {"metadata", {{"generateName", "c-"}, {"namespace", name.ns}}}};
  child["metadata"]["ownerReferences"] = Json::array({test::owner_reference(*self)});
  auto created = runtime.client.create(kConfigMaps, child);
  return created ? Outcome::again() : Outcome::retry(created.error());
}

/// A World whose watches may lag.
class WriteTrackerTest : public ::testing::Test {
 protected:
  Controller& add(Scripted::Pass pass) {
    ControllerSpec spec = spec_of(std::move(pass));
    spec.reads = {kConfigMaps};
    return manager_.add(std::move(spec));
  }
  test::LocalApi api_;
  std::vector<std::shared_ptr<test::FaultyClient>> clients_;
  Manager manager_{
      api_.manager_parts([this](std::shared_ptr<Client> inner) -> std::shared_ptr<Client> {
        clients_.push_back(std::make_shared<test::FaultyClient>(std::move(inner)));
        return clients_.back();
      })};
};

TEST_F(WriteTrackerTest, A_key_never_runs_before_its_own_create_is_visible) {
  Controller& controller = add(ensure_child);
  api_.create(kWidgets, widget("a"));
  while (api_.count(kConfigMaps) == 0) {
    ASSERT_TRUE(manager_.step());
    if (controller.queue().depth() > 0) clients_[0]->hold_watches();
  }
  EXPECT_TRUE(manager_.settle(1'000).quiet);
  EXPECT_EQ(controller.held(), 1U);
  EXPECT_EQ(api_.count(kConfigMaps), 1U) << "the stale cache was acted on";
  clients_[0]->release_watches();
  EXPECT_TRUE(manager_.settle(1'000).quiet);
  EXPECT_EQ(controller.held(), 0U);
  EXPECT_EQ(api_.count(kConfigMaps), 1U);
}

TEST_F(WriteTrackerTest, A_key_never_runs_before_its_own_delete_is_visible) {
  int removes = 0;
  Controller& controller = add([&](const Runtime& runtime, const ObjectName& name) {
    if (!runtime.caches.get("/configmaps", name)) return Outcome::done();
    ++removes;
    EXPECT_TRUE(runtime.client.remove(kConfigMaps, name, {}));
    return Outcome::again();
  });
  api_.create(kConfigMaps, {{"apiVersion", "v1"},
                            {"kind", "ConfigMap"},
                            {"metadata", {{"name", "a"}, {"namespace", "lab"}}}});
  api_.create(kWidgets, widget("a"));
  while (controller.queue().depth() == 0)
    ASSERT_TRUE(manager_.step());
  clients_[0]->hold_watches();
  EXPECT_TRUE(manager_.settle(1'000).quiet);
  EXPECT_EQ(controller.held(), 1U);
  clients_[0]->release_watches();
  EXPECT_TRUE(manager_.settle(1'000).quiet);
  EXPECT_EQ(removes, 1);
}

TEST_F(WriteTrackerTest, Other_keys_go_on_while_one_waits_for_its_write) {
  std::map<std::string, int> passes;
  Controller& controller = add([&](const Runtime& runtime, const ObjectName& name) {
    ++passes[name.name];
    return name.name == "a" ? ensure_child(runtime, name) : Outcome::done();
  });
  api_.create(kWidgets, widget("a"));
  api_.create(kWidgets, widget("b"));
  while (controller.queue().depth() == 0)
    ASSERT_TRUE(manager_.step());
  clients_[0]->hold_watches();
  EXPECT_TRUE(manager_.settle(1'000).quiet);
  controller.add({"lab", "a"}, Priority::User);
  controller.add({"lab", "b"}, Priority::User);
  EXPECT_TRUE(manager_.settle(1'000).quiet);
  EXPECT_EQ(passes["a"], 1);
  EXPECT_EQ(passes["b"], 2);
}

}  // namespace
}  // namespace charter
