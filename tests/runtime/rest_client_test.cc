#include "controller/runtime/rest_client.h"

#include "controller/runtime/informer.h"
#include "controller/runtime/limits.h"
#include "tests/support/served_api.h"
#include "tests/support/wire_server.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <deque>
#include <mutex>
#include <set>

// Against the real API over TLS on loopback, and against answers that no healthy server gives.
namespace charter {
namespace {

using namespace std::chrono_literals;
using test::kShopWidgets;
using test::shop_widget;

/// The served API behind a listener; single answers can be put in the way of a path.
class ApiOnTheWire {
 public:
  ApiOnTheWire()
      : wire_(one_thread(), [this](HttpRequest request, Respond respond) {
          answer(std::move(request), std::move(respond));
        }) {}

  /// The next request to a path that contains `part` is answered with this.
  void answer_next(const std::string& part, int status, const std::string& body,
                   const std::string& retry_after = {}) {
    const std::lock_guard lock(mutex_);
    prepared_.push_back({part, status, body, retry_after});
  }
  /// The next watch is a stream that says nothing.
  charter::testing::StreamTap& tap_watches() {
    const std::lock_guard lock(mutex_);
    tapped_ = true;
    return tap_;
  }
  std::vector<std::string> targets() {
    const std::lock_guard lock(mutex_);
    return targets_;
  }

  Kubeconfig config() {
    LeafRequest who;
    who.use = LeafRequest::Use::Client;
    who.common_name = "operator";
    who.organizations = {"system:masters"};
    const CertifiedKey key = wire_.issue(who);
    Kubeconfig config;
    config.server = "https://127.0.0.1:" + std::to_string(wire_.http().port());
    config.ca_pem = wire_.ca().certificate_pem;
    config.certificate_pem = key.certificate_pem;
    config.key_pem = key.key_pem;
    return config;
  }
  test::ServedApi& api() { return api_; }

 private:
  struct Prepared {
    std::string part;
    int status;
    std::string body, retry_after;
  };
  static HttpServerOptions one_thread() {
    HttpServerOptions options;
    options.wire_threads = 1;  // the served API is not thread-safe
    return options;
  }
  void answer(HttpRequest request, Respond respond) {
    {
      const std::lock_guard lock(mutex_);
      targets_.push_back(request.method + " " + request.path + "?" + request.query);
      const std::string target = request.path + "?" + request.query;
      if (!prepared_.empty() && target.find(prepared_.front().part) != std::string::npos) {
        auto made = HttpResponse::text(prepared_.front().status, "application/json",
                                       prepared_.front().body);
        if (!prepared_.front().retry_after.empty())
          made.headers.push_back({"Retry-After", prepared_.front().retry_after});
        prepared_.pop_front();
        return respond(std::move(made));
      }
      if (tapped_ && request.query.find("watch=true") != std::string::npos) {
        HttpResponse made;
        made.headers.push_back({"Content-Type", "application/json"});
        made.stream = tap_.make_body();
        return respond(std::move(made));
      }
    }
    api_.server().handle(std::move(request), std::move(respond));
  }

  test::ServedApi api_;
  std::mutex mutex_;
  std::deque<Prepared> prepared_;
  std::vector<std::string> targets_;
  bool tapped_ = false;
  charter::testing::StreamTap tap_;
  charter::testing::WireServer wire_;
};

class RestClientTest : public ::testing::Test {
 protected:
  RestClientTest() {
    auto opened = RestTransport::open(wire_.config(), RestOptions{.timeout = 10s});
    EXPECT_TRUE(opened) << opened.error().message;
    transport_ = std::move(*opened);
  }
  RestClient client() { return client(transport_); }
  RestClient client(std::shared_ptr<RestTransport> transport) {
    RestClientParts parts{std::move(transport), clock_, random_,
                          [](std::string_view, const Json& object) {
                            return Pairs{{"spec.size", text_at(object, {"spec", "size"})}};
                          }};
    parts.may_write = may_write_;
    return {parts, "charter-test"};
  }
  /// Pumps until the fact holds.
  template <class Fact>
  bool pump_until(Informer& informer, const Fact& fact) {
    for (int i = 0; i < 1000; ++i) {
      while (informer.pump()) {
      }
      if (fact()) return true;
      woken_->wait(10ms);
    }
    return false;
  }
  Informer informer_on(RestClient& client) {
    return {client, kShopWidgets, clock_, metrics_, [woken = woken_] { woken->wake(); }};
  }
  void make(const std::string& name) {
    ASSERT_EQ(wire_.api().post(test::kWidgetsPath, shop_widget(name)).status, 201);
  }

