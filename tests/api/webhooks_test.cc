#include "controller/base/base64.h"
#include "controller/webhooks/limits.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// Users' admission webhooks, from the configuration to what is stored. The other side of the wire
// is a function.
namespace charter::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kWidgets = "/apis/shop.dev/v1/namespaces/lab/widgets";
constexpr const char* kValidating =
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
constexpr const char* kMutating =
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

/// Webhooks by their URL; remembers what they were asked.
class Answerers final : public WebhookClient {
 public:
  using Answerer = std::function<Result<Json>(const Json& request)>;

  Result<Json> post(const WebhookTarget& target, const Json& review, Duration timeout) override {
    asked.push_back(review);
    timeouts.push_back(timeout);
    const auto found = by_url.find(target.url);
    if (found == by_url.end()) return Error{Code::ServiceUnavailable, target.url + ": no answer"};
    return found->second(review.at("request"));
  }

  std::map<std::string, Answerer> by_url;
  std::vector<Json> asked;
  std::vector<Duration> timeouts;
};

Json answer(const Json& request, const Json& response) {
  Json all = {{"uid", request.at("uid")}, {"allowed", true}};
  all.merge_patch(response);
  return {{"apiVersion", "admission.k8s.io/v1"}, {"kind", "AdmissionReview"}, {"response", all}};
}

Json with_patch(const Json& request, const Json& patch) {
  return answer(request, {{"patchType", "JSONPatch"}, {"patch", encode_base64(patch.dump())}});
}

/// A webhook for widgets; `more` is merged over it.
Json webhook(const std::string& name, const Json& more = Json::object()) {
  Json out = {{"name", name + ".acme.example"},
              {"clientConfig", {{"url", "https://hooks.example/" + name}}},
              {"rules",
               {{{"operations", {"*"}},
                 {"apiGroups", {"shop.dev"}},
                 {"apiVersions", {"v1"}},
                 {"resources", {"widgets"}}}}},
              {"sideEffects", "None"},
              {"admissionReviewVersions", {"v1"}}};
  out.merge_patch(more);
  return out;
}

Json configuration(const char* kind, const std::string& name, const std::vector<Json>& webhooks) {
  return {{"apiVersion", "admissionregistration.k8s.io/v1"},
          {"kind", kind},
          {"metadata", {{"name", name}}},
          {"webhooks", webhooks}};
}

Json widget(const std::string& name, const Json& spec = {{"size", 3}}) {
  return {{"apiVersion", "shop.dev/v1"},
          {"kind", "Widget"},
          {"metadata", {{"name", name}}},
          {"spec", spec}};
}

class WebhooksTest : public ::testing::Test {
 protected:
  void validating(const std::vector<Json>& webhooks, const std::string& name = "policy") {
    const Answer made =
        api_.post(kValidating, configuration("ValidatingWebhookConfiguration", name, webhooks));
    ASSERT_EQ(made.status, 201) << made.body;
  }
  void mutating(const std::vector<Json>& webhooks, const std::string& name = "defaults") {
    const Answer made =
        api_.post(kMutating, configuration("MutatingWebhookConfiguration", name, webhooks));
    ASSERT_EQ(made.status, 201) << made.body;
  }
  void on(const std::string& name, Answerers::Answerer answerer) {
    hooks_.by_url["https://hooks.example/" + name] = std::move(answerer);
  }
  void allow(const std::string& name) {
    on(name, [](const Json& request) { return answer(request, Json::object()); });
  }
  void deny(const std::string& name, const Json& status = Json::object()) {
    on(name, [status](const Json& request) {
      return answer(request, {{"allowed", false}, {"status", status}});
    });
  }
  void patch(const std::string& name, const Json& document) {
    on(name, [document](const Json& request) { return with_patch(request, document); });
  }
  const Json& asked(size_t index) const { return hooks_.asked.at(index).at("request"); }

  Answerers hooks_;
  ServedApi api_{nullptr, &hooks_};
};

TEST_F(WebhooksTest, A_denial_refuses_the_write_in_kubernetes_words_and_nothing_is_stored) {
  deny("no", {{"code", 403}, {"reason", "Forbidden"}, {"message", "widgets are out of fashion"}});
  validating({webhook("no")});
  const Answer refused = api_.post(kWidgets, widget("a"));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.message(),
            "admission webhook \"no.acme.example\" denied the request: widgets are out of fashion");
  EXPECT_EQ(api_.get(std::string(kWidgets) + "/a").status, 404);
}

