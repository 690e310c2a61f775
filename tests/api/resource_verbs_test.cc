#include "controller/api/resource_verbs.h"

#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>

#include <pthread.h>

namespace charter::test {
namespace {

const std::string kA = kWidgetsPath + "/a";
constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/// An API with the widget "a" of size 3.
class ResourceVerbsTest : public testing::Test {
 protected:
  ResourceVerbsTest() { EXPECT_EQ(api_.post(kWidgetsPath, shop_widget("a")).status, 201); }
  Json a() { return api_.get(kA).json(); }
  std::string version() { return text_at(a(), {"metadata", "resourceVersion"}); }
  ServedApi api_;
};

TEST_F(ResourceVerbsTest, A_new_object_gets_what_the_server_owns_and_its_defaults) {
  const Json object = a();
  EXPECT_EQ(object["metadata"]["generation"], 1);
  EXPECT_EQ(object["metadata"]["creationTimestamp"], "2026-06-01T00:00:00Z");
  EXPECT_EQ(text_at(object, {"metadata", "uid"}).size(), 36u);
  EXPECT_EQ(version(), std::to_string(api_.store().revision()));
  EXPECT_EQ(object["spec"], Json({{"size", 3}, {"color", "red"}, {"replicas", 1}}));
  const Json& entry = object["metadata"]["managedFields"][0];
  EXPECT_EQ(entry["manager"], "unknown");
  EXPECT_EQ(entry["operation"], "Update");
  EXPECT_EQ(entry["fieldsV1"]["f:spec"]["f:size"], Json::object());
}

TEST_F(ResourceVerbsTest, What_clients_may_not_set_on_create_is_reset) {
  const Json body = shop_widget("b", {{"size", 3}},
                                {{"uid", "abc"}, {"generation", 7}, {"creationTimestamp", "2020-01-01T00:00:00Z"},
                                 {"selfLink", "x"}, {"deletionTimestamp", "2020-01-01T00:00:00Z"}});
  const Json made = api_.post(kWidgetsPath, body).json();
  EXPECT_NE(made["metadata"]["uid"], "abc");
  EXPECT_EQ(made["metadata"]["generation"], 1);
  EXPECT_EQ(made["metadata"]["creationTimestamp"], "2026-06-01T00:00:00Z");
  EXPECT_FALSE(made["metadata"].contains("selfLink"));
  EXPECT_FALSE(made["metadata"].contains("deletionTimestamp"));
}

TEST_F(ResourceVerbsTest, A_taken_name_is_a_conflict_and_a_generated_one_is_drawn) {
  const Answer taken = api_.post(kWidgetsPath, shop_widget("a"));
  EXPECT_EQ(taken.status, 409);
  EXPECT_EQ(taken.reason(), "AlreadyExists");
  EXPECT_EQ(taken.message(), "widgets.shop.dev \"a\" already exists");
  EXPECT_EQ(taken.json()["details"], Json({{"name", "a"}, {"group", "shop.dev"}, {"kind", "widgets"}}));
  Json body = shop_widget("");
  body["metadata"] = {{"generateName", "gen-"}};
  const std::string name = text_at(api_.post(kWidgetsPath, body).json(), {"metadata", "name"});
  ASSERT_EQ(name.size(), 9u);
  EXPECT_TRUE(name.starts_with("gen-"));
  EXPECT_EQ(name.find_first_not_of("bcdfghjklmnpqrstvwxz2456789", 4), std::string::npos);
}

TEST_F(ResourceVerbsTest, An_update_needs_the_current_version_and_raises_the_generation_for_spec_only) {
  Json body = a();
  body["spec"]["size"] = 4;
  EXPECT_EQ(api_.put(kA, body).json()["metadata"]["generation"], 2);
  const Answer stale = api_.put(kA, body);
  EXPECT_EQ(stale.status, 409);
  EXPECT_EQ(stale.message(),
            "Operation cannot be fulfilled on widgets.shop.dev \"a\": the object has been modified; please apply your changes to "
            "the latest version and try again");
  body["metadata"].erase("resourceVersion");
  EXPECT_EQ(api_.put(kA, body).message(),
            "widgets.shop.dev \"a\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update");
  EXPECT_EQ(api_.merge(kA, {{"metadata", {{"labels", {{"x", "y"}}}}}}).json()["metadata"]["generation"], 2);
}

TEST_F(ResourceVerbsTest, A_write_that_changes_nothing_keeps_the_version) {
  const int64_t before = api_.store().revision();
  api_.clock().advance(std::chrono::hours(1));
  EXPECT_EQ(api_.put(kA, a()).status, 200);
  EXPECT_EQ(api_.merge(kA, {{"spec", {{"size", 3}}}}).status, 200);
  EXPECT_EQ(api_.json_patch(kA, Json::array()).status, 200);
  EXPECT_EQ(api_.store().revision(), before);
}

TEST_F(ResourceVerbsTest, Status_and_the_rest_are_written_apart) {
  EXPECT_FALSE(api_.merge(kA, {{"status", {{"phase", "Up"}}}}).json().contains("status"));
  const Json patch = {{"status", {{"phase", "Up"}}}, {"spec", {{"size", 9}}}, {"metadata", {{"labels", {{"x", "y"}}}}}};
  const Json after = api_.merge(kA + "/status", patch).json();
  EXPECT_EQ(after["status"], Json({{"phase", "Up"}}));
  EXPECT_EQ(after["spec"]["size"], 3);
  EXPECT_FALSE(after["metadata"].contains("labels"));
  EXPECT_EQ(after["metadata"]["generation"], 1);
  EXPECT_EQ(api_.merge(kA, {{"status", nullptr}}).json()["status"], Json({{"phase", "Up"}}));
}

TEST_F(ResourceVerbsTest, A_dry_run_answers_in_full_and_stores_nothing) {
  const int64_t before = api_.store().revision();
  const Answer made = api_.post(kWidgetsPath + "?dryRun=All", shop_widget("dry"));
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.json()["spec"]["color"], "red");
  EXPECT_FALSE(made.json()["metadata"].contains("resourceVersion"));
  EXPECT_EQ(api_.merge(kA + "?dryRun=All", {{"spec", {{"size", 9}}}}).json()["spec"]["size"], 9);
  EXPECT_EQ(api_.remove(kA + "?dryRun=All").status, 200);
  EXPECT_EQ(api_.post(kWidgetsPath + "?dryRun=All", shop_widget("a")).status, 409);
  EXPECT_EQ(api_.store().revision(), before);
}

TEST_F(ResourceVerbsTest, Unknown_fields_are_dropped_with_a_warning_unless_the_request_is_strict) {
  const Json body = shop_widget("b", {{"size", 1}, {"bogus", true}});
  const Answer warned = api_.post(kWidgetsPath, body);
  EXPECT_EQ(warned.status, 201);
  EXPECT_EQ(warned.warnings(), std::vector<std::string>{"299 - \"unknown field \\\"spec.bogus\\\"\""});
  EXPECT_FALSE(warned.json()["spec"].contains("bogus"));
  const Answer strict = api_.post(kWidgetsPath + "?fieldValidation=Strict", shop_widget("c", body["spec"]));
  EXPECT_EQ(strict.status, 400);
  EXPECT_EQ(strict.message(),
            "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: unknown field \"spec.bogus\"");
  EXPECT_TRUE(api_.post(kWidgetsPath + "?fieldValidation=Ignore", shop_widget("d", body["spec"])).warnings().empty());
}

TEST_F(ResourceVerbsTest, Finalizers_keep_an_object_until_the_last_is_gone) {
  api_.merge(kA, {{"metadata", {{"finalizers", {"shop.dev/x"}}}}});
  const Json leaving = api_.remove(kA).json();
  EXPECT_EQ(leaving["metadata"]["deletionTimestamp"], "2026-06-01T00:00:00Z");
  EXPECT_EQ(leaving["metadata"]["deletionGracePeriodSeconds"], 0);
  EXPECT_EQ(leaving["metadata"]["generation"], 2);
  const int64_t once = api_.store().revision();
  EXPECT_EQ(api_.remove(kA).status, 200);
  EXPECT_EQ(api_.store().revision(), once);
  const Answer more = api_.merge(kA, {{"metadata", {{"finalizers", {"shop.dev/x", "shop.dev/y"}}}}});
  EXPECT_EQ(more.status, 422);
  EXPECT_NE(more.message().find("metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, "
                                "found new finalizers []string{\"shop.dev/y\"}"),
            std::string::npos);
  EXPECT_EQ(api_.merge(kA, {{"metadata", {{"deletionTimestamp", nullptr}}}, {"spec", {{"size", 5}}}}).status, 200);
  EXPECT_EQ(api_.merge(kA, {{"metadata", {{"finalizers", nullptr}}}}).status, 200);
  EXPECT_EQ(api_.get(kA).status, 404);
}

TEST_F(ResourceVerbsTest, A_delete_honours_preconditions_and_policies) {
  const auto remove = [&](const Json& body) { return api_.ask({"DELETE", kA, encode(body)}); };
  const Answer other = remove({{"preconditions", {{"uid", "x"}}}});
  EXPECT_EQ(other.status, 409);
  EXPECT_NE(other.message().find("the UID in the precondition (x) does not match the UID in record"), std::string::npos);
  EXPECT_EQ(remove({{"preconditions", {{"resourceVersion", "1"}}}}).status, 409);
  EXPECT_EQ(remove({{"propagationPolicy", "Zap"}}).message(),
            "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"Zap\": supported values: "
            "\"Foreground\", \"Background\", \"Orphan\", \"nil\"");
  EXPECT_EQ(remove({{"propagationPolicy", "Foreground"}}).json()["metadata"]["finalizers"], Json({"foregroundDeletion"}));
  api_.merge(kA, {{"metadata", {{"finalizers", nullptr}}}});
  ASSERT_EQ(api_.post(kWidgetsPath, shop_widget("a")).status, 201);
  const Json gone = remove({{"propagationPolicy", "Background"}}).json();
  EXPECT_EQ(gone["status"], "Success");
  EXPECT_EQ(gone["details"]["kind"], "widgets");
}

TEST_F(ResourceVerbsTest, A_collection_is_deleted_by_selector_and_answered_as_it_was) {
  api_.post(kWidgetsPath, shop_widget("b", {{"size", 1}}, {{"labels", {{"app", "x"}}}}));
  api_.post(kWidgetsPath, shop_widget("c", {{"size", 1}}, {{"labels", {{"app", "x"}}}}));
  const Json list = api_.remove(kWidgetsPath + "?labelSelector=app%3Dx").json();
  EXPECT_EQ(list["items"].size(), 2u);
  EXPECT_EQ(api_.get(kWidgetsPath).json()["items"].size(), 1u);
  EXPECT_EQ(api_.remove("/apis/shop.dev/v1/widgets").status, 404) << "a sweep needs a namespace in its path";
  EXPECT_EQ(api_.get(kA).status, 200);
}

// Runs it on a stack so small that a step of recursion for each of some hundred objects does not fit.
void on_a_small_stack(std::function<void()> work) {
  constexpr size_t kStackBytes = 1024 * 1024;  // as 5,000 objects on the usual 8 MiB
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, kStackBytes), 0);
  pthread_t thread{};
  const auto run = [](void* work_to_do) -> void* {
    (*static_cast<std::function<void()>*>(work_to_do))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, &work), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

