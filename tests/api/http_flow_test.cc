#include "controller/base/limits.h"
#include "tests/support/wire_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <mutex>
#include <string>
#include <vector>

// What one flow holds of the server, and what it leaves to others.
namespace charter {
namespace {

using testing::RawClient;
using testing::WireServer;

const std::string kHost = "Host: test\r\n";

/// Flows by the Authorization header, as a test can choose it.
HttpServerOptions flows_by_header() {
  HttpServerOptions options;
  options.flow_of = [](const HttpRequest& head) {
    return std::string(head.header("authorization"));
  };
  return options;
}

TEST(HttpFlow, OneFlowsRequestsLeaveRoomForAnothers) {
  HttpServerOptions options = flows_by_header();
  options.requests_in_flight_max = 4;
  WireServer server(options);
  const std::string a = "Authorization: a\r\n" + kHost + "\r\n";
  const std::string b = "Authorization: b\r\n" + kHost + "\r\n";
  const auto first = server.connect();
  const auto second = server.connect();
  const auto third = server.connect();
  first->send("GET /hold HTTP/1.1\r\n" + a);
  second->send("GET /hold HTTP/1.1\r\n" + a);
  ASSERT_TRUE(server.wait_for_held(2));
  third->send("GET /hello HTTP/1.1\r\n" + a);
  EXPECT_EQ(third->read_response().status, 429);
  third->send("GET /hello HTTP/1.1\r\n" + b);
  EXPECT_EQ(third->read_response().status, 200) << "another user on the same connection";
  third->send("GET /hello HTTP/1.1\r\n" + kHost + "\r\n");
  EXPECT_EQ(third->read_response().status, 200) << "nobody in particular: the address is the flow";
  server.release_held();
}

TEST(HttpFlow, AFlowThatDoesNotReadItsAnswersGetsNoMoreAndOthersDo) {
  HttpServerOptions options = flows_by_header();
  options.bytes_in_flight_max = 12 * 1024 * 1024;  // /big has 8 MiB
  WireServer server(options);
  auto slow_options = server.client();
  slow_options.receive_buffer_bytes = 4096;
  const auto slow = RawClient::connect(slow_options);
  slow->send("GET /big HTTP/1.1\r\nAuthorization: a\r\n" + kHost + "\r\n");
  const auto probe = server.connect();
  int status = 200;  // until the answer is queued for the slow reader
  while (status == 200) {
    probe->send("POST /echo HTTP/1.1\r\nAuthorization: a\r\nContent-Length: 1\r\n" + kHost +
                "\r\nx");
    status = probe->read_response().status;
  }
  EXPECT_EQ(status, 429);
  const auto other = server.connect();
  other->send("POST /echo HTTP/1.1\r\nAuthorization: b\r\nContent-Length: 1\r\n" + kHost + "\r\nx");
  EXPECT_EQ(other->read_response().status, 200);
}

TEST(HttpFlow, LargeAnswersThatWereAskedForTogetherAreOnlyGivenWithinTheShare) {
  HttpServerOptions options = flows_by_header();
  options.bytes_in_flight_max = 20 * 1024 * 1024;  // /big has 8 MiB
  options.wire_threads = 1;
  WireServer server(options);
  auto slow_options = server.client();
  slow_options.receive_buffer_bytes = 4096;
  const std::string ask = "GET /big HTTP/1.1\r\nAuthorization: a\r\n" + kHost + "\r\n";
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 2; ++i) {
    slow.push_back(RawClient::connect(slow_options));
    slow[i]->send(ask);
    EXPECT_NE(slow[i]->read_until("\r\n").find(i == 0 ? "200" : "429"), std::string::npos);
  }
  EXPECT_EQ(server.metric("apiserver_flowcontrol_rejected_requests_total{flow_schema=\"tenants\","
                          "priority_level=\"tenants\",reason=\"concurrency-limit\"}"),
            "1");
}

/// Uses up a turn of CPU for each request and notes whose it was. The first one waits at the gate,
/// so that everything else can be sent meanwhile.
class Busy {
 public:
  void answer(const HttpRequest& request, const Respond& respond) {
    if (request.path == "/gate") {
      reached_.set_value();
      open_.get_future().wait();
    } else {
      for (const Duration start = thread_cpu_time();
           thread_cpu_time() - start < limits::kLoopTurn;) {
      }
      const std::lock_guard lock(mutex_);
      order_.push_back(request.flow);
    }
    respond(HttpResponse::text(200, "text/plain", "done"));
  }
  void wait_until_reached() { reached_.get_future().wait(); }
  void open() { open_.set_value(); }
  std::vector<std::string> order() {
    const std::lock_guard lock(mutex_);
    return order_;
  }

 private:
  std::promise<void> reached_;
  std::promise<void> open_;
  std::mutex mutex_;
  std::vector<std::string> order_;
};

TEST(HttpFlow, OfAThousandWaitingRequestsThoseOfAnotherFlowAreServedAmongTheFirst) {
  constexpr size_t kConnections = 20;
  constexpr size_t kPipelined = 20;
  HttpServerOptions options = flows_by_header();
  options.wire_threads = 1;
  Busy busy;
  WireServer server(options, [&](const HttpRequest& request, const Respond& respond) {
    busy.answer(request, respond);
  });
  const std::string a = " HTTP/1.1\r\nAuthorization: a\r\n" + kHost + "\r\n";
  const std::string b = " HTTP/1.1\r\nAuthorization: b\r\n" + kHost + "\r\n";
  std::vector<std::unique_ptr<RawClient>> hostile;
  for (size_t i = 0; i < kConnections; ++i) {
    hostile.push_back(server.connect());
    hostile[i]->send("GET /hello" + a);
    EXPECT_EQ(hostile[i]->read_response().status, 200);
  }
  const auto quiet = server.connect();
  quiet->send("GET /hello" + b);
  EXPECT_EQ(quiet->read_response().status, 200);
  const size_t before = busy.order().size();
  hostile[0]->send("GET /gate" + a);
  busy.wait_until_reached();
  std::string many;
  for (size_t i = 0; i < kPipelined; ++i)
    many += "GET /hello" + a;
  for (const auto& connection : hostile)
    connection->send(many);
  quiet->send("GET /hello" + b);
  busy.open();
  EXPECT_EQ(quiet->read_response().status, 200);
  EXPECT_EQ(hostile[0]->read_response().status, 200) << "the gate's";
  for (const auto& connection : hostile) {
    for (size_t i = 0; i < kPipelined; ++i)
      ASSERT_EQ(connection->read_response().status, 200);
  }
  const std::vector<std::string> order = busy.order();
  const auto first = order.begin() + static_cast<std::ptrdiff_t>(before);
  const auto place = std::find(first, order.end(), "b") - first;
  EXPECT_EQ(order.end() - first, static_cast<std::ptrdiff_t>(kConnections * kPipelined + 1));
  EXPECT_LE(place, 10) << "served in its turn, not behind what was sent before it";
}

}  // namespace
}  // namespace charter
