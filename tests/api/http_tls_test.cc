#include "controller/api/http_server.h"
#include "tests/support/wire_server.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

// Versions, protocols, client certificates and reload, seen from a real client.
namespace charter {
namespace {

using testing::RawClient;
using testing::WireServer;

constexpr auto kDay = std::chrono::hours(24);

CertifiedKey client_key(const WireServer& server, std::vector<std::string> organizations) {
  return server.issue({.use = LeafRequest::Use::Client,
                       .common_name = "alice",
                       .organizations = std::move(organizations)});
}

TEST(HttpTls, RequestWithoutClientCertificateHasNoPeer) {
  WireServer server;
  EXPECT_EQ(server.connect()->get("/identity").body, "anonymous");
}

TEST(HttpTls, ClientCertificateBecomesThePeerOfEveryRequest) {
  WireServer server;
  const CertifiedKey key = client_key(server, {"system:masters", "dev"});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto options = server.client();
    options.identity = &key;
    options.version_max = version;
    const auto client = RawClient::connect(options);
    ASSERT_NE(client, nullptr);
    EXPECT_EQ(client->get("/identity").body, "alice|system:masters|dev");
    EXPECT_EQ(client->get("/identity").body, "alice|system:masters|dev");
  }
}

/// Connects with a certificate; true when any request is answered.
bool is_served(const WireServer& server, const CertifiedKey& key) {
  auto options = server.client();
  options.identity = &key;
  const auto client = RawClient::connect(options);
  return client && client->get("/identity").status != 0;
}

TEST(HttpTls, CertificateThatDoesNotVerifyFailsTheHandshakeInsteadOfBecomingAnonymous) {
  WireServer server;
  const Instant now = SystemClock().now();
  const LeafRequest request{.use = LeafRequest::Use::Client, .common_name = "alice"};
  const CertifiedKey other_ca = make_ca("test-ca", now, kDay).value();
  EXPECT_FALSE(is_served(server, issue_certificate(other_ca, request, now, kDay).value()))
      << "wrong CA";
  EXPECT_FALSE(
      is_served(server, issue_certificate(server.ca(), request, now - 2 * kDay, kDay).value()))
      << "expired";
  EXPECT_FALSE(
      is_served(server, server.issue({.use = LeafRequest::Use::Server, .common_name = "alice"})))
      << "a server's certificate";
  EXPECT_TRUE(is_served(server, client_key(server, {}))) << "the good one, in the same way";
}

TEST(HttpTls, OldVersionsAreRefused) {
  WireServer server;
  auto options = server.client();
  options.version_max = TLS1_1_VERSION;
  EXPECT_EQ(RawClient::connect(options), nullptr);
}

TEST(HttpTls, AlpnAnswersHttp11AndRefusesClientsThatCannotSpeakIt) {
  WireServer server;
  auto options = server.client();
  options.alpn = {"h2", "http/1.1"};
  const auto both = RawClient::connect(options);
  ASSERT_NE(both, nullptr);
  EXPECT_EQ(both->alpn(), "http/1.1");
  EXPECT_EQ(server.connect()->alpn(), "");
  options.alpn = {"h2"};
  EXPECT_EQ(RawClient::connect(options), nullptr);
}

TEST(HttpTls, ReloadChangesNewConnectionsAndLeavesOpenOnesAlone) {
  WireServer server;
  const auto before = server.connect();
  ASSERT_EQ(before->get("/hello").status, 200);
  const Instant now = SystemClock().now();
  const CertifiedKey new_ca = make_ca("new-ca", now, kDay).value();
  const LeafRequest request{.common_name = "s", .ip_addresses = {"127.0.0.1"}};
  const CertifiedKey leaf = issue_certificate(new_ca, request, now, kDay).value();
  ASSERT_TRUE(server.http().reload({leaf.certificate_pem, leaf.key_pem, ""}));
  EXPECT_EQ(RawClient::connect(server.client()), nullptr)
      << "the old CA did not sign the new certificate";
  auto options = server.client();
  options.ca_pem = new_ca.certificate_pem;
  const auto after = RawClient::connect(options);
  ASSERT_NE(after, nullptr);
  EXPECT_EQ(after->get("/hello").status, 200);
  EXPECT_EQ(before->get("/hello").status, 200);
  EXPECT_EQ(server.http().reload({"junk", leaf.key_pem, ""}).error().code, Code::Invalid);
  EXPECT_NE(RawClient::connect(options), nullptr) << "a reload that fails changes nothing";
}

}  // namespace
}  // namespace charter