TEST_F(WebhooksTest, A_denial_without_a_status_is_400_without_explanation) {
  deny("no");
  validating({webhook("no")});
  const Answer refused = api_.post(kWidgets, widget("a"));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.message(),
            "admission webhook \"no.acme.example\" denied the request without explanation");
}

TEST_F(WebhooksTest, The_review_says_who_does_what_to_which_object) {
  allow("see");
  validating({webhook("see")});
  ASSERT_EQ(api_.post(std::string(kWidgets) + "?fieldManager=tester", widget("a")).status, 201);
  ASSERT_EQ(api_.merge(std::string(kWidgets) + "/a", {{"spec", {{"size", 4}}}}).status, 200);
  ASSERT_EQ(api_.remove(std::string(kWidgets) + "/a").status, 200);
  ASSERT_EQ(hooks_.asked.size(), 3u);
  EXPECT_EQ(hooks_.asked[0].at("kind"), "AdmissionReview");
  const Json create = asked(0);
  EXPECT_EQ(create.at("operation"), "CREATE");
  EXPECT_EQ(create.at("kind"),
            Json({{"group", "shop.dev"}, {"version", "v1"}, {"kind", "Widget"}}));
  EXPECT_EQ(create.at("resource"),
            Json({{"group", "shop.dev"}, {"version", "v1"}, {"resource", "widgets"}}));
  EXPECT_EQ(create.at("namespace"), "lab");
  EXPECT_EQ(create.at("name"), "a");
  EXPECT_EQ(create.at("userInfo").at("username"), "admin");
  EXPECT_EQ(create.at("options").at("kind"), "CreateOptions");
  EXPECT_EQ(create.at("options").at("fieldManager"), "tester");
  EXPECT_EQ(create.at("object").at("spec").at("size"), 3);
  EXPECT_TRUE(create.at("oldObject").is_null());
  EXPECT_EQ(create.at("dryRun"), false);
  EXPECT_EQ(asked(1).at("operation"), "UPDATE");
  EXPECT_EQ(asked(1).at("options").at("kind"), "UpdateOptions");
  EXPECT_EQ(asked(1).at("oldObject").at("spec").at("size"), 3);
  EXPECT_EQ(asked(1).at("object").at("spec").at("size"), 4);
  EXPECT_EQ(asked(2).at("operation"), "DELETE");
  EXPECT_TRUE(asked(2).at("object").is_null());
  EXPECT_EQ(asked(2).at("oldObject").at("spec").at("size"), 4);
  EXPECT_NE(asked(0).at("uid"), asked(1).at("uid"));
}

TEST_F(WebhooksTest, A_dry_run_asks_and_says_so) {
  deny("no");
  validating({webhook("no")});
  EXPECT_EQ(api_.post(std::string(kWidgets) + "?dryRun=All", widget("a")).status, 400);
  EXPECT_EQ(asked(0).at("dryRun"), true);
}

TEST_F(WebhooksTest, A_patch_changes_what_is_stored_and_its_fields_are_nobodys) {
  patch("fill", {{{"op", "add"}, {"path", "/spec/name"}, {"value", "filled"}}});
  mutating({webhook("fill")});
  const Answer made = api_.apply(std::string(kWidgets) + "/a", widget("a"), "team");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.json().at("spec").at("name"), "filled");
  const std::string owned = made.json().at("metadata").at("managedFields").dump();
  EXPECT_NE(owned.find("f:size"), std::string::npos);
  EXPECT_EQ(owned.find("f:name"), std::string::npos);
  // An apply of the same finds nothing to do, and what the webhook wrote stays.
  const Answer again = api_.apply(std::string(kWidgets) + "/a", widget("a"), "team");
  EXPECT_EQ(again.json(), made.json());
}

TEST_F(WebhooksTest, A_create_by_update_manager_does_not_own_what_a_webhook_wrote) {
  patch("fill", {{{"op", "add"}, {"path", "/spec/name"}, {"value", "filled"}}});
  mutating({webhook("fill")});
  const Answer made = api_.post(kWidgets, widget("a"));
  ASSERT_EQ(made.status, 201);
  EXPECT_EQ(made.json().at("metadata").at("managedFields").dump().find("f:name"),
            std::string::npos);
}