TEST_F(ResourceVerbsTest, A_collection_of_many_objects_on_their_way_out_is_swept_again_without_recursion) {
  constexpr int kObjects = 625;
  for (int i = 0; i < kObjects; ++i) {
    api_.post(kWidgetsPath, shop_widget("w" + std::to_string(i), {{"size", 1}}, {{"finalizers", {"shop.dev/x"}}}));
  }
  on_a_small_stack([this] {
    EXPECT_EQ(api_.remove(kWidgetsPath).status, 200);
    const int64_t swept = api_.store().revision();
    const Answer again = api_.remove(kWidgetsPath);
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.json()["items"].size(), static_cast<size_t>(kObjects));
    EXPECT_EQ(api_.store().revision(), swept);
  });
}

TEST_F(ResourceVerbsTest, Pages_show_one_snapshot) {
  for (const char* name : {"b", "c", "d"}) api_.post(kWidgetsPath, shop_widget(name));
  const Json first = api_.get(kWidgetsPath + "?limit=2").json();
  ASSERT_EQ(first["items"].size(), 2u);
  EXPECT_EQ(first["metadata"]["remainingItemCount"], 2);
  api_.post(kWidgetsPath, shop_widget("bb"));
  const std::string token = first["metadata"]["continue"].get<std::string>();
  const Json second = api_.get(kWidgetsPath + "?limit=2&continue=" + token).json();
  EXPECT_EQ(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
  ASSERT_EQ(second["items"].size(), 2u);
  EXPECT_EQ(second["items"][0]["metadata"]["name"], "c");
  EXPECT_EQ(second["metadata"]["continue"], "");
  api_.store().compact(api_.store().revision());
  const Answer expired = api_.get(kWidgetsPath + "?limit=2&continue=" + token);
  EXPECT_EQ(expired.status, 410);
  EXPECT_EQ(expired.reason(), "Expired");
}

TEST_F(ResourceVerbsTest, A_namespace_must_exist_and_not_be_leaving) {
  Json body = shop_widget("b");
  body["metadata"].erase("namespace");
  const Answer none = api_.post("/apis/shop.dev/v1/namespaces/nons/widgets", body);
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(none.message(), "namespaces \"nons\" not found");
  const Json leaving = api_.remove("/api/v1/namespaces/lab").json();
  EXPECT_EQ(leaving["status"]["phase"], "Terminating");
  EXPECT_TRUE(leaving["metadata"].contains("deletionTimestamp"));
  EXPECT_FALSE(leaving["metadata"].contains("deletionGracePeriodSeconds"));
  const Answer late = api_.post(kWidgetsPath, body);
  EXPECT_EQ(late.status, 403);
  EXPECT_EQ(late.json()["details"]["causes"][0],
            Json({{"reason", "NamespaceTerminating"}, {"message", "namespace lab is being terminated"}, {"field", "metadata.namespace"}}));
}

TEST_F(ResourceVerbsTest, Apply_owns_fields_and_conflicts_with_other_owners) {
  const Json config = shop_widget("s", {{"size", 4}});
  EXPECT_EQ(api_.apply(kWidgetsPath + "/s", config, "m1").status, 201);
  const int64_t before = api_.store().revision();
  EXPECT_EQ(api_.apply(kWidgetsPath + "/s", config, "m1").status, 200);
  EXPECT_EQ(api_.store().revision(), before);
  const Json other = shop_widget("s", {{"size", 5}});
  const Answer conflict = api_.apply(kWidgetsPath + "/s", other, "m2");
  EXPECT_EQ(conflict.status, 409);
  EXPECT_EQ(conflict.message(), "Apply failed with 1 conflict: conflict with \"m1\": .spec.size");
  EXPECT_EQ(conflict.json()["details"],
            Json({{"causes", {{{"reason", "FieldManagerConflict"}, {"message", "conflict with \"m1\""}, {"field", ".spec.size"}}}}}));
  EXPECT_EQ(api_.apply(kWidgetsPath + "/s", other, "m2", "&force=true").json()["spec"]["size"], 5);
}

/// What `kubectl apply` on the client's side leaves behind.
Json client_applied(const Json& config) {
  Json body = config;
  body["metadata"]["annotations"][kLastApplied] = encode(config);
  return body;
}

TEST_F(ResourceVerbsTest, Kubectl_takes_over_what_it_applied_on_the_clients_side) {
  const std::string path = kWidgetsPath + "/k";
  ASSERT_EQ(api_.post(kWidgetsPath + "?fieldManager=kubectl-client-side-apply",
                      client_applied(shop_widget("k", {{"size", 4}, {"color", "blue"}}))).status, 201);
  // A changed value in the new configuration is kubectl's to change.
  const Answer taken = api_.apply(path, shop_widget("k", {{"size", 5}, {"color", "blue"}}), "kubectl");
  ASSERT_EQ(taken.status, 200) << taken.body;
  EXPECT_EQ(taken.json()["spec"]["size"], 5);
  bool owns = false;
  const Json object = taken.json();
  for (const Json& entry : object["metadata"]["managedFields"]) {
    if (entry["manager"] == "kubectl") owns = entry["operation"] == "Apply" && entry["fieldsV1"]["f:spec"].contains("f:size");
  }
  EXPECT_TRUE(owns) << taken.body;
}

TEST_F(ResourceVerbsTest, The_last_applied_annotation_follows_what_kubectl_applies) {
  const std::string path = kWidgetsPath + "/k";
  ASSERT_EQ(api_.post(kWidgetsPath + "?fieldManager=kubectl-client-side-apply",
                      client_applied(shop_widget("k", {{"size", 4}})))
                .status,
            201);
  const auto annotation = [&] {
    return text_at(api_.get(path).json(), {"metadata", "annotations", kLastApplied});
  };
  const Json config = shop_widget("k", {{"size", 5}});
  ASSERT_EQ(api_.apply(path, config, "kubectl").status, 200);
  // A later client-side apply computes what to remove from it.
  EXPECT_EQ(annotation(), encode(config) + "\n");
  ASSERT_EQ(api_.apply(path, shop_widget("k", {{"size", 6}}), "other", "&force=true").status, 200);
  EXPECT_EQ(annotation(), encode(config) + "\n") << "another manager is how a user opts out";
  ASSERT_EQ(api_.apply(kWidgetsPath + "/n", shop_widget("n", {{"size", 1}}), "kubectl").status,
            201);
  EXPECT_FALSE(api_.get(kWidgetsPath + "/n").json()["metadata"].contains("annotations"))
      << "it is not made where it is not";
}

TEST_F(ResourceVerbsTest, Another_manager_does_not_take_over_what_kubectl_applied) {
  ASSERT_EQ(api_.post(kWidgetsPath + "?fieldManager=kubectl-client-side-apply", client_applied(shop_widget("k"))).status, 201);
  EXPECT_EQ(api_.apply(kWidgetsPath + "/k", shop_widget("k", {{"size", 5}}), "argo").status, 409);
}

TEST_F(ResourceVerbsTest, Kubectl_does_not_take_over_what_somebody_changed_since) {
  const std::string path = kWidgetsPath + "/k";
  ASSERT_EQ(api_.post(kWidgetsPath + "?fieldManager=kubectl-client-side-apply",
                      client_applied(shop_widget("k", {{"size", 4}, {"color", "blue"}}))).status, 201);
  ASSERT_EQ(api_.merge(path + "?fieldManager=scaler", {{"spec", {{"size", 7}}}}).status, 200);
  const Answer refused = api_.apply(path, shop_widget("k", {{"size", 5}, {"color", "green"}}), "kubectl");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.message(), "Apply failed with 1 conflict: conflict with \"scaler\" using shop.dev/v1: .spec.size");
}

