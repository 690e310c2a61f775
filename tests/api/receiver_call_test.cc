#include "controller/api/audit.h"
#include "controller/base/object_gauges.h"
#include "controller/object/receivers.h"
#include "tests/support/audit_bench.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// Calls from outside, as the API server hands them on.
namespace charter::test {
namespace {

constexpr const char* kPath = "/receivers/widgets/w";
constexpr const char* kProof = "sha256=0123456789abcdef";
constexpr const char* kBody = R"({"word":"geheim"})";

class ReceiverCall : public ::testing::Test {
 protected:
  ReceiverCall() {
    api_.server().use_extensions(receivers_, gauges_);
    receivers_.add("widgets", [this](const ReceivedCall& call) -> Result<std::string> {
      ++calls_;
      name_ = call.name;
      body_ = call.body;
      for (const auto& [name, value] : call.headers) {
        if (name == "x-proof" && value == kProof) return std::string("taken");
      }
      return Error{Code::Unauthorized, "Unauthorized"};
    });
  }

  static Ask posted(const std::string& target, const std::string& proof = kProof) {
    return {"POST", target, kBody, "application/json", {{"x-proof", proof}}, std::nullopt};
  }

  Receivers receivers_;
  ObjectGauges gauges_;
  ServedApi api_;
  int calls_ = 0;
  std::string name_, body_;
};

TEST_F(ReceiverCall, Who_has_no_identity_is_heard_and_judged_by_the_receiver) {
  const Answer taken = api_.ask(posted(kPath));
  EXPECT_EQ(taken.status, 200);
  EXPECT_EQ(taken.body, "taken\n");
  EXPECT_EQ(name_, "w");
  EXPECT_EQ(body_, kBody);
  const Answer refused = api_.ask(posted(kPath, "guess"));
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.reason(), "Unauthorized");
}

TEST_F(ReceiverCall, Neither_rights_nor_a_wrong_token_change_what_it_says) {
  Ask admin = posted(kPath, "guess");
  admin.peer = Peer{};
  EXPECT_EQ(api_.ask(std::move(admin)).status, 401);
  Ask token = posted(kPath);
  token.headers.emplace_back("authorization", "Bearer nonsense");
  EXPECT_EQ(api_.ask(std::move(token)).status, 200);
  Ask impersonating = posted(kPath);
  impersonating.headers.emplace_back("impersonate-user", "root");
  EXPECT_EQ(api_.ask(std::move(impersonating)).status, 200);
  EXPECT_EQ(calls_, 3);
}

TEST_F(ReceiverCall, Only_posts_to_a_name_of_a_resource_that_receives_reach_it) {
  for (const char* method : {"GET", "PUT", "PATCH", "DELETE", "HEAD"}) {
    Ask other = posted(kPath);
    other.method = method;
    EXPECT_EQ(api_.ask(std::move(other)).status, 405) << method;
  }
  EXPECT_EQ(api_.ask(posted("/receivers/racks/w")).status, 404);
  for (const char* path :
       {"/receivers", "/receivers/widgets", "/receivers/widgets/w/x", "/receivers/widgets/"}) {
    EXPECT_EQ(api_.ask(posted(path)).status, 403) << path;  // as any path without a right to it
  }
  EXPECT_EQ(api_.ask(posted("/receivers/widgets/..")).status, 400);
  EXPECT_EQ(calls_, 0);
}

TEST_F(ReceiverCall, Without_receivers_there_is_no_such_path) {
  ServedApi plain;
  EXPECT_EQ(plain.ask(posted(kPath)).status, 404);
}

TEST_F(ReceiverCall, It_is_recorded_without_its_proof_and_its_body) {
  AuditBench bench;
  const auto log = bench.open();
  auto policy = parse_audit_policy(
      "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: RequestResponse}]}");
  ASSERT_TRUE(policy);
  Audit audit(std::move(*policy), AuditMode::BlockingStrict, *log, api_.clock(), bench.metrics());
  api_.server().use_audit(audit);
  const Answer taken = api_.ask(posted(kPath));
  const Answer refused = api_.ask(posted(kPath, "guess"));
  for (const Answer* answer : {&taken, &refused}) {
    const auto records = bench.events_with("auditID", answer->header("Audit-Id"));
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(text_at(records[1], {"requestURI"}), kPath);
    EXPECT_EQ(text_at(records[1], {"verb"}), "post");
    EXPECT_EQ(text_at(records[1], {"user", "username"}), "system:anonymous");
    EXPECT_EQ(records[1].at("responseStatus").at("code"), answer->status);
  }
  for (const char* secret : {kProof, "guess", "geheim"})
    EXPECT_EQ(bench.text().find(secret), std::string::npos) << secret;
}

TEST_F(ReceiverCall, The_built_in_policy_records_it) {
  AuditBench bench;
  const auto log = bench.open();
  Audit audit(builtin_audit_policy(), AuditMode::BlockingStrict, *log, api_.clock(),
              bench.metrics());
  api_.server().use_audit(audit);
  const Answer refused = api_.ask(posted(kPath, "guess"));
  EXPECT_FALSE(bench.events_with("auditID", refused.header("Audit-Id")).empty());
}

TEST_F(ReceiverCall, Metrics_show_the_gauges_of_objects_that_there_are) {
  gauges_.set("w", {{"widget_size", "Size.", 4.5}});
  gauges_.set("a \"quoted\"\\one", {{"widget_size", "Size.", 1}});
  const std::string both = api_.get("/metrics").body;
  EXPECT_NE(both.find("# TYPE widget_size gauge\n"
                      "widget_size{name=\"a \\\"quoted\\\"\\\\one\"} 1\n"
                      "widget_size{name=\"w\"} 4.5\n"),
            std::string::npos)
      << both;
  gauges_.forget("w");
  EXPECT_EQ(api_.get("/metrics").body.find("name=\"w\""), std::string::npos);
}

}  // namespace
}  // namespace charter::test