  SystemClock clock_;
  SeededRandom random_{3};
  Metrics metrics_;
  ApiOnTheWire wire_;
  std::function<Status()> may_write_;
  std::shared_ptr<RestTransport> transport_;
  const std::shared_ptr<Signal> woken_ = std::make_shared<Signal>();
};

TEST_F(RestClientTest, CreatesReadsUpdatesAndDeletes) {
  RestClient client = this->client();
  const auto made = client.create(kShopWidgets, shop_widget("a"));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_GT((*made)->header().version, 0);
  const auto read = client.get(kShopWidgets, {"lab", "a"});
  ASSERT_TRUE(read);
  Json tree = (*read)->tree();
  EXPECT_EQ(tree["metadata"]["managedFields"][0]["fieldsV1"].dump(), R"({"f:spec":{}})");
  tree["metadata"]["labels"]["x"] = "y";
  ASSERT_TRUE(client.update(kShopWidgets, tree, Part::Main));
  const auto stale = client.update(kShopWidgets, tree, Part::Main);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, Code::Conflict);
  EXPECT_EQ(client.create(kShopWidgets, shop_widget("a")).error().code, Code::AlreadyExists);
  EXPECT_EQ(client.remove(kShopWidgets, {"lab", "a"}, {.uid = "another"}).error().code,
            Code::Conflict);
  EXPECT_TRUE(client.remove(kShopWidgets, {"lab", "a"}, {.uid = (*read)->header().uid}));
  EXPECT_EQ(client.get(kShopWidgets, {"lab", "a"}).error().code, Code::NotFound);
}

TEST_F(RestClientTest, WritesKeepTheOthersFieldsOwners) {
  RestClient client = this->client();
  make("a");
  Json tree = (*client.get(kShopWidgets, {"lab", "a"}))->tree();
  tree["metadata"]["labels"]["x"] = "y";
  ASSERT_TRUE(client.update(kShopWidgets, tree, Part::Main));
  const Json stored = wire_.api().get(test::kWidgetsPath + "/a").json();
  std::set<std::string> managers;
  for (const Json& entry : stored["metadata"]["managedFields"])
    managers.insert(entry["manager"].get<std::string>());
  EXPECT_EQ(managers.size(), 2u) << stored["metadata"]["managedFields"].dump();
  EXPECT_TRUE(managers.contains("charter-test"));
}

TEST_F(RestClientTest, ErrorsAreTheServersOwnWithoutItsAddress) {
  const auto absent = client().get(kShopWidgets, {"lab", "nobody"});
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().message, "widgets.shop.dev \"nobody\" not found");
}

TEST_F(RestClientTest, ListsInPagesAndFillsIn) {
  for (int i = 0; i < 1100; ++i)
    make("w-" + std::to_string(i));
  const auto list = client().list(kShopWidgets, {});
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->objects.size(), 1100u);
  std::set<std::string> names;
  for (const ObjectPtr& object : list->objects)
    names.insert(object->header().name);
  EXPECT_EQ(names.size(), 1100u);
  EXPECT_EQ(list->version, wire_.api().store().revision());
  EXPECT_EQ(list->objects[0]->tree()["kind"], "Widget");
  EXPECT_NE(find_pair(list->objects[0]->header().fields, "spec.size"), nullptr);
  EXPECT_EQ(wire_.targets().size(), 3u);
}

TEST_F(RestClientTest, AContinueTokenThatExpiredBeginsTheListAgain) {
  for (int i = 0; i < 600; ++i)
    make("w-" + std::to_string(i));
  wire_.answer_next("continue=", 410,
                    R"({"kind":"Status","reason":"Expired","code":410,"message":"too old"})");
  const auto list = client().list(kShopWidgets, {});
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->objects.size(), 600u);
}

