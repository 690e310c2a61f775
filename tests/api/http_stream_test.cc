#include "controller/api/http_server.h"
#include "tests/support/wire_server.h"

#include <gtest/gtest.h>

// Streamed answers (watches) and the ordered stop.
namespace charter {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::RawResponse;
using testing::StreamTap;
using testing::WireServer;

/// A client whose watch on `name` has begun.
std::unique_ptr<RawClient> open_stream(WireServer& server, const std::string& name,
                                       int receive_buffer_bytes = 0) {
  auto options = server.client();
  options.receive_buffer_bytes = receive_buffer_bytes;
  auto client = RawClient::connect(options);
  client->send("GET /stream/" + name + " HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_NE(client->read_until("\r\n\r\n").find("Transfer-Encoding: chunked"), std::string::npos);
  return client;
}

TEST(HttpStream, SendsPiecesAsTheyComeAndGoesOnWithTheNextRequest) {
  WireServer server;
  StreamTap& tap = server.tap("a");
  const auto client = open_stream(server, "a");
  for (const std::string text : {"one", "two", "three"}) {
    tap.push(text);
    EXPECT_EQ(client->read_chunk(), text);
  }
  tap.end();
  EXPECT_EQ(client->read_chunk(), "");
  EXPECT_TRUE(tap.wait_until_destroyed());
  EXPECT_EQ(client->get("/hello").status, 200);
}

TEST(HttpStream, LosesNoWakeUpUnderManyConcurrentPushes) {
  WireServer server;
  StreamTap& tap = server.tap("a");
  const auto client = open_stream(server, "a");
  constexpr int kPushes = 2'000;
  std::thread other([&] {
    for (int i = 0; i < kPushes; ++i)
      tap.push("x");
  });
  for (int i = 0; i < kPushes; ++i)
    tap.push("y");
  other.join();
  tap.end();
  size_t bytes = 0;
  for (std::string chunk = client->read_chunk(); !chunk.empty(); chunk = client->read_chunk()) {
    bytes += chunk.size();
  }
  EXPECT_EQ(bytes, 2U * kPushes);
}

TEST(HttpStream, AsksAgainAfterTheWakeUpTimeWithoutReady) {
  WireServer server;
  StreamTap& tap = server.tap("a");
  tap.set_wake_after(5ms);
  const auto client = open_stream(server, "a");
  EXPECT_TRUE(tap.wait_for_calls(5));
}

TEST(HttpStream, IsDestroyedWhenTheClientGoesAwayWhileIdle) {
  WireServer server;
  StreamTap& tap = server.tap("a");
  auto client = open_stream(server, "a");
  ASSERT_TRUE(tap.wait_for_calls(1));
  client->close();
  EXPECT_TRUE(tap.wait_until_destroyed());
  EXPECT_EQ(server.metric("charter_http_streams"), "0");
}

TEST(HttpStream, ASlowWatcherDelaysNobodyAndIsEndedWithoutBufferingForIt) {
  HttpServerOptions options;
  options.write_timeout = 200ms;
  options.wire_threads = 1;
  WireServer server(options);
  StreamTap& slow_tap = server.tap("slow");
  StreamTap& fast_tap = server.tap("fast");
  const auto slow = open_stream(server, "slow", 4096);
  const auto fast = open_stream(server, "fast");
  constexpr size_t kFlood = 256U * 1024 * 1024;
  slow_tap.flood(kFlood);
  for (int i = 0; i < 100; ++i) {
    fast_tap.push("tick");
    ASSERT_EQ(fast->read_chunk(), "tick");
  }
  EXPECT_TRUE(slow_tap.wait_until_destroyed());
  EXPECT_LT(slow_tap.taken_bytes(), kFlood / 4) << "only what the socket takes is pulled";
  fast_tap.push("still");
  EXPECT_EQ(fast->read_chunk(), "still");
}

TEST(HttpStream, IsNotCountedAsARequestInFlight) {
  HttpServerOptions options;
  options.requests_in_flight_max = 1;
  WireServer server(options);
  const auto a = open_stream(server, "a");
  const auto b = open_stream(server, "b");
  EXPECT_EQ(server.connect()->get("/hello").status, 200);
  EXPECT_EQ(server.metric("charter_http_streams"), "2");
}

TEST(HttpStream, ToHttp10IsUnframedAndEndsTheConnection) {
  WireServer server;
  StreamTap& tap = server.tap("a");
  tap.push("raw");
  tap.end();
  const auto client = server.connect();
  client->send("GET /stream/a HTTP/1.0\r\n\r\n");
  const std::string all = client->read_until("never");
  EXPECT_EQ(all.substr(all.find("\r\n\r\n")), "\r\n\r\nraw");
  EXPECT_EQ(all.find("chunked"), std::string::npos);
}

TEST(HttpStream, ForHeadSendsOnlyTheHeadAndDestroysTheBody) {
  WireServer server;
  const auto client = server.connect();
  client->send("HEAD /stream/a HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(client->read_response("HEAD").header("transfer-encoding"), "chunked");
  EXPECT_TRUE(server.tap("a").wait_until_destroyed());
  EXPECT_EQ(client->get("/hello").status, 200);
}

TEST(HttpStream, ARequestPipelinedBehindItIsAnsweredAfterIt) {
  WireServer server;
  StreamTap& tap = server.tap("a");
  const auto client = open_stream(server, "a");
  client->send("GET /hello HTTP/1.1\r\nHost: t\r\n\r\n");
  tap.push("first");
  EXPECT_EQ(client->read_chunk(), "first");
  tap.end();
  EXPECT_EQ(client->read_chunk(), "");
  EXPECT_EQ(client->read_response().body, "GET /hello?");
}

TEST(HttpStop, EndsStreamsInOrderAndWaitsForRunningRequests) {
  WireServer server;
  const auto watcher = open_stream(server, "a");
  const auto idle = server.connect();
  ASSERT_EQ(idle->get("/hello").status, 200);
  const auto runner = server.connect();
  runner->send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  ASSERT_TRUE(server.wait_for_held(1));
  const uint16_t port = server.http().port();
  std::thread stopper([&] { server.http().stop(10s); });
  EXPECT_EQ(watcher->read_chunk(), "") << "the last chunk, not a broken stream";
  EXPECT_TRUE(watcher->is_closed_by_peer());
  EXPECT_TRUE(idle->is_closed_by_peer());
  server.release_held();
  const RawResponse last = runner->read_response();
  EXPECT_EQ(last.body, "held");
  EXPECT_EQ(last.header("connection"), "close");
  stopper.join();
  EXPECT_EQ(RawClient::connect_plain(port), nullptr) << "nobody listens any more";
  EXPECT_EQ(server.metric("charter_http_connections"), "0");
  EXPECT_EQ(server.metric("charter_http_streams"), "0");
}

TEST(HttpStop, DoesNotWaitLongerThanItsDeadlineAndIgnoresLateAnswers) {
  WireServer server;
  const auto client = server.connect();
  client->send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  ASSERT_TRUE(server.wait_for_held(1));
  server.http().stop(20ms);
  EXPECT_TRUE(client->is_closed_by_peer());
  server.destroy();
  server.release_held();  // into nothing
}

TEST(HttpStop, WithABlockedSlowStreamReturnsAtItsDeadline) {
  WireServer server;
  StreamTap& tap = server.tap("slow");
  const auto slow = open_stream(server, "slow", 4096);
  tap.flood(64U * 1024 * 1024);
  ASSERT_TRUE(tap.wait_for_calls(3));
  server.http().stop(50ms);
  EXPECT_TRUE(tap.wait_until_destroyed());
}

}  // namespace
}  // namespace charter