TEST_F(WebhooksTest, A_required_field_may_be_filled_in_and_a_wrong_value_is_still_refused) {
  patch("fill", {{{"op", "add"}, {"path", "/spec/size"}, {"value", 5}}});
  mutating({webhook("fill")});
  const Answer made = api_.post(kWidgets, widget("a", Json::object()));
  EXPECT_EQ(made.status, 201) << made.body;
  patch("fill", {{{"op", "add"}, {"path", "/spec/size"}, {"value", -5}}});
  EXPECT_EQ(api_.post(kWidgets, widget("b")).status, 422);
  patch("fill", {{{"op", "add"}, {"path", "/spec/unheard"}, {"value", 5}}});
  const Answer pruned = api_.post(kWidgets, widget("c"));
  EXPECT_EQ(pruned.status, 201);
  EXPECT_FALSE(pruned.json().at("spec").contains("unheard"));
}

TEST_F(WebhooksTest, No_webhook_makes_another_object_of_it) {
  const std::pair<const char*, Json> bad[] = {
      {"/metadata/name", "b"}, {"/metadata/namespace", "default"},
      {"/metadata/uid", "0"},  {"/metadata/resourceVersion", "7"},
      {"/kind", "Gadget"},     {"/apiVersion", "shop.dev/v2"}};
  mutating({webhook("bad")});
  for (const auto& [path, value] : bad) {
    patch("bad", {{{"op", "add"}, {"path", path}, {"value", value}}});
    const Answer refused = api_.post(kWidgets, widget("a"));
    EXPECT_EQ(refused.status, 422) << path << refused.body;
    EXPECT_NE(refused.message().find("may not change"), std::string::npos) << refused.message();
  }
  patch("bad", {{{"op", "remove"}, {"path", "/metadata"}}});
  EXPECT_EQ(api_.post(kWidgets, widget("a")).status, 422);
  patch("bad", {{{"op", "replace"}, {"path", ""}, {"value", 7}}});
  EXPECT_EQ(api_.post(kWidgets, widget("a")).status, 422);
  EXPECT_EQ(api_.get(std::string(kWidgets) + "/a").status, 404);
}

TEST_F(WebhooksTest,
       Later_webhooks_see_what_earlier_ones_made_and_the_earlier_is_asked_again_once) {
  on("one", [](const Json& request) {
    return with_patch(request,
                      {{{"op", "add"}, {"path", "/metadata/labels"}, {"value", {{"one", "yes"}}}}});
  });
  on("two", [](const Json& request) {
    EXPECT_EQ(request.at("object").at("metadata").at("labels").at("one"), "yes");
    return with_patch(request, {{{"op", "add"}, {"path", "/spec/name"}, {"value", "filled"}}});
  });
  mutating({webhook("two")}, "b");
  mutating({webhook("one", {{"reinvocationPolicy", "IfNeeded"}})}, "a");
  ASSERT_EQ(api_.post(kWidgets, widget("a")).status, 201);
  ASSERT_EQ(hooks_.asked.size(), 3u);
  EXPECT_EQ(asked(2).at("object").at("spec").at("name"), "filled");
}

TEST_F(WebhooksTest, Without_an_answer_the_policy_decides) {
  validating({webhook("gone")});
  const Answer refused = api_.post(kWidgets, widget("a"));
  EXPECT_EQ(refused.status, 500);
  EXPECT_EQ(refused.reason(), "InternalError");
  EXPECT_TRUE(
      refused.message().starts_with("Internal error occurred: failed calling webhook "
                                    "\"gone.acme.example\": failed to call webhook: "));
  ASSERT_EQ(api_.merge(std::string(kValidating) + "/policy",
                       {{"webhooks", {webhook("gone", {{"failurePolicy", "Ignore"}})}}})
                .status,
            200);
  EXPECT_EQ(api_.post(kWidgets, widget("a")).status, 201);
}

