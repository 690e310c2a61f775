#include "controller/api/certificates.h"

#include "controller/api/certificate_facts.h"

#include "controller/api/certificate_openssl.h"
#include "controller/api/tls_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <unistd.h>

namespace charter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kDay = std::chrono::hours(24);

Instant now() {
  return SystemClock().now();
}

CertifiedKey test_ca() {
  return make_ca("unit-ca", now(), kDay).value();
}

openssl::X509Ptr parse(const CertifiedKey& key) {
  return std::move(openssl::parse_certificates(key.certificate_pem)->front());
}

/// What a verifier with this CA says about a certificate; 0 is X509_V_OK.
int verify(const CertifiedKey& ca, const CertifiedKey& leaf, int purpose, Instant at) {
  const auto root = parse(ca);
  const auto certificate = parse(leaf);
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, root.get());
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, certificate.get(), nullptr);
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_purpose(rules, purpose);
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
  X509_VERIFY_PARAM_set_time(
      rules, std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
  X509_verify_cert(context);
  const int result = X509_STORE_CTX_get_error(context);
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return result;
}

TEST(Certificates, LeavesVerifyStrictlyForTheirUseAndForNoOther) {
  const CertifiedKey ca = test_ca();
  LeafRequest request{
      .use = LeafRequest::Use::Server, .common_name = "s", .dns_names = {"localhost"}};
  const auto server = issue_certificate(ca, request, now(), kDay);
  request.use = LeafRequest::Use::Client;
  const auto client = issue_certificate(ca, request, now(), kDay);
  ASSERT_TRUE(server && client);
  EXPECT_EQ(verify(ca, *server, X509_PURPOSE_SSL_SERVER, now()), X509_V_OK);
  EXPECT_EQ(verify(ca, *client, X509_PURPOSE_SSL_CLIENT, now()), X509_V_OK);
  EXPECT_EQ(verify(ca, *server, X509_PURPOSE_SSL_CLIENT, now()), X509_V_ERR_INVALID_PURPOSE);
  EXPECT_EQ(verify(ca, *client, X509_PURPOSE_SSL_SERVER, now()), X509_V_ERR_INVALID_PURPOSE);
  EXPECT_NE(verify(test_ca(), *server, X509_PURPOSE_SSL_SERVER, now()), X509_V_OK)
      << "another CA, same name";
}

TEST(Certificates, AreValidFromFiveMinutesAgoUntilTheirLifetimeEnds) {
  const CertifiedKey ca = make_ca("ca", now(), 10 * kDay).value();
  const auto leaf = issue_certificate(ca, {.common_name = "s"}, now(), kDay).value();
  const auto result = [&](Instant at) { return verify(ca, leaf, X509_PURPOSE_SSL_SERVER, at); };
  EXPECT_EQ(result(now() - std::chrono::minutes(4)), X509_V_OK);
  EXPECT_EQ(result(now() - std::chrono::minutes(6)), X509_V_ERR_CERT_NOT_YET_VALID);
  EXPECT_EQ(result(now() + kDay - std::chrono::minutes(1)), X509_V_OK);
  EXPECT_EQ(result(now() + kDay + std::chrono::minutes(1)), X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST(Certificates, NamesAndAddressesMatchExactlyWhatWasAskedFor) {
  const CertifiedKey ca = test_ca();
  const LeafRequest request{.common_name = "s",
                            .dns_names = {"localhost", "*.svc.local"},
                            .ip_addresses = {"127.0.0.1", "::1"}};
  const auto leaf = parse(issue_certificate(ca, request, now(), kDay).value());
  const auto host = [&](const char* name) {
    return X509_check_host(leaf.get(), name, 0, 0, nullptr);
  };
  const auto ip = [&](const char* address) { return X509_check_ip_asc(leaf.get(), address, 0); };
  EXPECT_EQ(host("localhost"), 1);
  EXPECT_EQ(host("a.svc.local"), 1);
  EXPECT_EQ(host("s"), 0) << "the common name is not a host name when there are alternatives";
  EXPECT_EQ(ip("127.0.0.1"), 1);
  EXPECT_EQ(ip("::1"), 1);
  EXPECT_EQ(ip("127.0.0.2"), 0);
}

TEST(Certificates, KeysAreP256AndSerialsLargeAndDifferent) {
  const CertifiedKey ca = test_ca();
  const auto a = parse(issue_certificate(ca, {.common_name = "s"}, now(), kDay).value());
  const auto b = parse(issue_certificate(ca, {.common_name = "s"}, now(), kDay).value());
  char group[32] = {};
  EVP_PKEY_get_group_name(X509_get0_pubkey(a.get()), group, sizeof group, nullptr);
  EXPECT_STREQ(group, "prime256v1");
  EXPECT_NE(ASN1_INTEGER_cmp(X509_get0_serialNumber(a.get()), X509_get0_serialNumber(b.get())), 0);
  EXPECT_EQ(ASN1_STRING_length(X509_get0_serialNumber(a.get())), 16);
}

TEST(Certificates, BadNamesAndBadIssuersAreInvalid) {
  const CertifiedKey ca = test_ca();
  const LeafRequest good{.common_name = "s"};
  const auto leaf = issue_certificate(ca, good, now(), kDay).value();
  const LeafRequest bad[] = {{.common_name = ""},
                             {.common_name = std::string("a\0b", 3)},
                             {.common_name = std::string(65, 'x')},
                             {.common_name = "s", .organizations = {""}},
                             {.common_name = "s", .dns_names = {"a b"}},
                             {.common_name = "s", .dns_names = {"a,IP:1.2.3.4"}},
                             {.common_name = "s", .ip_addresses = {"1.2.3"}},
                             {.common_name = "s", .ip_addresses = {"localhost"}}};
  for (const LeafRequest& request : bad) {
    const auto result = issue_certificate(ca, request, now(), kDay);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::Invalid) << result.error().message;
  }
  EXPECT_EQ(issue_certificate(leaf, good, now(), kDay).error().code, Code::Invalid)
      << "a leaf is no CA";
  EXPECT_EQ(issue_certificate({ca.certificate_pem, leaf.key_pem}, good, now(), kDay).error().code,
            Code::Invalid);
  EXPECT_EQ(issue_certificate({"junk", "junk"}, good, now(), kDay).error().code, Code::Invalid);
}

TEST(Certificates, ExpiryIsReadBackToTheSecond) {
  const Instant start = parse_time("2026-06-01T12:34:56Z").value();
  const auto ca = make_ca("ca", start, 30 * kDay).value();
  EXPECT_EQ(format_time(certificate_facts(ca.certificate_pem)->not_after), "2026-07-01T12:34:56Z");
  EXPECT_EQ(certificate_facts("junk").error().code, Code::Invalid);
  EXPECT_EQ(certificate_facts(ca.certificate_pem.substr(0, 200)).error().code, Code::Invalid);
}

TEST(CertificateIdentity, IsCommonNameAndOrganizationsInOrder) {
  const auto leaf = parse(
      issue_certificate(
          test_ca(), {.common_name = "jörg", .organizations = {"system:masters", "b"}}, now(), kDay)
          .value());
  const auto identity = certificate_identity(leaf.get());
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->common_name, "jörg");
  EXPECT_THAT(identity->organizations, ElementsAre("system:masters", "b"));
}

