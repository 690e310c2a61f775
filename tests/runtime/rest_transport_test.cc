#include "controller/runtime/rest_transport.h"

#include "controller/api/certificates.h"
#include "controller/api/http_server.h"
#include "tests/support/wire_server.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

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
  CertifiedKey client_key(const std::string& user = "alice") const {
    return issue_certificate(ca_, {.use = LeafRequest::Use::Client, .common_name = user},
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
    if (who["user"] == "refused") return HttpResponse::text(401, "text/plain", "");
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

/// A credential plugin: answers with what lies in a file of its folder.
class Plugin {
 public:
  Plugin() {
    char name[] = "/tmp/charter-plugin-XXXXXX";
    folder_ = mkdtemp(name);
    const std::string path = folder_ / "plugin";
    std::ofstream(path) << "#!/bin/sh\ncat " << (folder_ / "answer").string() << "\n";
    chmod(path.c_str(), 0700);
  }
  ~Plugin() { std::filesystem::remove_all(folder_); }
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  void answer(const CertifiedKey& key, const std::optional<Instant>& expires = {}) {
    Json status = {{"clientCertificateData", key.certificate_pem}, {"clientKeyData", key.key_pem}};
    if (expires) status["expirationTimestamp"] = format_time(*expires);
    const Json whole = {{"apiVersion", "client.authentication.k8s.io/v1"},
                        {"kind", "ExecCredential"},
                        {"status", status}};
    std::ofstream(folder_ / "answer", std::ios::trunc) << whole.dump();
  }
  void add_to(Kubeconfig& config) const {
    config.exec.api_version = "client.authentication.k8s.io/v1";
    config.exec.command = folder_ / "plugin";
  }

 private:
  std::filesystem::path folder_;
};

std::string who(RestTransport& transport) {
  const auto answer = transport.get("/who");
  return answer ? text_at(*answer, {"user"}) : answer.error().message;
}

TEST(RestTransport, AsksAsTheCertificateThatAPluginHandsOutAndTakesTheNextOne) {
  ApiOnTheWire api;
  Plugin plugin;
  Kubeconfig config = api.config();
  plugin.add_to(config);
  // One that has ended is asked for again with each request.
  plugin.answer(api.client_key("alice"), SystemClock().now() - 1s);
  const auto transport = RestTransport::open(config, 10s).value();
  EXPECT_EQ(who(*transport), "alice");
  plugin.answer(api.client_key("bob"));
  EXPECT_EQ(who(*transport), "bob") << "over a new connection: the old one is alice's";
  plugin.answer(api.client_key("carol"));
  EXPECT_EQ(who(*transport), "bob") << "no end was named: it is kept";
}

TEST(RestTransport, ACertificateThatIsRefusedIsAskedForAgainOnce) {
  ApiOnTheWire api;
  Plugin plugin;
  Kubeconfig config = api.config();
  plugin.add_to(config);
  plugin.answer(api.client_key("refused"));
  const auto transport = RestTransport::open(config, 10s).value();
  EXPECT_NE(who(*transport).find("401"), std::string::npos);
  plugin.answer(api.client_key("alice"));
  EXPECT_EQ(who(*transport), "alice");
}

TEST(RestTransport, ACertificateOfAPluginThatCannotBeUsedIsRefusedAndNotRepeated) {
  ApiOnTheWire api;
  Plugin plugin;
  Kubeconfig config = api.config();
  plugin.add_to(config);
  CertifiedKey odd = api.client_key("alice");
  odd.key_pem = api.client_key("bob").key_pem;
  plugin.answer(odd);
  const auto transport = RestTransport::open(config, 10s).value();
  const std::string said = who(*transport);
  EXPECT_NE(said.find("the key must fit"), std::string::npos) << said;
  EXPECT_EQ(said.find("BEGIN"), std::string::npos) << said;
  EXPECT_EQ(api.requests(), 0);
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
