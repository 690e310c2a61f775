#include "controller/runtime/limit_turns.h"

#include "controller/runtime/limits.h"
#include "tests/support/local_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <thread>

// Widgets stand for what is limited: each takes spec.size of a rack that holds 10.
namespace charter {
namespace {

using namespace std::chrono_literals;

class LimitTurnsTest : public testing::Test {
 protected:
  /// The state of this moment: a listing of the widgets, with their size as header field.
  class Now final : public View {
   public:
    explicit Now(test::LocalApi& api) : api_(api) {}
    ObjectPtr get(std::string_view, const ObjectName& name) const override {
      const auto found = api_.client()->get(test::kWidgets, name);
      return found ? sized(**found) : nullptr;
    }
    void scan(std::string_view, std::string_view,
              const std::function<bool(const ObjectPtr&)>& visit) const override {
      const auto list = api_.client()->list(test::kWidgets, {});
      ASSERT_TRUE(list);
      for (const ObjectPtr& object : list->objects) {
        if (!visit(sized(*object))) return;
      }
    }

   private:
    static ObjectPtr sized(const Encoded& object) {
      const Json tree = object.tree();
      const int64_t size = int_at(tree, {"spec", "size"}).value_or(0);
      return Encoded::make(tree, object.header().version, {{"size", std::to_string(size)}});
    }
    test::LocalApi& api_;
  };

  static LimitTurns::Claim claim(const std::string& name, int64_t size) {
    return {"test.dev/widgets",
            {"lab", name},
            {{"size", std::to_string(size)}},
            {"test.dev/racks", {"", "r"}}};
  }
  /// At most 10 in all.
  static LimitTurns::Judge fits(const std::string& name, int64_t size) {
    return [name, size](const View& view) -> Status {
      int64_t used = size;
      view.scan("test.dev/widgets", "", [&](const ObjectPtr& object) {
        if (object->header().name != name)
          used += std::stoll(*find_pair(object->header().fields, "size"));
        return true;
      });
      if (used <= 10) return {};
      return Error{Code::Forbidden, "limit 10, asked " + std::to_string(used)};
    };
  }
  Status ask(const std::string& name, int64_t size) {
    return turns_.judge(claim(name, size), live(), fits(name, size));
  }
  std::function<Status(const LimitTurns::Judge&)> live() {
    return [this](const LimitTurns::Judge& judge) { return judge(Now(api_)); };
  }
  void write(const std::string& name, int64_t size) {
    Json made = test::widget(name);
    made["spec"]["size"] = size;
    api_.create(test::kWidgets, made);
  }

  test::LocalApi api_{WriterMode::Thread};
  std::shared_ptr<Client> client_ = api_.client();
  LimitTurns turns_{*client_, "lab", api_.clock()};
};

TEST_F(LimitTurnsTest, TwoThatAreJudgedBeforeEitherIsWrittenSeeEachOther) {
  EXPECT_TRUE(ask("a", 6));
  const auto second = ask("b", 6);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "limit 10, asked 12");
  EXPECT_TRUE(ask("b", 4));
}

TEST_F(LimitTurnsTest, WhatWasWrittenCountsOnce) {
  ASSERT_TRUE(ask("a", 6));
  write("a", 6);
  EXPECT_TRUE(ask("b", 4));
  EXPECT_FALSE(ask("c", 1));
}

TEST_F(LimitTurnsTest, AWriteThatNeverCameIsForgottenInTime) {
  ASSERT_TRUE(ask("a", 6));
  api_.clock().advance(limits::kTurnLife + 1s);
  EXPECT_TRUE(ask("b", 6));
}

TEST_F(LimitTurnsTest, ASecondTryOfTheSameWriteDoesNotCountTwice) {
  EXPECT_TRUE(ask("a", 6));
  EXPECT_TRUE(ask("a", 6));
  EXPECT_TRUE(ask("a", 10));
}

TEST_F(LimitTurnsTest, ADryRunTakesNothing) {
  auto tried = claim("a", 6);
  tried.dry_run = true;
  EXPECT_TRUE(turns_.judge(tried, live(), fits("a", 6)));
  EXPECT_TRUE(ask("b", 10));
}

TEST_F(LimitTurnsTest, LimitsOfTwoObjectsDoNotMeet) {
  EXPECT_TRUE(ask("a", 6));
  auto other = claim("b", 6);
  other.limited_by.name.name = "s";
  EXPECT_TRUE(turns_.judge(other, live(), fits("b", 6)));
}

TEST_F(LimitTurnsTest, OfManyAtOnceExactlyAsManyPassAsFit) {
  std::atomic<int> passed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      LimitTurns own(*client_, "lab", api_.clock());  // as another replica
      const std::string name = "w-" + std::to_string(i);
      if (own.judge(claim(name, 3), live(), fits(name, 3))) ++passed;
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(passed, 3);
}

}  // namespace
}  // namespace charter
