#include "controller/api/watch_stream.h"

#include "controller/base/limits.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>

namespace charter::test {
namespace {

using namespace std::chrono_literals;

/// Watches pulled by hand, as the wire does.
class WatchStreamTest : public testing::Test {
 protected:
  /// Opens a watch over HTTP; `query` without the leading "watch=true".
  std::unique_ptr<BodyStream> watch(const std::string& query = {}, const std::string& accept = {}) {
    Ask what{"GET", kWidgetsPath + "?watch=true" + (query.empty() ? "" : "&" + query)};
    if (!accept.empty()) what.headers = {{"accept", accept}};
    Answer answer = api_.ask(std::move(what));
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_TRUE(answer.stream);
    if (answer.stream) answer.stream->on_ready([this] { ++woken_; });
    return std::move(answer.stream);
  }

  void create(const std::string& name, const Json& spec, const Json& metadata = Json()) {
    const Answer answer = api_.post(kWidgetsPath, shop_widget(name, spec, metadata));
    ASSERT_EQ(answer.status, 201) << answer.body;
  }

  std::string from_now() { return "resourceVersion=" + std::to_string(api_.store().revision()); }

  /// "ADDED a", "BOOKMARK", …
  std::vector<std::string> words(BodyStream& stream, bool* ended = nullptr) {
    std::vector<std::string> out;
    for (const Json& event : drain(stream, ended)) {
      const std::string name = text_at(event, {"object", "metadata", "name"});
      out.push_back(event["type"].get<std::string>() + (name.empty() ? "" : " " + name));
    }
    return out;
  }

  using Words = std::vector<std::string>;
  ServedApi api_;
  int woken_ = 0;
};

TEST_F(WatchStreamTest, Starts_with_what_there_is_and_goes_on_with_changes) {
  create("a", {{"size", 1}});
  auto stream = watch();
  EXPECT_EQ(words(*stream), Words{"ADDED a"});
  EXPECT_EQ(words(*stream), Words{});
  create("b", {{"size", 1}});
  EXPECT_GT(woken_, 0);
  api_.merge(kWidgetsPath + "/a", {{"spec", {{"size", 2}}}});
  api_.remove(kWidgetsPath + "/b");
  EXPECT_EQ(words(*stream), (Words{"ADDED b", "MODIFIED a", "DELETED b"}));
}

TEST_F(WatchStreamTest, Is_not_woken_by_other_kinds_nor_sent_other_namespaces) {
  auto stream = watch(from_now());
  ASSERT_EQ(api_.post(kRacksPath, {{"apiVersion", "shop.dev/v1"}, {"kind", "Rack"}, {"metadata", {{"name", "r"}}}}).status, 201);
  EXPECT_EQ(woken_, 0);
  ASSERT_EQ(api_.post("/api/v1/namespaces", {{"metadata", {{"name", "other"}}}}).status, 201);
  Json foreign = shop_widget("x");
  foreign["metadata"]["namespace"] = "other";
  ASSERT_EQ(api_.post("/apis/shop.dev/v1/namespaces/other/widgets", foreign).status, 201);
  EXPECT_EQ(words(*stream), Words{});
}

TEST_F(WatchStreamTest, Resumes_after_the_version_it_is_given) {
  create("a", {{"size", 1}});
  const std::string seen = from_now();
  create("b", {{"size", 1}});
  create("c", {{"size", 1}});
  auto stream = watch(seen);
  const auto events = drain(*stream);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0]["object"]["metadata"]["name"], "b");
  EXPECT_EQ(events[1]["object"]["metadata"]["name"], "c");
  EXPECT_LT(std::stoll(text_at(events[0], {"object", "metadata", "resourceVersion"})),
            std::stoll(text_at(events[1], {"object", "metadata", "resourceVersion"})));
}

TEST_F(WatchStreamTest, Version_zero_means_the_state_now_and_a_future_one_waits) {
  create("a", {{"size", 1}});
  EXPECT_EQ(words(*watch("resourceVersion=0")), Words{"ADDED a"});
  auto early = watch("resourceVersion=" + std::to_string(api_.store().revision() + 1));
  EXPECT_EQ(words(*early), Words{});
  create("skipped", {{"size", 1}});
  create("seen", {{"size", 1}});
  EXPECT_EQ(words(*early), Words{"ADDED seen"});
}

TEST_F(WatchStreamTest, A_deleted_object_is_shown_with_the_version_of_its_deletion) {
  create("a", {{"size", 1}});
  auto stream = watch(from_now());
  api_.remove(kWidgetsPath + "/a");
  const auto events = drain(*stream);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0]["object"]["metadata"]["resourceVersion"], std::to_string(api_.store().revision()));
  EXPECT_EQ(events[0]["object"]["spec"]["size"], 1);
}

