#include "controller/runtime/metering_client.h"

#include "controller/runtime/ledger_keeper.h"
#include "tests/support/local_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>

// Widgets that say in status.seen since when they are charged for.
namespace charter {
namespace {

using namespace std::chrono_literals;

/// What a ledger was told, in order; fails when told to.
class ToldLedger final : public LedgerWriter {
 public:
  std::vector<std::string> told;
  int failures = 0;
  std::vector<std::string> lasting;

  Status record(const std::string& subject, const std::vector<MeterSpan>& spans) override {
    if (failures > 0) {
      --failures;
      return Error{Code::InsufficientStorage, "no space is left"};
    }
    if (spans.empty()) return {};
    told.push_back(subject + " #" + std::to_string(spans[0].number));
    return {};
  }
  Status record_end(const std::string& subject, int64_t) override {
    told.push_back(subject + " end");
    return {};
  }
  Result<std::vector<std::string>> open_subjects() const override { return lasting; }
};

class MeteringClientTest : public testing::Test {
 protected:
  MeteringClientTest() {
    hooks_["test.dev/widgets"].meter = [](const Json& object) {
      std::vector<MeterSpan> spans;
      const auto seen = int_at(object, {"status", "seen"});
      if (seen) spans.push_back({.meter = "m", .basis = "b", .number = *seen});
      return spans;
    };
    made_ = api_.create(test::kWidgets, test::widget("a"));
    uid_ = made_->header().uid;
  }
  MeteringParts parts() {
    return {hooks_, ledger_, api_.clock(), api_.metrics(),
            [this](std::string_view, const ObjectName& name) {
              return api_.get(test::kWidgets, name);
            }};
  }
  Result<ObjectPtr> say(int64_t seen) {
    Json tree = api_.get(test::kWidgets, {"lab", "a"})->tree();
    tree["status"]["seen"] = seen;
    return client_.update(test::kWidgets, tree, Part::Status);
  }
  using Told = std::vector<std::string>;

  test::LocalApi api_;
  HookTable hooks_;
  ToldLedger ledger_;
  MeteringClient client_{api_.client(), parts()};
  ObjectPtr made_;
  std::string uid_;
};

TEST_F(MeteringClientTest, RecordsWhatIsReplacedAndThenWhatIsWritten) {
  ASSERT_TRUE(say(1));
  EXPECT_EQ(ledger_.told, (Told{uid_ + " #1"}));
  ASSERT_TRUE(say(2));
  EXPECT_EQ(ledger_.told, (Told{uid_ + " #1", uid_ + " #1", uid_ + " #2"}));
}

TEST_F(MeteringClientTest, AStateThatIsNotOnRecordIsNotReplaced) {
  ASSERT_TRUE(say(1));
  ledger_.failures = 1;
  const auto refused = say(2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::InsufficientStorage);
  EXPECT_EQ(api_.get(test::kWidgets, {"lab", "a"})->tree()["status"]["seen"], 1);
}

TEST_F(MeteringClientTest, ALastFinalizerThatGoesEndsTheObject) {
  Json tree = made_->tree();
  tree["metadata"]["finalizers"] = std::vector<std::string>{"test.dev/keep"};
  ASSERT_TRUE(client_.update(test::kWidgets, tree, Part::Main));
  ASSERT_TRUE(say(1));
  ASSERT_TRUE(client_.remove(test::kWidgets, {"lab", "a"}, {}));
  tree = api_.get(test::kWidgets, {"lab", "a"})->tree();
  tree["metadata"].erase("finalizers");
  ledger_.told.clear();
  ASSERT_TRUE(client_.update(test::kWidgets, tree, Part::Main));
  EXPECT_EQ(ledger_.told.back(), uid_ + " end");
}

TEST_F(MeteringClientTest, OtherKindsAreNotLookedAt) {
  ASSERT_TRUE(client_.create(test::kConfigMaps, {{"apiVersion", "v1"},
                                                 {"kind", "ConfigMap"},
                                                 {"metadata", {{"namespace", "lab"}, {"name", "c"}}}}));
  Json tree = api_.get(test::kConfigMaps, {"lab", "c"})->tree();
  tree["data"] = {{"a", "b"}};
  ASSERT_TRUE(client_.update(test::kConfigMaps, tree, Part::Main));
  EXPECT_TRUE(ledger_.told.empty());
}

TEST_F(MeteringClientTest, ATermBeginsWithEverythingThereIsAndTheEndOfWhatIsGone) {
  ASSERT_TRUE(say(3));
  ledger_.told.clear();
  ledger_.lasting = {uid_, "somebody-else"};
  Manager manager(api_.manager_parts());
  LedgerKeeper keeper(manager, parts(), {test::kWidgets});
  ASSERT_TRUE(keeper.catch_up());
  EXPECT_EQ(ledger_.told, (Told{uid_ + " #3", "somebody-else end"}));
  ledger_.failures = 1;
  EXPECT_FALSE(keeper.catch_up()) << "no worker may run before it is done";
}

}  // namespace
}  // namespace charter