TEST_F(WebhooksTest, What_is_no_answer_is_a_failure) {
  const Json good = answer({{"uid", "x"}}, Json::object());
  const std::vector<std::pair<std::string, Json>> answers = {
      {"wrong uid", good},
      {"no object", "yes"},
      {"other version", {{"apiVersion", "admission.k8s.io/v1beta1"}, {"kind", "AdmissionReview"}}},
      {"no response", {{"apiVersion", "admission.k8s.io/v1"}, {"kind", "AdmissionReview"}}},
  };
  validating({webhook("odd")});
  for (const auto& [what, document] : answers) {
    on("odd", [document = document](const Json&) { return document; });
    EXPECT_EQ(api_.post(kWidgets, widget("a")).status, 500) << what;
  }
  on("odd", [](const Json& request) { return answer(request, {{"allowed", "yes"}}); });
  EXPECT_EQ(api_.post(kWidgets, widget("a")).status, 500) << "allowed is no boolean";
  on("odd", [](const Json& request) { return with_patch(request, Json::array()); });
  EXPECT_EQ(api_.post(kWidgets, widget("a")).status, 500) << "a validating webhook patches";
}

TEST_F(WebhooksTest, A_bad_patch_is_a_failure) {
  mutating({webhook("bad")});
  const std::vector<Json> responses = {
      {{"patch", "!"}, {"patchType", "JSONPatch"}},
      {{"patch", "W10="}},
      {{"patchType", "JSONPatch"}},
      {{"patch", "W10="}, {"patchType", "MergePatch"}},
      {{"patch", encode_base64("{")}, {"patchType", "JSONPatch"}},
      {{"patch", encode_base64(R"([{"op":"test","path":"/kind","value":1}])")},
       {"patchType", "JSONPatch"}}};
  for (const Json& response : responses) {
    on("bad", [response](const Json& request) { return answer(request, response); });
    const Answer refused = api_.post(kWidgets, widget("a"));
    EXPECT_EQ(refused.status, 500) << response << refused.body;
  }
}

TEST_F(WebhooksTest, Rules_and_selectors_decide_who_is_asked) {
  allow("see");
  const auto asks = [&](const Json& more, const std::function<void()>& act) {
    validating({webhook("see", more)});
    hooks_.asked.clear();
    act();
    EXPECT_EQ(api_.remove(std::string(kValidating) + "/policy").status, 200);
    return hooks_.asked.size();
  };
  const auto create = [&](const std::string& name, const Json& labels = Json::object()) {
    return [this, name, labels] {
      Json body = widget(name);
      body["metadata"]["labels"] = labels;
      EXPECT_EQ(api_.post(kWidgets, body).status, 201);
    };
  };
  const auto rule = [](const Json& more) {
    Json one = webhook("x").at("rules")[0];
    one.merge_patch(more);
    return Json({{"rules", Json::array({one})}});
  };
  EXPECT_EQ(asks(rule({{"operations", {"DELETE"}}}), create("a")), 0u);
  EXPECT_EQ(asks(rule({{"apiGroups", {"other.dev"}}}), create("b")), 0u);
  EXPECT_EQ(
      asks(rule({{"apiGroups", {"*"}}, {"apiVersions", {"*"}}, {"resources", {"*"}}}), create("c")),
      1u);
  EXPECT_EQ(asks(rule({{"scope", "Cluster"}}), create("d")), 0u);
  EXPECT_EQ(asks(rule({{"scope", "Namespaced"}}), create("e")), 1u);
  EXPECT_EQ(asks(rule({{"resources", {"widgets/status"}}}), create("f")), 0u);
  EXPECT_EQ(asks({{"objectSelector", {{"matchLabels", {{"tier", "gold"}}}}}}, create("g")), 0u);
  EXPECT_EQ(asks({{"objectSelector", {{"matchLabels", {{"tier", "gold"}}}}}},
                 create("h", {{"tier", "gold"}})),
            1u);
  const Json lab = {{"matchLabels", {{"kubernetes.io/metadata.name", "lab"}}}};
  const Json not_lab = {
      {"matchExpressions",
       {{{"key", "kubernetes.io/metadata.name"}, {"operator", "NotIn"}, {"values", {"lab"}}}}}};
  EXPECT_EQ(asks({{"namespaceSelector", lab}}, create("i")), 1u);
  EXPECT_EQ(asks({{"namespaceSelector", not_lab}}, create("j")), 0u);
}

TEST_F(WebhooksTest, An_object_that_loses_its_label_is_still_judged) {
  validating({webhook("guard", {{"objectSelector", {{"matchLabels", {{"guarded", "yes"}}}}}})});
  allow("guard");
  Json body = widget("a");
  body["metadata"]["labels"] = {{"guarded", "yes"}};
  ASSERT_EQ(api_.post(kWidgets, body).status, 201);
  deny("guard");
  EXPECT_EQ(
      api_.merge(std::string(kWidgets) + "/a", {{"metadata", {{"labels", {{"guarded", nullptr}}}}}})
          .status,
      400);
}

