#include "controller/api/http_server.h"

#include "controller/base/limits.h"
#include "tests/support/wire_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace charter {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::RawClient;
using testing::RawResponse;
using ::testing::StartsWith;
using testing::WireServer;

const std::string kHost = "Host: t\r\n";

std::string headers(int count) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += "X-" + std::to_string(i) + ": v\r\n";
  return out;
}

/// Bytes that must be answered with an error and the end of the connection.
struct BadInput {
  const char* name;
  std::string bytes;
  int status;
  const char* message;
};

std::vector<BadInput> bad_inputs() {
  const std::string post = "POST /echo HTTP/1.1\r\n" + kHost;
  return {
      {"NotHttp", "hello\r\n\r\n", 400, "malformed"},
      {"Http2Preface", "PRI * HTTP/2.0\r\n\r\n", 400, "malformed"},
      {"HeadTooLarge", "GET / HTTP/1.1\r\nX: " + std::string(33 * 1024, 'x'), 431,
       "too large: limit is 32768"},
      {"TargetTooLarge", "GET /" + std::string(33 * 1024, 'x') + " HTTP/1.1\r\n" + kHost, 431,
       "too large: limit is 32768"},
      {"HeadersTooMany", "GET / HTTP/1.1\r\n" + kHost + headers(100) + "\r\n", 431, "limit is 100"},
      {"ThousandHeaders", "GET / HTTP/1.1\r\n" + headers(1000), 431, "limit is 100"},
      {"BareLineFeed", "GET / HTTP/1.1\nHost: t\n\n", 400, "line feed without"},
      {"BareCarriageReturn", "GET / HTTP/1.1\r\nX: a\rb\r\n", 400, "carriage return without"},
      {"FoldedHeader", "GET / HTTP/1.1\r\nX: a\r\n b\r\n", 400, "folded"},
      {"NulInHeader", std::string("GET / HTTP/1.1\r\nX: a\0b\r\n", 25), 400, "control character"},
      {"NulInTarget", std::string("GET /\0 HTTP/1.1\r\n", 17), 400, "control character"},
      {"SpaceBeforeColon", "GET / HTTP/1.1\r\n" + kHost + "X : a\r\n\r\n", 400, "malformed"},
      {"NoHost", "GET / HTTP/1.1\r\n\r\n", 400, "Host"},
      {"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "Host"},
      {"LengthAndChunked", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
       ""},
      {"ChunkedAndLength", post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400,
       ""},
      {"TwoLengths", post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400,
       "more than one"},
      {"TwoLengthsDiffer", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400, ""},
      {"NegativeLength", post + "Content-Length: -1\r\n\r\n", 400, "malformed"},
      {"HugeLength", post + "Content-Length: 99999999999999999999999\r\n\r\n", 400, "malformed"},
      {"UnknownCoding", post + "Transfer-Encoding: gzip\r\n\r\n", 400, "transfer coding"},
      {"StackedCoding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 400, "transfer coding"},
      {"TwoCodings", post + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n",
       400, ""},
      {"ChunkedInHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
       "transfer coding"},
      {"DeclaredTooLarge", post + "Content-Length: 3145729\r\n\r\n", 413, "limit is 3145728"},
      {"ExpectTooLarge", post + "Expect: 100-continue\r\nContent-Length: 3145729\r\n\r\n", 413,
       "3145728"},
      {"OneChunkTooLarge", post + "Transfer-Encoding: chunked\r\n\r\n300001\r\n", 413,
       "limit is 3145728"},
      {"BadChunk", post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400, "body is malformed"},
      {"EndlessChunkHeader", post + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(9000, 'e'),
       400, "too long"},
      {"EndlessTrailer",
       post + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + std::string(9000, 't'), 400,
       "too long"},
      {"GzipBody", post + "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", 415,
       "content encoding"},
      {"TwoContentTypes",
       post + "Content-Type: application/json\r\nContent-Type: application/yaml\r\n\r\n", 400,
       "more than one content-type"},
      {"TwoEncodings", post + "Content-Encoding: identity\r\nContent-Encoding: gzip\r\n\r\n", 400,
       "more than one content-encoding"},
      {"TwoAuthorizations", post + "Authorization: a\r\nAuthorization: b\r\n\r\n", 400,
       "more than one authorization"},
      {"LengthList", post + "Content-Length: 3, 3\r\n\r\nabc", 400, "malformed"},
      {"SignedLength", post + "Content-Length: +3\r\n\r\nabc", 400, "malformed"},
      {"UnknownExpectation", post + "Expect: tea\r\nContent-Length: 3\r\n\r\n", 400, "expectation"},
  };
}

TEST(HttpServer, RefusesBadInputWithAStatusBodyAndClosesAndStaysUp) {
  WireServer server;
  for (const BadInput& bad : bad_inputs()) {
    SCOPED_TRACE(bad.name);
    const auto client = server.connect();
    ASSERT_TRUE(client->send(bad.bytes));
    const RawResponse response = client->read_response();
    EXPECT_EQ(response.status, bad.status);
    EXPECT_THAT(response.body, HasSubstr(bad.message));
    EXPECT_EQ(response.header("connection"), "close");
    EXPECT_EQ(response.header("content-type"), "application/json");
    EXPECT_TRUE(client->is_closed_by_peer());
  }
  EXPECT_EQ(server.connect()->get("/hello").status, 200);
}

TEST(HttpServer, RefusesTheSameBadInputSentByteByByte) {
  WireServer server;
  for (const BadInput& bad : bad_inputs()) {
    if (bad.bytes.size() > 500) continue;  // one TLS record a byte
    SCOPED_TRACE(bad.name);
    const auto client = server.connect();
    for (const char c : bad.bytes) {
      if (!client->send(std::string_view(&c, 1))) break;
    }
    EXPECT_EQ(client->read_response().status, bad.status);
  }
}

TEST(HttpServer, CountsChunksOfABodyWithoutDeclaredLength) {
  WireServer server;
  const auto client = server.connect();
  client->send("POST /echo HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'c') + "\r\n";
  for (int i = 0; i < 48; ++i)
    ASSERT_TRUE(client->send(chunk));
  client->send("1\r\nx\r\n");
  const RawResponse response = client->read_response();
  EXPECT_EQ(response.status, 413);
  EXPECT_THAT(response.body, HasSubstr("limit is 3145728"));
}

TEST(HttpServer, DeliversTheRefusalEvenWhileTheClientIsStillSending) {
  WireServer server;
  const auto client = server.connect();
  client->send("POST /echo HTTP/1.1\r\n" + kHost + "Content-Length: 8000000\r\n\r\n");
  const std::string block(64 * 1024, 'x');
  for (int i = 0; i < 40; ++i)
    client->send(block);
  EXPECT_EQ(client->read_response().status, 413);
}

TEST(HttpServer, AcceptsABodyOfExactlyTheLimitAndReturnsItUnchanged) {
  WireServer server;
  std::string body(limits::kBodyBytesMax, 'a');
  for (size_t i = 0; i < body.size(); ++i)
    body[i] = static_cast<char>('a' + i % 23);
  const auto client = server.connect();
  client->send("POST /echo HTTP/1.1\r\n" + kHost +
               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_TRUE(client->read_response().body == body);
  EXPECT_EQ(client->get("/hello").status, 200) << "the connection goes on";
}

TEST(HttpServer, JoinsChunksAndDropsTrailersAndExtensions) {
  WireServer server;
  const auto client = server.connect();
  client->send("POST /echo HTTP/1.1\r\n" + kHost + "Transfer-Encoding: Chunked\r\n\r\n");
  client->send("3;ext=1\r\nabc\r\n");
  client->send("2\r\nde\r\n0\r\nImpersonate-User: root\r\n\r\n");
  EXPECT_EQ(client->read_response().body, "abcde");
  EXPECT_EQ(client->get("/hello").status, 200);
}

TEST(HttpServer, PassesMethodPathAndQueryOnAsSent) {
  WireServer server;
  const auto client = server.connect();
  EXPECT_EQ(client->get("/a//b/%2e%2e%2f?x=1?y").body, "GET /a//b/%2e%2e%2f?x=1?y");
  client->send("gEt /c HTTP/1.1\r\n" + kHost + "\r\n");
  EXPECT_EQ(client->read_response().body, "gEt /c?");
  client->send("\r\n\r\nGET /after-empty-lines HTTP/1.1\r\n" + kHost + "\r\n");
  EXPECT_EQ(client->read_response().body, "GET /after-empty-lines?");
}

TEST(HttpServer, AnswersHeadWithLengthButWithoutBody) {
  WireServer server;
  const auto client = server.connect();
  client->send("HEAD /hello HTTP/1.1\r\n" + kHost + "\r\nGET /next HTTP/1.1\r\n" + kHost + "\r\n");
  EXPECT_EQ(client->read_response("HEAD").header("content-length"), "12");
  EXPECT_EQ(client->read_response().body, "GET /next?");
}

/// Which requests keep the connection, and what the answer says.
struct KeepAliveRow {
  const char* version;
  const char* connection;
  const char* answer;
  bool closes;
};

TEST(HttpServer, KeepsOrClosesTheConnectionAsVersionAndHeaderSay) {
  WireServer server;
  const KeepAliveRow rows[] = {{"1.1", "", "", false},
                               {"1.1", "Connection: close\r\n", "close", true},
                               {"1.0", "", "close", true},
                               {"1.0", "Connection: keep-alive\r\n", "keep-alive", false}};
  for (const KeepAliveRow& row : rows) {
    SCOPED_TRACE(std::string(row.version) + row.connection);
    const auto client = server.connect();
    client->send(std::string("GET /hello HTTP/") + row.version + "\r\n" + kHost + row.connection +
                 "\r\n");
    const RawResponse response = client->read_response();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.header("connection"), row.answer);
    EXPECT_EQ(client->get("/hello").status, row.closes ? 0 : 200);
  }
}

TEST(HttpServer, AsksForTheBodyWhenTheClientWaitsForContinue) {
  WireServer server;
  const auto client = server.connect();
  client->send("POST /echo HTTP/1.1\r\n" + kHost +
               "Expect: 100-Continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client->read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client->send("body");
  EXPECT_EQ(client->read_response().body, "body");
}

TEST(HttpServer, DoesNotSendContinueWhenTheBodyIsAlreadyThere) {
  WireServer server;
  const auto client = server.connect();
  client->send("POST /echo HTTP/1.1\r\n" + kHost +
               "Expect: 100-continue\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_EQ(client->read_response().status, 200);
}

TEST(HttpServer, AnswersPipelinedRequestsInOrderAlsoWhenHandlersFinishElsewhere) {
  WireServer server;
  const auto client = server.connect();
  std::string requests;
  for (int i = 0; i < 1000; ++i) {
    const char* path = i % 100 == 7 ? "/async" : "/sync";
    requests +=
        std::string("GET ") + path + "?" + std::to_string(i) + " HTTP/1.1\r\n" + kHost + "\r\n";
  }
  ASSERT_TRUE(client->send(requests));
  for (int i = 0; i < 1000; ++i) {
    const std::string number = std::to_string(i);
    EXPECT_EQ(client->read_response().body,
              i % 100 == 7 ? "async " + number : "GET /sync?" + number);
  }
}

TEST(HttpServer, SendsAnAnswerBeforeAPipelinedRequestBehindItIsDone) {
  WireServer server;
  const auto client = server.connect();
  client->send("GET /first HTTP/1.1\r\n" + kHost + "\r\nGET /hold HTTP/1.1\r\n" + kHost + "\r\n");
  EXPECT_EQ(client->read_response().body, "GET /first?");
  ASSERT_TRUE(server.wait_for_held(1));
  server.release_held();
  EXPECT_EQ(client->read_response().body, "held");
}

TEST(HttpServer, AnswersAClientThatHasAlreadyFinishedSending) {
  WireServer server;
  const auto client = server.connect();
  client->send("GET /hello HTTP/1.1\r\n" + kHost + "\r\n");
  ::shutdown(client->socket(), SHUT_WR);
  EXPECT_EQ(client->read_response().status, 200);
  EXPECT_TRUE(client->is_closed_by_peer());
}

TEST(HttpServer, SendsManyPiecesOfALargeBodyUnchanged) {
  WireServer server;
  const auto client = server.connect();
  const RawResponse response = client->get("/big");
  EXPECT_EQ(response.body.size(), 8U * 1024 * 1024);
  EXPECT_EQ(response.body.find_first_not_of('b'), std::string::npos);
}

TEST(HttpServer, TurnsAForgottenAnswerInto500) {
  WireServer server;
  EXPECT_EQ(server.connect()->get("/drop").status, 500);
}

TEST(HttpServer, RefusesRequestsBeyondTheCapWith429AndRecovers) {
  HttpServerOptions options;
  options.requests_in_flight_max = 4;  // of which a flow alone has half
  WireServer server(options);
  const auto first = server.connect();
  const auto second = server.connect();
  const auto third = server.connect();
  first->send("GET /hold HTTP/1.1\r\n" + kHost + "\r\n");
  second->send("GET /hold HTTP/1.1\r\n" + kHost + "\r\n");
  ASSERT_TRUE(server.wait_for_held(2));
  const RawResponse refused = third->get("/hello");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_EQ(refused.body, "TooManyRequests: Too many requests, please try again later.");
  server.release_held();
  EXPECT_EQ(first->read_response().body, "held");
  EXPECT_EQ(second->read_response().body, "held");
  EXPECT_EQ(third->get("/hello").status, 200) << "the refused connection is still good";
}

TEST(HttpServer, RefusesBodiesBeyondTheBytesInFlightWith429) {
  HttpServerOptions options;
  options.bytes_in_flight_max = 1000;
  WireServer server(options);
  const auto holder = server.connect();
  holder->send("POST /hold HTTP/1.1\r\n" + kHost + "Content-Length: 900\r\n\r\n" +
               std::string(900, 'x'));
  ASSERT_TRUE(server.wait_for_held(1));
  const std::string declared = "POST /echo HTTP/1.1\r\n" + kHost + "Content-Length: 200\r\n\r\n";
  const std::string chunked = "POST /echo HTTP/1.1\r\n" + kHost +
                              "Transfer-Encoding: chunked\r\n\r\nc8\r\n" + std::string(200, 'x') +
                              "\r\n";
  for (const std::string& request : {declared, chunked}) {
    const auto client = server.connect();
    client->send(request);
    const RawResponse refused = client->read_response();
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.header("retry-after"), "1");
  }
  server.release_held();
  EXPECT_EQ(holder->read_response().status, 200);
  const auto client = server.connect();
  client->send(declared + std::string(200, 'y'));
  EXPECT_EQ(client->read_response().status, 200) << "the bytes were given back";
}

TEST(HttpServer, ClosesConnectionsBeyondTheCapAndServesTheOthers) {
  HttpServerOptions options;
  options.connections_max = 2;
  WireServer server(options);
  const auto first = server.connect();
  auto second = server.connect();
  ASSERT_EQ(second->get("/hello").status, 200);
  EXPECT_EQ(RawClient::connect(server.client()), nullptr);
  EXPECT_EQ(first->get("/hello").status, 200);
  EXPECT_EQ(server.metric("charter_http_connections"), "2");
  EXPECT_EQ(server.metric("charter_http_refused_connections_total"), "1");
}

/// A client that stops talking at some point.
struct SlowRow {
  const char* name;
  const char* bytes;
  Duration HttpServerOptions::*timeout;
};

TEST(HttpServer, EndsClientsThatStopTalkingAtAnyPoint) {
  const SlowRow rows[] = {
      {"Idle", "", &HttpServerOptions::idle_timeout},
      {"Head", "GET / HT", &HttpServerOptions::header_timeout},
      {"Body", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc",
       &HttpServerOptions::body_timeout},
      {"ChunkedBody",
       "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
       &HttpServerOptions::body_timeout}};
  for (const SlowRow& row : rows) {
    SCOPED_TRACE(row.name);
    HttpServerOptions options;
    options.*row.timeout = 50ms;
    WireServer server(options);
    const auto client = server.connect();
    client->send(row.bytes);
    EXPECT_TRUE(client->is_closed_by_peer());
  }
}

TEST(HttpServer, EndsAClientThatNeverShakesHands) {
  HttpServerOptions options;
  options.handshake_timeout = 50ms;
  WireServer server(options);
  EXPECT_TRUE(RawClient::connect_plain(server.http().port())->is_closed_by_peer());
  const auto garbage = RawClient::connect_plain(server.http().port());
  garbage->send("GET / HTTP/1.1\r\nHost: plain\r\n\r\n");
  garbage->read_until("never");
  EXPECT_TRUE(garbage->is_closed_by_peer());
}

TEST(HttpServer, TricklingBytesDoNotRenewTheHeaderDeadline) {
  HttpServerOptions options;
  options.header_timeout = 100ms;
  WireServer server(options);
  const auto client = server.connect();
  client->send("GET / HTTP/1.1\r\nX: ");
  // Far below 32 KiB, so only the deadline can end it; each send may succeed until the close
  // arrives.
  int sent = 0;
  while (sent < 20'000 && client->send("x"))
    ++sent;
  client->read_until("never");
  EXPECT_TRUE(client->is_closed_by_peer());
  EXPECT_EQ(server.metric("charter_http_requests_total{code=\"2xx\"}"), "0");
}

TEST(HttpServer, EndsAPeerThatTakesNothingOfALargeAnswer) {
  HttpServerOptions options;
  options.write_timeout = 50ms;
  options.requests_in_flight_max = 1;
  WireServer server(options);
  auto slow_options = server.client();
  slow_options.receive_buffer_bytes = 4096;
  const auto slow = RawClient::connect(slow_options);
  slow->send("GET /big HTTP/1.1\r\n" + kHost + "\r\n");
  const auto other = server.connect();
  int status = 429;  // the only place is taken until the slow reader is ended
  while (status == 429)
    status = other->get("/hello").status;
  EXPECT_EQ(status, 200);
}

TEST(HttpServer, ServesTwoHundredConnectionsAtOnce) {
  WireServer server;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 200; ++i)
    clients.push_back(server.connect());
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < clients.size(); ++i) {
      clients[i]->send("GET /n?" + std::to_string(i) + " HTTP/1.1\r\n" + kHost + "\r\n");
    }
    for (size_t i = 0; i < clients.size(); ++i) {
      EXPECT_EQ(clients[i]->read_response().body, "GET /n?" + std::to_string(i));
    }
  }
  EXPECT_EQ(server.metric("charter_http_connections"), "200");
  EXPECT_EQ(server.metric("charter_http_requests_total{code=\"2xx\"}"), "600");
}

TEST(HttpServer, SurvivesRunningOutOfFileDescriptors) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer's own checks open pipes and report falsely when they cannot";
#endif
  WireServer server;
  const auto before = server.connect();
  ASSERT_EQ(before->get("/hello").status, 200);
  rlimit old = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
  const rlimit tight = {std::min<rlim_t>(old.rlim_cur, 256), old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  std::vector<int> taken;
  for (int fd = ::dup(0); fd >= 0; fd = ::dup(0))
    taken.push_back(fd);
  ::close(taken.back());  // for the client's own end; the server finds none
  taken.pop_back();
  const auto shed = RawClient::connect_plain(server.http().port());
  const bool was_closed = shed && shed->is_closed_by_peer();
  for (const int fd : taken)
    ::close(fd);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_TRUE(was_closed);
  EXPECT_EQ(before->get("/hello").status, 200);
  EXPECT_EQ(server.connect()->get("/hello").status, 200);
}

TEST(HttpServer, RefusesToStartOnAnAddressInUseOrUnusable) {
  WireServer server;
  HttpServerOptions options;
  const CertifiedKey leaf = server.issue({.common_name = "s", .ip_addresses = {"127.0.0.1"}});
  options.tls.certificate_pem = leaf.certificate_pem;
  options.tls.key_pem = leaf.key_pem;
  options.port = server.http().port();
  Metrics metrics;
  const auto start = [&] {
    return HttpServer::start(
        options, [](HttpRequest, Respond) {}, testing::plain_status, metrics);
  };
  EXPECT_EQ(start().error().code, Code::Conflict);
  options.port = 0;
  options.address = "localhost";
  EXPECT_EQ(start().error().code, Code::Invalid);
  options.address = "127.0.0.1";
  options.tls.key_pem = server.ca().key_pem;
  EXPECT_EQ(start().error().code, Code::Invalid);
  options.tls.key_pem = "junk";
  EXPECT_EQ(start().error().code, Code::Invalid);
}

}  // namespace
}  // namespace charter