TEST_F(RestClientTest, WhatIsNoListOfObjectsIsAnErrorAndNoCrash) {
  for (const char* body : {R"({"kind":"WidgetList"})", R"({"kind":"WidgetList","items":{}})",
                           R"({"kind":"WidgetList","items":[1]})"}) {
    wire_.answer_next("widgets", 200, body);
    const auto list = client().list(kShopWidgets, {});
    ASSERT_FALSE(list) << body;
    EXPECT_EQ(list.error().code, Code::InternalError) << body;
  }
  wire_.answer_next("widgets", 200, R"({"kind":"WidgetList","items":null})");
  const auto none = client().list(kShopWidgets, {});
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_TRUE(none->objects.empty());
}

TEST_F(RestClientTest, WaitsAsLongAsAThrottlingServerAsks) {
  make("a");
  wire_.answer_next("widgets/a", 429,
                    R"({"kind":"Status","reason":"TooManyRequests","code":429,"message":"later"})",
                    "1");
  const Duration began = clock_.monotonic();
  EXPECT_TRUE(client().get(kShopWidgets, {"lab", "a"}));
  EXPECT_GE(clock_.monotonic() - began, 1s);
  EXPECT_EQ(wire_.targets().size(), 2u);
}

TEST_F(RestClientTest, AThrottledRequestEndsWithTheProcess) {
  RestClientParts parts{transport_, clock_, random_, {}};
  RestClient client(parts, "charter-test");
  parts.stopped->end();
  parts.stopped->finish();
  wire_.answer_next("widgets/a", 429, R"({"kind":"Status","reason":"TooManyRequests","code":429})",
                    "30");
  EXPECT_EQ(client.get(kShopWidgets, {"lab", "a"}).error().code, Code::TooManyRequests);
}

TEST_F(RestClientTest, WhoMayNotWriteSendsNothing) {
  may_write_ = [] { return Status(Error{Code::Forbidden, "does not lead"}); };
  RestClient client = this->client();
  EXPECT_EQ(client.create(kShopWidgets, shop_widget("a")).error().message, "does not lead");
  EXPECT_FALSE(client.remove(kShopWidgets, {"lab", "a"}, {}));
  EXPECT_TRUE(wire_.targets().empty());
}

TEST_F(RestClientTest, AnInformerFollowsTheServer) {
  make("a");
  RestClient client = this->client();
  Informer informer = informer_on(client);
  ASSERT_TRUE(pump_until(informer, [&] { return informer.size() == 1; }));
  // The served API belongs to the wire's thread: changes go over the wire, too.
  ASSERT_TRUE(client.create(kShopWidgets, shop_widget("b")));
  ASSERT_TRUE(pump_until(informer, [&] { return informer.size() == 2; }));
  ASSERT_TRUE(client.remove(kShopWidgets, {"lab", "a"}, {}));
  ASSERT_TRUE(pump_until(informer, [&] { return informer.get({"lab", "a"}) == nullptr; }));
  EXPECT_EQ(informer.seen(), wire_.api().store().revision());
}

TEST_F(RestClientTest, AWatchAsksForBookmarksAndALife) {
  RestClient client = this->client();
  const auto watch = client.watch(kShopWidgets, {}, wire_.api().store().revision());
  ASSERT_TRUE(watch) << watch.error().message;
  const std::string target = wire_.targets().back();
  EXPECT_NE(target.find("allowWatchBookmarks=true"), std::string::npos);
  const int64_t life = std::stoll(target.substr(target.find("timeoutSeconds=") + 15));
  EXPECT_GE(life, 300);
  EXPECT_LT(life, 600);
}

TEST_F(RestClientTest, AnExpiredWatchListsAgain) {
  make("a");
  RestClient client = this->client();
  Informer informer = informer_on(client);
  wire_.answer_next("watch=true", 410,
                    R"({"kind":"Status","reason":"Expired","code":410,"message":"too old"})");
  ASSERT_TRUE(pump_until(informer, [&] { return informer.size() == 1; }));
  ASSERT_TRUE(client.create(kShopWidgets, shop_widget("b")));
  ASSERT_TRUE(pump_until(informer, [&] { return informer.size() == 2; }));
}

