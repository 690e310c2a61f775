#include "controller/runtime/rest_transport.h"

#include "controller/api/certificates.h"
#include "controller/api/http_server.h"
#include "tests/support/wire_server.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>

// Against a real TLS server on loopback.
namespace charter {
namespace {

using namespace std::chrono_literals;

/// Answers with who asked, and on other paths in ways that a client has to withstand.
class ApiOnTheWire {
 public:
  ApiOnTheWire() {
    const Instant now = SystemClock().now();
    ca_ = make_ca("test-ca", now, 24h).value();
    const CertifiedKey server =
        issue_certificate(ca_, {.common_name = "server", .ip_addresses = {"127.0.0.1"}}, now, 24h)
            .value();
    HttpServerOptions options;
    options.tls.certificate_pem = server.certificate_pem;
    options.tls.key_pem = server.key_pem;
    options.tls.client_ca_pem = ca_.certificate_pem;
    http_ = HttpServer::start(
                std::move(options),
                [this](HttpRequest request, Respond respond) { respond(answer(request)); },
                testing::plain_status, metrics_)
                .value();
  }

  Kubeconfig config() const {
    Kubeconfig config;
    config.context = "test";
    config.server = "https://127.0.0.1:" + std::to_string(http_->port());
    config.ca_pem = ca_.certificate_pem;
    return config;
  }
  CertifiedKey client_key() const {
    return issue_certificate(ca_, {.use = LeafRequest::Use::Client, .common_name = "alice"},
                             SystemClock().now(), 24h)
        .value();
  }
  int requests() const { return requests_; }

 private:
  HttpResponse answer(const HttpRequest& request) {
    ++requests_;
    const Json who = {{"user", request.peer ? request.peer->common_name : ""},
                      {"token", std::string(request.header("authorization"))},
                      {"query", request.query}};
    if (request.path == "/who") return HttpResponse::text(200, "application/json", who.dump());
    if (request.path == "/html") return HttpResponse::text(200, "text/html", "<html>");
    if (request.path == "/forbidden") {
      return HttpResponse::text(
          403, "application/json",
          R"({"kind":"Status","reason":"Forbidden","message":"secrets is forbidden"})");
    }
    auto moved = HttpResponse::text(302, "text/plain", "");
    moved.headers.push_back({"Location", "/who"});
    return moved;
  }

  CertifiedKey ca_;
  Metrics metrics_;
  std::atomic<int> requests_ = 0;
  std::unique_ptr<HttpServer> http_;
};

Result<Json> get(const Kubeconfig& config, const std::string& path) {
  const auto transport = RestTransport::open(config, 10s);
  if (!transport) return Error(transport.error());
  return (*transport)->get(path);
}

TEST(RestTransport, AsksAsTheClientCertificateAndAsTheToken) {
  const ApiOnTheWire api;
  Kubeconfig config = api.config();
  const CertifiedKey key = api.client_key();
  config.certificate_pem = key.certificate_pem;
  config.key_pem = key.key_pem;
  config.token = "t0ken";
  const auto who = get(config, "/who?limit=500&continue=a-b_c");
  ASSERT_TRUE(who) << who.error().message;
  EXPECT_EQ((*who)["user"], "alice");
  EXPECT_EQ((*who)["token"], "Bearer t0ken");
  EXPECT_EQ((*who)["query"], "limit=500&continue=a-b_c");
}

TEST(RestTransport, GivesTheServersOwnErrorWithItsCode) {
  const ApiOnTheWire api;
  const auto refused = get(api.config(), "/forbidden");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Forbidden);
  EXPECT_NE(refused.error().message.find("secrets is forbidden"), std::string::npos);
}

TEST(RestTransport, FollowsNoRedirect) {
  const ApiOnTheWire api;
  Kubeconfig config = api.config();
  config.token = "t0ken";
  EXPECT_FALSE(get(config, "/moved"));
  EXPECT_EQ(api.requests(), 1);
}

TEST(RestTransport, DoesNotTrustAServerOfAnotherAuthority) {
  const ApiOnTheWire api;
  Kubeconfig config = api.config();
  config.ca_pem = make_ca("other", SystemClock().now(), 24h).value().certificate_pem;
  const auto answer = get(config, "/who");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::ServiceUnavailable);
  EXPECT_EQ(api.requests(), 0);
  config.skip_verify = true;
  EXPECT_TRUE(get(config, "/who"));
}

TEST(RestTransport, RefusesWhatIsNoJsonAndKeysThatAreNone) {
  const ApiOnTheWire api;
  EXPECT_FALSE(get(api.config(), "/html"));
  Kubeconfig config = api.config();
  config.certificate_pem = config.key_pem = "no pem";
  const auto answer = get(config, "/who");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::Invalid);
}

TEST(RestTransport, SaysSoWhenNobodyAnswers) {
  Kubeconfig config;
  config.server = "https://127.0.0.1:1";
  const auto answer = get(config, "/who");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::ServiceUnavailable);
}

}  // namespace
}  // namespace charter