TEST_F(ResourceVerbsTest, A_broken_last_applied_annotation_gives_nothing_away) {
  for (const std::string text : {"", "not json", "[]", "{\"apiVersion\":\"shop.dev/v2\"}"}) {
    Json body = shop_widget("k");
    body["metadata"]["annotations"][kLastApplied] = text;
    ASSERT_EQ(api_.post(kWidgetsPath + "?fieldManager=other", body).status, 201);
    EXPECT_EQ(api_.apply(kWidgetsPath + "/k", shop_widget("k", {{"size", 5}}), "kubectl").status, 409) << text;
    api_.remove(kWidgetsPath + "/k");
  }
}

TEST_F(ResourceVerbsTest, Strategic_merge_is_for_built_in_kinds) {
  const std::string path = "/api/v1/namespaces/lab/configmaps";
  ASSERT_EQ(api_.post(path, {{"metadata", {{"name", "c"}}}, {"data", {{"a", "1"}}}}).status, 201);
  const Answer merged =
      api_.ask({"PATCH", path + "/c", R"({"data":{"b":"2"}})", "application/strategic-merge-patch+json"});
  EXPECT_EQ(merged.json()["data"], Json({{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(api_.ask({"PATCH", kA, "{}", "application/strategic-merge-patch+json"}).status, 415);
}

TEST_F(ResourceVerbsTest, A_secret_takes_text_and_an_immutable_one_no_change) {
  const std::string path = "/api/v1/namespaces/lab/secrets";
  const Json made = api_.post(path, {{"metadata", {{"name", "s"}}}, {"stringData", {{"k", "hello"}}}}).json();
  EXPECT_EQ(made["data"]["k"], "aGVsbG8=");
  EXPECT_FALSE(made.contains("stringData"));
  ASSERT_EQ(api_.merge(path + "/s", {{"immutable", true}}).status, 200);
  const Answer refused = api_.merge(path + "/s", {{"data", {{"k", "eA=="}}}});
  EXPECT_EQ(refused.status, 422);
  EXPECT_NE(refused.message().find("data: Forbidden: field is immutable when `immutable` is set"), std::string::npos);
}

TEST_F(ResourceVerbsTest, A_kinds_hooks_judge_and_index) {
  KindHooks hooks;
  hooks.admit = [](const AdmitRequest& request, const View&) -> Status {
    if (request.object && request.object->at("spec").value("size", 0) == 10) return Error{Code::Forbidden, "ten is taken"};
    return {};
  };
  api_.hooks()[api_.type(kShopWidgets)->bucket()] = hooks;
  const Answer refused = api_.merge(kA, {{"spec", {{"size", 10}}}});
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.message(), "widgets.shop.dev \"a\" is forbidden: ten is taken");
  EXPECT_EQ(api_.merge(kA, {{"spec", {{"size", 9}}}}).status, 200);
}

}  // namespace
}  // namespace charter::test