TEST_F(WebhooksTest, Status_and_scale_are_their_own_resources) {
  allow("see");
  const Json rules = {{{"operations", {"*"}},
                       {"apiGroups", {"shop.dev"}},
                       {"apiVersions", {"v1"}},
                       {"resources", {"widgets/*"}}}};
  validating({webhook("see", {{"rules", rules}})});
  ASSERT_EQ(api_.post(kWidgets, widget("a")).status, 201);
  ASSERT_EQ(hooks_.asked.size(), 1u) << "widgets/* stands for the object itself, too";
  hooks_.asked.clear();
  ASSERT_EQ(
      api_.merge(std::string(kWidgets) + "/a/status", {{"status", {{"phase", "Ready"}}}}).status,
      200);
  ASSERT_EQ(hooks_.asked.size(), 1u);
  EXPECT_EQ(asked(0).at("subResource"), "status");
  ASSERT_EQ(api_.merge(std::string(kWidgets) + "/a/scale", {{"spec", {{"replicas", 2}}}}).status,
            200);
  ASSERT_EQ(hooks_.asked.size(), 2u);
  EXPECT_EQ(asked(1).at("subResource"), "scale");
  EXPECT_EQ(asked(1).at("kind"),
            Json({{"group", "autoscaling"}, {"version", "v1"}, {"kind", "Scale"}}));
  EXPECT_EQ(asked(1).at("object").at("spec").at("replicas"), 2);
}

TEST_F(WebhooksTest, A_request_writes_only_its_own_part_whatever_a_webhook_made) {
  ASSERT_EQ(api_.post(kWidgets, widget("a")).status, 201);
  patch("fill", {{{"op", "add"}, {"path", "/spec/name"}, {"value", "filled"}},
                 {{"op", "add"}, {"path", "/status"}, {"value", {{"phase", "Made"}}}}});
  const Json rules = {{{"operations", {"*"}},
                       {"apiGroups", {"shop.dev"}},
                       {"apiVersions", {"*"}},
                       {"resources", {"*/*"}}}};
  mutating({webhook("fill", {{"rules", rules}})});
  const Answer status =
      api_.merge(std::string(kWidgets) + "/a/status", {{"status", {{"phase", "Asked"}}}});
  ASSERT_EQ(status.status, 200) << status.body;
  EXPECT_FALSE(status.json().at("spec").contains("name"));
  EXPECT_EQ(status.json().at("status").at("phase"), "Made");
  const Answer whole = api_.merge(std::string(kWidgets) + "/a", {{"spec", {{"size", 9}}}});
  ASSERT_EQ(whole.status, 200);
  EXPECT_EQ(whole.json().at("spec").at("name"), "filled");
}

TEST_F(WebhooksTest, Configurations_themselves_are_shown_to_nobody) {
  deny("all");
  const Json rules = {{{"operations", {"*"}},
                       {"apiGroups", {"*"}},
                       {"apiVersions", {"*"}},
                       {"resources", {"*/*"}}}};
  validating({webhook("all", {{"rules", rules}})});
  EXPECT_EQ(api_.post("/api/v1/namespaces/lab/configmaps",
                      {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "c"}}}})
                .status,
            400);
  EXPECT_EQ(api_.remove(std::string(kValidating) + "/policy").status, 200);
  EXPECT_EQ(api_.post("/api/v1/namespaces/lab/configmaps",
                      {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "c"}}}})
                .status,
            201);
}

