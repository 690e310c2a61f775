#include "controller/api/audit_event.h"

#include "controller/base/limits.h"
#include "controller/object/value.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// Parts of an event that come from outside.
namespace charter::test {
namespace {

HttpRequest request_to(const std::string& path, const std::string& query = {}) {
  HttpRequest out;
  out.method = "GET";
  out.path = path;
  out.query = query;
  out.remote = "192.0.2.7:4711";
  return out;
}

AccessRequest about(const std::string& resource) {
  AccessRequest out;
  out.verb = "list";
  out.resource = resource;
  return out;
}

TEST(AuditUri, Keeps_what_the_api_knows_and_masks_every_other_value) {
  const auto uri = [](const std::string& query, const std::string& resource = "pods") {
    return audit_uri(request_to("/api/v1/pods", query), about(resource));
  };
  EXPECT_EQ(uri(""), "/api/v1/pods");
  EXPECT_EQ(uri("limit=500&labelSelector=a%3Db&watch=1"),
            "/api/v1/pods?limit=500&labelSelector=a%3Db&watch=1");
  EXPECT_EQ(uri("access_token=s3cr3t&limit=1"), "/api/v1/pods?access_token=masked&limit=1");
  EXPECT_EQ(uri("limi%74=5"), "/api/v1/pods?limi%74=5");
  EXPECT_EQ(uri("watch"), "/api/v1/pods?watch");
  EXPECT_EQ(uri("password=a=b"), "/api/v1/pods?password=masked");
  EXPECT_EQ(uri("fieldSelector=data.x%3Dhunter2", "secrets"), "/api/v1/pods?fieldSelector=masked");
  EXPECT_EQ(uri("fieldSelector=metadata.name%3Dx,data.x%3Dhunter2", "secrets"),
            "/api/v1/pods?fieldSelector=masked");
  EXPECT_EQ(uri("fieldSelector=metadata.name%3Dx", "secrets"),
            "/api/v1/pods?fieldSelector=metadata.name%3Dx");
}

TEST(AuditSources, Are_what_the_client_claims_and_last_the_peer) {
  HttpRequest request = request_to("/");
  using Words = std::vector<std::string>;
  EXPECT_EQ(audit_sources(request), Words{"192.0.2.7"});
  request.headers = {{"x-forwarded-for", "203.0.113.1, nonsense,2001:db8::1"}};
  EXPECT_EQ(audit_sources(request), (Words{"203.0.113.1", "2001:db8::1", "192.0.2.7"}));
  request.headers.emplace_back("x-real-ip", "203.0.113.1");
  EXPECT_EQ(audit_sources(request), (Words{"203.0.113.1", "2001:db8::1", "192.0.2.7"}));
  request.headers = {{"x-forwarded-for", "203.0.113.1,192.0.2.7"}};
  EXPECT_EQ(audit_sources(request), (Words{"203.0.113.1", "192.0.2.7"}));
  request.headers.clear();
  request.remote = "[::1]:80";
  EXPECT_EQ(audit_sources(request), Words{"::1"});
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += "203.0.113.1,";
  request.headers = {{"x-forwarded-for", many}};
  EXPECT_EQ(audit_sources(request).size(), limits::kAuditSourcesMax + 1);
}

TEST(AuditEvent, No_byte_from_outside_forges_a_line_or_a_member) {
  HttpRequest request = request_to("/x\n\"},{\"kind\":\"\xff");
  request.headers = {{"user-agent", "curl\r\n\",\"verb\":\"get\x01\xf0\x28"}};
  const Caller caller{"fred\"\n", "u", {"a\\", "b"}, "", {{"k\"", {"v\n"}}}};
  AuditedRequest audited;
  audited.verdict.level = AuditLevel::Metadata;
  audited.target = about("pods");
  audited.target.name = "n\"\n";
  audited.audit_id = "id";
  audited.reason = "because\n\"";
  audited.allowed = true;
  audited.common = audit_common(request, audited.target, &caller);
  const AuditedAnswer answer{404, "Failure", "NotFound", "no \"\n", {}};
  const std::string open =
      audit_event(audited, AuditStage::ResponseComplete, Instant(), &answer, nullptr);
  EXPECT_EQ(open.find('\n'), std::string::npos);
  const auto tree = parse_json(open + "}}");
  ASSERT_TRUE(tree.has_value()) << open;
  EXPECT_EQ(text_at(*tree, {"user", "username"}), "fred\"\n");
  EXPECT_EQ(text_at(*tree, {"objectRef", "name"}), "n\"\n");
  EXPECT_EQ(text_at(*tree, {"verb"}), "list");
  EXPECT_EQ((*tree)["user"]["extra"]["k\""][0], "v\n");
}

TEST(AuditEvent, A_long_user_agent_is_cut_as_in_kubernetes) {
  HttpRequest request = request_to("/");
  request.headers = {{"user-agent", std::string(5'000, 'a')}};
  const auto tree = parse_json("{\"a\":1" + audit_common(request, about("pods"), nullptr) + "}");
  ASSERT_TRUE(tree.has_value());
  EXPECT_EQ(text_at(*tree, {"userAgent"}), std::string(1'024, 'a') + "...TRUNCATED");
}

TEST(AuditEvent, Objects_beyond_the_bound_are_left_out_and_the_event_says_so) {
  AuditedRequest audited;
  audited.verdict.level = AuditLevel::RequestResponse;
  audited.target = about("pods");
  audited.request_object = "{\"a\":1}";
  AuditedAnswer answer;
  answer.object = std::string(limits::kAuditEventBytesMax, ' ');
  const std::string open =
      audit_event(audited, AuditStage::ResponseComplete, Instant(), &answer, nullptr);
  EXPECT_LT(open.size(), 2'000U);
  const auto tree = parse_json(open + "}}");
  ASSERT_TRUE(tree.has_value());
  EXPECT_EQ(text_at(*tree, {"annotations", "audit.k8s.io/truncated"}), "true");
  EXPECT_FALSE(tree->contains("requestObject"));
}

}  // namespace
}  // namespace charter::test
