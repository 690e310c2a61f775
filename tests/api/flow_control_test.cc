#include "controller/api/flow_control.h"

#include "controller/api/router.h"
#include "controller/base/limits.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// Who pays for a request, and which requests a wire thread may answer itself.
namespace charter::test {
namespace {

TEST(FlowOf, Is_a_user_or_all_service_accounts_of_a_namespace) {
  struct Row {
    const char* user;
    const char* flow;
  };
  const Row rows[] = {
      {"fred", "user:fred"},
      {"system:serviceaccount:team:a", "serviceaccounts:team"},
      {"system:serviceaccount:team:b", "serviceaccounts:team"},
      {"system:serviceaccount:team", "serviceaccounts:team"},
      {"serviceaccounts:team", "user:serviceaccounts:team"},
      {"system:charter", "user:system:charter"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(flow_of({row.user, "", {"system:authenticated"}, "", {}}), row.flow) << row.user;
  EXPECT_EQ(flow_of({"system:charter", "", {"system:masters"}, "", {}}), "") << "the program";
}

/// A store with small objects and a large one, and what requests for them are thought to cost.
class Estimate : public testing::Test {
 protected:
  Estimate() {
    for (int i = 0; i < 200; ++i)
      api_.post(kWidgetsPath, shop_widget("w" + std::to_string(i)));
    const Json large = {{"metadata", {{"name", "large"}}},
                        {"data", {{"a", std::string(1'000'000, 'x')}}}};
    EXPECT_EQ(api_.post(kMaps, large).status, 201);
  }

  bool is_heavy(const std::string& method, const std::string& target, const std::string& body = {},
                Representation shape = {}, const std::string& content_type = "application/json") {
    const size_t mark = target.find('?');
    HttpRequest request;
    request.method = method;
    request.body = body;
    request.headers = {{"content-type", content_type}};
    const std::string query = mark == std::string::npos ? "" : target.substr(mark + 1);
    const Route routed = route(method, target.substr(0, mark), query).value();
    const ResourceTypePtr type = api_.type({routed.group, routed.version, routed.resource});
    return estimate(api_.store(), *type, routed, request, shape) > limits::kInlineCostMax;
  }

  static Representation table() {
    return {Representation::Syntax::JsonText, Representation::As::Table, "v1"};
  }
  static Representation yaml() { return {Representation::Syntax::YamlText}; }

  const std::string kMaps = "/api/v1/namespaces/lab/configmaps";
  ServedApi api_;
};

TEST_F(Estimate, Bodies_are_heavy_by_their_size_and_form) {
  EXPECT_FALSE(is_heavy("POST", kMaps, "{" + std::string(4'000, ' ') + "}"));
  EXPECT_TRUE(is_heavy("POST", kMaps, "{" + std::string(64'000, ' ') + "}"));
  const std::string yaml = "application/apply-patch+yaml";
  EXPECT_TRUE(is_heavy("PATCH", kMaps + "/a", "a: " + std::string(4'000, 'x'), {}, yaml));
  EXPECT_FALSE(is_heavy("PATCH", kMaps + "/a", "{" + std::string(4'000, ' ') + "}", {}, yaml))
      << "kubectl sends JSON as YAML";
}

TEST_F(Estimate, Lists_are_heavy_by_what_is_looked_at_and_shown) {
  EXPECT_FALSE(is_heavy("GET", kWidgetsPath));
  EXPECT_TRUE(is_heavy("GET", kWidgetsPath, {}, table()));
  EXPECT_FALSE(is_heavy("GET", kWidgetsPath + "?limit=10", {}, table()));
  EXPECT_TRUE(is_heavy("GET", kWidgetsPath + "?limit=10&resourceVersion=0", {}, table()))
      << "the limit does not count there";
  EXPECT_FALSE(is_heavy("GET", kWidgetsPath + "?fieldSelector=metadata.name%3Dw1", {}, table()));
  EXPECT_TRUE(is_heavy("DELETE", kWidgetsPath));
}

TEST_F(Estimate, A_small_request_for_a_large_object_is_heavy_unless_its_bytes_go_out_as_they_are) {
  EXPECT_FALSE(is_heavy("GET", kMaps + "/large"));
  EXPECT_TRUE(is_heavy("GET", kMaps + "/large", {}, yaml()));
  EXPECT_TRUE(is_heavy("PATCH", kMaps + "/large", "{}"));
  EXPECT_TRUE(is_heavy("DELETE", kMaps + "/large"));
  EXPECT_FALSE(is_heavy("PATCH", kMaps + "/none", "{}"));
}

}  // namespace
}  // namespace charter::test