TEST_F(WatchStreamTest, Entering_a_selection_is_added_and_leaving_it_deleted) {
  create("a", {{"size", 1}, {"color", "red"}});
  auto stream = watch("fieldSelector=spec.color%3Dblue&" + from_now());
  auto labelled = watch("labelSelector=app%3Dx&" + from_now());
  api_.merge(kWidgetsPath + "/a", {{"spec", {{"color", "blue"}}}, {"metadata", {{"labels", {{"app", "x"}}}}}});
  api_.merge(kWidgetsPath + "/a", {{"spec", {{"size", 2}}}});
  api_.merge(kWidgetsPath + "/a", {{"spec", {{"color", "green"}}}, {"metadata", {{"labels", {{"app", "y"}}}}}});
  const int64_t left_at = api_.store().revision();
  api_.remove(kWidgetsPath + "/a");
  const auto events = drain(*stream);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0]["type"], "ADDED");
  EXPECT_EQ(events[1]["type"], "MODIFIED");
  EXPECT_EQ(events[2]["type"], "DELETED");
  EXPECT_EQ(events[2]["object"]["spec"]["color"], "blue") << "the last state that matched";
  EXPECT_EQ(events[2]["object"]["metadata"]["resourceVersion"], std::to_string(left_at));
  EXPECT_EQ(words(*labelled), (Words{"ADDED a", "MODIFIED a", "DELETED a"}));
}

TEST_F(WatchStreamTest, One_object_is_watched_by_its_name) {
  create("a", {{"size", 1}});
  create("b", {{"size", 1}});
  EXPECT_EQ(words(*watch("fieldSelector=metadata.name%3Db")), Words{"ADDED b"});
  Answer answer = api_.get("/apis/shop.dev/v1/watch/namespaces/lab/widgets/a");
  ASSERT_TRUE(answer.stream);
  EXPECT_EQ(words(*answer.stream), Words{"ADDED a"});
}

TEST_F(WatchStreamTest, A_watch_list_closes_its_initial_state_with_a_marked_bookmark) {
  create("a", {{"size", 1}});
  auto stream = watch("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
  const auto events = drain(*stream);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0]["type"], "ADDED");
  EXPECT_EQ(events[1]["type"], "BOOKMARK");
  const Json& object = events[1]["object"];
  EXPECT_EQ(object["kind"], "Widget");
  EXPECT_EQ(object["apiVersion"], "shop.dev/v1");
  EXPECT_EQ(object["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
  EXPECT_EQ(object["metadata"]["resourceVersion"], std::to_string(api_.store().revision()));
  EXPECT_FALSE(object["metadata"].contains("name"));
}

TEST_F(WatchStreamTest, Bookmarks_come_each_minute_and_only_when_asked_for) {
  auto asked = watch("allowWatchBookmarks=true&" + from_now());
  auto plain = watch(from_now());
  EXPECT_EQ(words(*asked), Words{});
  EXPECT_EQ(asked->wake_after(), Duration(limits::kBookmarkInterval));
  // What happens to other kinds moves the bookmark on, so that a resume does not fall behind.
  ASSERT_EQ(api_.post(kRacksPath, {{"apiVersion", "shop.dev/v1"}, {"kind", "Rack"}, {"metadata", {{"name", "r"}}}}).status, 201);
  api_.clock().advance(limits::kBookmarkInterval);
  EXPECT_EQ(asked->wake_after(), Duration(0));
  const auto events = drain(*asked);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0]["type"], "BOOKMARK");
  EXPECT_EQ(events[0]["object"]["metadata"]["resourceVersion"], std::to_string(api_.store().revision()));
  EXPECT_EQ(words(*asked), Words{});
  EXPECT_EQ(words(*plain), Words{});
}

TEST_F(WatchStreamTest, Ends_after_the_seconds_it_was_given) {
  auto stream = watch("timeoutSeconds=30&" + from_now());
  EXPECT_EQ(stream->wake_after(), Duration(30s));
  api_.clock().advance(29s);
  bool ended = true;
  EXPECT_EQ(words(*stream, &ended), Words{});
  EXPECT_FALSE(ended);
  create("late", {{"size", 1}});
  api_.clock().advance(1s);
  EXPECT_EQ(words(*stream, &ended), Words{"ADDED late"}) << "what is there is sent before the end";
  EXPECT_TRUE(ended);
}