TEST_F(WebhooksTest, Warnings_reach_the_client_bounded) {
  on("warn", [](const Json& request) {
    Json many = Json::array({"use gadgets", std::string(10'000, 'x')});
    for (int i = 0; i < 100; ++i)
      many.push_back("again");
    return answer(request, {{"warnings", many}});
  });
  validating({webhook("warn")});
  const Answer made = api_.post(kWidgets, widget("a"));
  ASSERT_EQ(made.status, 201);
  ASSERT_EQ(made.warnings().size(), limits::kWebhookWarningsMax);
  EXPECT_EQ(made.warnings()[0], "299 - \"use gadgets\"");
  EXPECT_LT(made.warnings()[1].size(), 300u);
}

TEST_F(WebhooksTest, A_bad_configuration_is_refused_with_the_field) {
  const std::vector<std::pair<Json, std::string>> bad = {
      {{{"name", "short"}}, "webhooks[0].name"},
      {{{"clientConfig", {{"url", nullptr}}}}, "webhooks[0].clientConfig"},
      {{{"clientConfig", {{"url", "http://plain.example"}}}}, "webhooks[0].clientConfig.url"},
      {{{"clientConfig", {{"url", "https://u:p@host.example"}}}}, "webhooks[0].clientConfig.url"},
      {{{"clientConfig", {{"url", "https://host.example/?q=1"}}}}, "webhooks[0].clientConfig.url"},
      {{{"clientConfig", {{"url", "https:///path"}}}}, "webhooks[0].clientConfig.url"},
      {{{"clientConfig", {{"service", {{"name", "s"}, {"namespace", "n"}}}}}},
       "webhooks[0].clientConfig.service"},
      {{{"clientConfig", {{"caBundle", "bm9wZQ=="}}}}, "webhooks[0].clientConfig.caBundle"},
      {{{"sideEffects", nullptr}}, "webhooks[0].sideEffects"},
      {{{"sideEffects", "Some"}}, "webhooks[0].sideEffects"},
      {{{"admissionReviewVersions", nullptr}}, "webhooks[0].admissionReviewVersions"},
      {{{"admissionReviewVersions", {"v1beta1"}}}, "webhooks[0].admissionReviewVersions"},
      {{{"timeoutSeconds", 31}}, "webhooks[0].timeoutSeconds"},
      {{{"failurePolicy", "Perhaps"}}, "webhooks[0].failurePolicy"},
      {{{"matchConditions", {{{"name", "c"}, {"expression", "1"}}}}},
       "webhooks[0].matchConditions[0].expression"},
      {{{"namespaceSelector", {{"matchExpressions", {{{"key", "a"}, {"operator", "Like"}}}}}}},
       "webhooks[0].namespaceSelector"},
      {{{"rules",
         {{{"operations", {"READ"}},
           {"apiGroups", {"*"}},
           {"apiVersions", {"*"}},
           {"resources", {"*"}}}}}},
       "webhooks[0].rules[0].operations[0]"},
      {{{"rules", {{{"operations", {"*"}}, {"apiVersions", {"*"}}, {"resources", {"*"}}}}}},
       "webhooks[0].rules[0].apiGroups"},
      {{{"rules",
         {{{"operations", {"*", "CREATE"}},
           {"apiGroups", {"*"}},
           {"apiVersions", {"*"}},
           {"resources", {"*"}}}}}},
       "webhooks[0].rules[0].operations"},
      {{{"rules",
         {{{"operations", {"*"}},
           {"apiGroups", {"*"}},
           {"apiVersions", {"*"}},
           {"resources", {"*", "pods"}}}}}},
       "webhooks[0].rules[0].resources[1]"},
  };
  for (const auto& [more, field] : bad) {
    const Answer refused = api_.post(
        kValidating, configuration("ValidatingWebhookConfiguration", "bad", {webhook("w", more)}));
    EXPECT_EQ(refused.status, 422) << more;
    EXPECT_NE(refused.body.find("\"field\":\"" + field + "\""), std::string::npos)
        << more << refused.body;
  }
}

TEST_F(WebhooksTest, What_is_not_said_has_kubernetes_defaults) {
  validating({webhook("plain")});
  const Json stored = api_.get(std::string(kValidating) + "/policy").json().at("webhooks")[0];
  EXPECT_EQ(stored.at("failurePolicy"), "Fail");
  EXPECT_EQ(stored.at("matchPolicy"), "Equivalent");
  EXPECT_EQ(stored.at("timeoutSeconds"), 10);
  EXPECT_EQ(stored.at("namespaceSelector"), Json::object());
  EXPECT_EQ(stored.at("objectSelector"), Json::object());
  EXPECT_EQ(stored.at("rules")[0].at("scope"), "*");
  allow("plain");
  ASSERT_EQ(api_.post(kWidgets, widget("a")).status, 201);
  EXPECT_EQ(hooks_.timeouts.at(0), Duration(10s));
}

TEST_F(WebhooksTest, A_table_counts_the_webhooks) {
  validating({webhook("one"), webhook("two")});
  Ask table{"GET", kValidating};
  table.headers = {{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}};
  EXPECT_EQ(api_.ask(table).json().at("rows")[0].at("cells")[1], 2);
}

}  // namespace
}  // namespace charter::test