/// A subject that must not become an identity.
struct SubjectRow {
  const char* name;
  std::vector<std::pair<int, std::string>> entries;
};

std::vector<std::pair<int, std::string>> crowd(size_t organizations) {
  std::vector<std::pair<int, std::string>> out = {{NID_commonName, "eve"}};
  for (size_t i = 0; i < organizations; ++i)
    out.emplace_back(NID_organizationName, "o");
  return out;
}

TEST(CertificateIdentity, IsNoneForSubjectsThatAreAmbiguousOrHideSomething) {
  const SubjectRow rows[] = {
      {"NoCommonName", {{NID_organizationName, "system:masters"}}},
      {"TwoCommonNames", {{NID_commonName, "admin"}, {NID_commonName, "eve"}}},
      {"NulInCommonName", {{NID_commonName, std::string("admin\0.evil", 11)}}},
      {"NulInOrganization",
       {{NID_commonName, "eve"}, {NID_organizationName, std::string("system:masters\0x", 16)}}},
      {"NewlineInCommonName", {{NID_commonName, "eve\nlevel=info"}}},
      {"AbsurdCommonName", {{NID_commonName, std::string(4'096, 'x')}}},
      {"TenThousandOrganizations", crowd(10'000)}};
  for (const SubjectRow& row : rows) {
    SCOPED_TRACE(row.name);
    const openssl::X509Ptr certificate(X509_new());
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    for (const auto& [nid, text] : row.entries) {
      X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate.get()), nid, V_ASN1_UTF8STRING,
                                 reinterpret_cast<const unsigned char*>(text.data()),
                                 static_cast<int>(text.size()), -1, 0);
    }
    EXPECT_FALSE(certificate_identity(certificate.get()));
  }
}

TEST(CertificateIdentity, IsNoneOnceTheCertificateHasExpired) {
  const auto leaf =
      parse(issue_certificate(test_ca(), {.common_name = "old"}, now() - 2 * kDay, kDay).value());
  EXPECT_FALSE(certificate_identity(leaf.get()));
}

TEST(Kubeconfig, HoldsEverythingInlineAndQuotesEveryName) {
  const CertifiedKey client{"CERT", "KEY"};
  const std::string text = make_kubeconfig("a: \"b\"\n\\", "https://127.0.0.1:6443", "CA", client);
  EXPECT_THAT(text, HasSubstr("server: \"https://127.0.0.1:6443\"\n"));
  EXPECT_THAT(text, HasSubstr("certificate-authority-data: Q0E=\n"));
  EXPECT_THAT(text, HasSubstr("client-certificate-data: Q0VSVA==\n"));
  EXPECT_THAT(text, HasSubstr("client-key-data: S0VZ\n"));
  EXPECT_THAT(text, HasSubstr("current-context: \"a: \\\"b\\\"\\x0a\\\\\"\n"));
}

TEST(Kubeconfig, IsReadByKubectl) {
  if (std::system("kubectl version --client >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "no kubectl here";
  const CertifiedKey ca = test_ca();
  const auto client =
      issue_certificate(ca, {.use = LeafRequest::Use::Client, .common_name = "admin"}, now(), kDay);
  const std::string path = ::testing::TempDir() + "kubeconfig." + std::to_string(::getpid());
  std::ofstream(path) << make_kubeconfig("charter", "https://127.0.0.1:1", ca.certificate_pem,
                                         *client);
  FILE* pipe = ::popen(("kubectl --kubeconfig " + path +
                        " config view --minify -o "
                        "jsonpath='{.contexts[0].context.user} {.clusters[0].cluster.server}' 2>&1")
                           .c_str(),
                       "r");
  char line[256] = {};
  const size_t size = std::fread(line, 1, sizeof line - 1, pipe);
  EXPECT_EQ(::pclose(pipe), 0);
  ::unlink(path.c_str());
  EXPECT_EQ(std::string(line, size), "charter https://127.0.0.1:1");
}

}  // namespace
}  // namespace charter