TEST_F(WatchStreamTest, Lives_half_an_hour_to_an_hour_by_default) {
  auto stream = watch(from_now());
  bool ended = true;
  api_.clock().advance(limits::kWatchTimeoutMin - 1s);
  EXPECT_EQ(words(*stream, &ended), Words{});
  EXPECT_FALSE(ended);
  api_.clock().advance(limits::kWatchTimeoutMin + 1s);
  EXPECT_EQ(words(*stream, &ended), Words{});
  EXPECT_TRUE(ended);
}

TEST_F(WatchStreamTest, An_expired_cursor_gets_an_error_event_and_the_end) {
  create("a", {{"size", 1}});
  const std::string old = from_now();
  create("b", {{"size", 1}});
  create("c", {{"size", 1}});
  api_.store().compact(api_.store().revision());
  auto stream = watch(old);
  bool ended = false;
  const auto events = drain(*stream, &ended);
  EXPECT_TRUE(ended);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0]["type"], "ERROR");
  EXPECT_EQ(events[0]["object"]["kind"], "Status");
  EXPECT_EQ(events[0]["object"]["code"], 410);
  EXPECT_EQ(events[0]["object"]["reason"], "Expired");
  EXPECT_TRUE(events[0]["object"]["message"].get<std::string>().starts_with("too old resource version: "));
  EXPECT_EQ(words(*watch(from_now())), Words{}) << "the newest version is never too old";
}

TEST_F(WatchStreamTest, A_table_watch_has_columns_in_its_first_event_only) {
  create("a", {{"size", 1}});
  auto stream = watch("includeObject=None", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
  create("b", {{"size", 2}});
  const auto events = drain(*stream);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0]["object"]["kind"], "Table");
  EXPECT_EQ(events[0]["object"]["columnDefinitions"][0]["name"], "Name");
  EXPECT_EQ(events[0]["object"]["rows"][0]["cells"][0], "a");
  EXPECT_TRUE(events[1]["object"]["columnDefinitions"].is_null());
  EXPECT_EQ(events[1]["object"]["rows"][0]["cells"][1], 2);
  EXPECT_EQ(events[1]["object"]["rows"][0].value("object", Json("absent")), Json());
}

TEST_F(WatchStreamTest, Ages_in_a_table_are_those_of_the_moment_they_are_sent) {
  create("a", {{"size", 1}});
  auto stream = watch(from_now(), "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
  api_.clock().advance(10min);
  api_.merge(kWidgetsPath + "/a", {{"spec", {{"size", 2}}}});
  const auto events = drain(*stream);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0]["object"]["rows"][0]["cells"][3], "10m");
}

TEST_F(WatchStreamTest, Partial_metadata_can_be_watched) {
  create("a", {{"size", 1}});
  auto stream = watch("allowWatchBookmarks=true", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io");
  const auto events = drain(*stream);
  ASSERT_EQ(events.size(), 2u);
  for (const Json& event : events) EXPECT_EQ(event["object"]["kind"], "PartialObjectMetadata");
  EXPECT_FALSE(events[0]["object"].contains("spec"));
}

TEST_F(WatchStreamTest, Hands_out_about_as_much_as_the_wire_takes) {
  for (int i = 0; i < 20; ++i) create("w" + std::to_string(i), {{"size", 1}, {"labels", {{"k", std::string(1'000, 'x')}}}});
  auto stream = watch();
  size_t pulls = 0;
  size_t events = 0;
  BodyStream::State state = BodyStream::State::More;
  while (state == BodyStream::State::More) {
    std::vector<Bytes> pieces;
    state = stream->next(2'000, pieces);
    size_t bytes = 0;
    for (const Bytes& piece : pieces) {
      bytes += piece.view.size();
      events += piece.view == "}\n" ? 1 : 0;
    }
    EXPECT_LT(bytes, 6'000u);
    ++pulls;
  }
  EXPECT_EQ(events, 20u);
  EXPECT_GE(pulls, 10u);
}

TEST_F(WatchStreamTest, A_finished_stream_is_no_longer_counted_or_woken) {
  WatchHub hub(api_.store());
  WatchSpec spec;
  spec.type = api_.type(kShopWidgets);
  {
    auto stream = start_watch({api_.store(), hub, api_.clock(), api_.random()}, spec);
    ASSERT_TRUE(stream.has_value());
    (*stream)->on_ready([this] { ++woken_; });
    EXPECT_EQ(hub.size(), 1u);
    create("a", {{"size", 1}});
    EXPECT_EQ(woken_, 1);
  }
  EXPECT_EQ(hub.size(), 0u);
  create("b", {{"size", 1}});
  EXPECT_EQ(woken_, 1);
}

}  // namespace
}  // namespace charter::test