TEST_F(RestClientTest, BookmarksMoveTheVersionAndAnErrorEventEndsTheWatch) {
  charter::testing::StreamTap& tap = wire_.tap_watches();
  RestClient client = this->client();
  auto watch = client.watch(kShopWidgets, {}, 1);
  ASSERT_TRUE(watch) << watch.error().message;
  Signal ready;
  (*watch)->on_ready([&] { ready.wake(); });
  tap.push(
      "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Widget\",\"metadata\":"
      "{\"resourceVersion\":\"77\"}}}\n{\"type\":\"ERR");
  ASSERT_TRUE(ready.wait(10s));
  const auto first = (*watch)->take(10);
  ASSERT_TRUE(first);
  ASSERT_EQ(first->size(), 1u);
  EXPECT_EQ(first->front().kind, WatchEvent::Kind::Bookmark);
  EXPECT_EQ(first->front().version, 77);
  tap.push(
      "OR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\","
      "\"message\":\"too old\"}}\n");
  ASSERT_TRUE(ready.wait(10s));
  const auto second = (*watch)->take(10);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::Expired);
}

TEST_F(RestClientTest, AStreamThatIsSilentForTooLongIsBroken) {
  charter::testing::StreamTap& tap = wire_.tap_watches();
  auto stream = transport_->stream("/apis/shop.dev/v1/widgets?watch=true", 1s);
  ASSERT_TRUE(stream) << stream.error().message;
  Signal ready;
  (*stream)->on_ready([&] { ready.wake(); });
  tap.push("one\n");
  ASSERT_TRUE(ready.wait(10s));
  EXPECT_EQ((*stream)->take(10)->size(), 1u);
  const Duration began = clock_.monotonic();
  ASSERT_TRUE(ready.wait(10s)) << "the silence was not noticed";
  EXPECT_LT(clock_.monotonic() - began, 5s);
  const auto broken = (*stream)->take(10);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, Code::ServiceUnavailable);
}

TEST_F(RestClientTest, AStreamThatTheServerEndsSaysSo) {
  charter::testing::StreamTap& tap = wire_.tap_watches();
  auto stream = transport_->stream("/apis/shop.dev/v1/widgets?watch=true", 10s);
  ASSERT_TRUE(stream) << stream.error().message;
  Signal ready;
  (*stream)->on_ready([&] { ready.wake(); });
  tap.push("one\ntwo\n");
  tap.end();
  std::vector<std::string> lines;
  Code code = Code::InternalError;
  for (int i = 0; i < 100; ++i) {
    auto taken = (*stream)->take(1);
    if (!taken) {
      code = taken.error().code;
      break;
    }
    if (taken->empty()) ready.wait(100ms);
    lines.insert(lines.end(), taken->begin(), taken->end());
  }
  EXPECT_EQ(code, Code::Timeout);
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two"}));
}

TEST_F(RestClientTest, AStreamThatIsLetGoEndsAtTheServer) {
  charter::testing::StreamTap& tap = wire_.tap_watches();
  auto stream = transport_->stream("/apis/shop.dev/v1/widgets?watch=true", 60s);
  ASSERT_TRUE(stream) << stream.error().message;
  stream->reset();
  tap.push("into the void\n");
  EXPECT_TRUE(tap.wait_until_destroyed());
}

TEST_F(RestClientTest, CancelEndsStreamsAndRequests) {
  wire_.tap_watches();
  auto stream = transport_->stream("/apis/shop.dev/v1/widgets?watch=true", 60s);
  ASSERT_TRUE(stream) << stream.error().message;
  Signal ready;
  (*stream)->on_ready([&] { ready.wake(); });
  transport_->cancel();
  ASSERT_TRUE(ready.wait(10s));
  EXPECT_FALSE((*stream)->take(1));
  EXPECT_FALSE(client().get(kShopWidgets, {"lab", "a"}));
}

}  // namespace
}  // namespace charter
