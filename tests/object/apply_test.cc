#include "controller/object/apply.h"

#include "tests/object/widget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>

// The cases named Recorded replay exchanges with kube-apiserver 1.35.6 and expect its managedFields
// byte for byte.
namespace charter {
namespace {

using testing::json;

Instant at_second(int second) {
  return *parse_time("2026-11-23T22:47:34Z") + std::chrono::seconds(second);
}

Json widget(const std::string& spec, const std::string& metadata = R"({"name": "s"})") {
  return Json{{"apiVersion", "conv.dev/v1"},
              {"kind", "Widget"},
              {"metadata", json(metadata)},
              {"spec", json(spec)}};
}

std::string managed(const Json& object) {
  const Json* list = at(object, {"metadata", "managedFields"});
  return list == nullptr ? "" : list->dump();
}

/// A widget as the API server would hold it, driven through applies and updates.
class ApplyTest : public ::testing::Test {
 protected:
  Result<Json> try_apply(const std::string& manager, const Json& applied, Force force = Force::No,
                         const std::string& subresource = "") {
    const FieldManager who{manager, "conv.dev/v1", subresource};
    return server_side_apply(live_.is_null() ? nullptr : &live_, applied, *schema_, who, force,
                             now_);
  }

  void apply(const std::string& manager, const Json& applied, Force force = Force::No,
             const std::string& subresource = "") {
    auto result = try_apply(manager, applied, force, subresource);
    ASSERT_TRUE(result) << result.error().message;
    live_ = std::move(*result);
    schema_->apply_defaults(live_);
  }

  void update(const std::string& manager, Json next, const std::string& subresource = "") {
    schema_->apply_defaults(next);
    track_update(next, live_.is_null() ? nullptr : &live_, *schema_,
                 FieldManager{manager, "conv.dev/v1", subresource}, now_);
    live_ = std::move(next);
  }

  std::shared_ptr<const Schema> schema_ = testing::compile(testing::widget_schema_source());
  Json live_;
  Instant now_ = at_second(0);
};

constexpr const char* kM1Spec =
    R"({"size": 1, "items": [{"key": "a", "value": "1"}], "color": "blue"})";
constexpr const char* kM2Spec =
    R"({"size": 2, "items": [{"key": "a", "value": "2"}, {"key": "b", "value": "1"}]})";
constexpr const char* kM1Created =
    R"([{"apiVersion":"conv.dev/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:color":{},"f:items":{"k:{\"key\":\"a\"}":{".":{},"f:key":{},"f:value":{}}},"f:size":{}}},"manager":"m1","operation":"Apply","time":"2026-11-23T22:47:34Z"}])";

TEST_F(ApplyTest, Recorded_create_by_apply_owns_leaves_and_list_items) {
  apply("m1", widget(kM1Spec));
  EXPECT_EQ(managed(live_), kM1Created);
  EXPECT_EQ(live_["spec"].dump(),
            R"({"color":"blue","items":[{"key":"a","value":"1"}],"replicas":1,"size":1})");
}

TEST_F(ApplyTest, Recorded_repeated_apply_changes_nothing_not_even_the_time) {
  apply("m1", widget(kM1Spec));
  now_ = at_second(9);
  const Json before = live_;
  apply("m1", widget(kM1Spec));
  EXPECT_EQ(live_, before);
}

TEST_F(ApplyTest, Recorded_conflicts_name_each_field_in_kubernetes_words) {
  apply("m1", widget(kM1Spec));
  const auto result = try_apply("m2", widget(kM2Spec));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::Conflict);
  EXPECT_EQ(result.error().message,
            "Apply failed with 2 conflicts: conflicts with \"m1\":\n- .spec.size\n"
            "- .spec.items[key=\"a\"].value");
  EXPECT_EQ(result.error().causes,
            (std::vector<Cause>{
                {"FieldManagerConflict", "conflict with \"m1\"", ".spec.size"},
                {"FieldManagerConflict", "conflict with \"m1\"", ".spec.items[key=\"a\"].value"}}));
}

TEST_F(ApplyTest, Recorded_force_takes_the_contested_fields_and_shares_the_rest) {
  apply("m1", widget(kM1Spec));
  apply("m2", widget(kM2Spec), Force::Yes);
  EXPECT_EQ(
      managed(live_),
      R"([{"apiVersion":"conv.dev/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:color":{},"f:items":{"k:{\"key\":\"a\"}":{".":{},"f:key":{}}}}},"manager":"m1","operation":"Apply","time":"2026-11-23T22:47:34Z"},{"apiVersion":"conv.dev/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:items":{"k:{\"key\":\"a\"}":{".":{},"f:key":{},"f:value":{}},"k:{\"key\":\"b\"}":{".":{},"f:key":{},"f:value":{}}},"f:size":{}}},"manager":"m2","operation":"Apply","time":"2026-11-23T22:47:34Z"}])");
  EXPECT_EQ(
      live_["spec"].dump(),
      R"({"color":"blue","items":[{"key":"a","value":"2"},{"key":"b","value":"1"}],"replicas":1,"size":2})");
}

TEST_F(ApplyTest, Recorded_fields_no_longer_sent_are_removed_unless_somebody_else_owns_them) {
  apply("m1", widget(kM1Spec));
  apply("m2", widget(kM2Spec), Force::Yes);
  apply("m1", widget(R"({"size": 2})"));
  EXPECT_EQ(
      managed(live_),
      R"([{"apiVersion":"conv.dev/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:size":{}}},"manager":"m1","operation":"Apply","time":"2026-11-23T22:47:34Z"},{"apiVersion":"conv.dev/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:items":{"k:{\"key\":\"a\"}":{".":{},"f:key":{},"f:value":{}},"k:{\"key\":\"b\"}":{".":{},"f:key":{},"f:value":{}}},"f:size":{}}},"manager":"m2","operation":"Apply","time":"2026-11-23T22:47:34Z"}])");
  EXPECT_EQ(
      live_["spec"].dump(),
      R"({"color":"red","items":[{"key":"a","value":"2"},{"key":"b","value":"1"}],"replicas":1,"size":2})");
}

TEST_F(ApplyTest, Recorded_update_takes_changed_fields_and_drops_removed_ones_for_all) {
  apply("m1", widget(kM1Spec));
  apply("m2", widget(kM2Spec), Force::Yes);
  apply("m1", widget(R"({"size": 2})"));
  Json next = live_;
  next["spec"]["size"] = 3;
  next["spec"].erase("items");
  update("upd", next);
  EXPECT_EQ(
      managed(live_),
      R"([{"apiVersion":"conv.dev/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:size":{}}},"manager":"upd","operation":"Update","time":"2026-11-23T22:47:34Z"}])");
  const auto result = try_apply("m1", widget(R"({"size": 7})"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message,
            "Apply failed with 1 conflict: conflict with \"upd\" using conv.dev/v1: .spec.size");
}

TEST_F(ApplyTest, Recorded_status_apply_has_its_own_entry_before_updates) {
  update("upd", widget(R"({"size": 3})"));
  Json applied = widget("{}");
  applied.erase("spec");
  applied["status"] =
      json(R"({"phase": "Up", "conditions": [{"type": "Ready", "status": "True"}]})");
  apply("ctl", applied, Force::Yes, "status");
  EXPECT_EQ(
      (*at(live_, {"metadata", "managedFields"}))[0].dump(),
      R"({"apiVersion":"conv.dev/v1","fieldsType":"FieldsV1","fieldsV1":{"f:status":{"f:conditions":{"k:{\"type\":\"Ready\"}":{".":{},"f:status":{},"f:type":{}}},"f:phase":{}}},"manager":"ctl","operation":"Apply","subresource":"status","time":"2026-11-23T22:47:34Z"})");
  EXPECT_EQ(live_["status"].dump(),
            R"({"conditions":[{"status":"True","type":"Ready"}],"phase":"Up"})");
  EXPECT_EQ(live_["spec"]["size"], 3);
}

TEST_F(ApplyTest, Recorded_create_owns_nodes_and_defaulted_fields) {
  update("unknown", widget(R"({"size": 3})", R"({"name": "a", "namespace": "sem"})"));
  EXPECT_EQ(
      managed(live_),
      R"([{"apiVersion":"conv.dev/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{".":{},"f:color":{},"f:replicas":{},"f:size":{}}},"manager":"unknown","operation":"Update","time":"2026-11-23T22:47:34Z"}])");
}

TEST_F(ApplyTest, Recorded_create_owns_generate_name_and_finalizers_of_metadata) {
  update("unknown",
         widget(R"({"size": 1})",
                R"({"name": "g-1", "generateName": "g-", "finalizers": ["conv.dev/x"]})"));
  EXPECT_EQ(
      (*at(live_, {"metadata", "managedFields"}))[0]["fieldsV1"].dump(),
      R"({"f:metadata":{"f:finalizers":{".":{},"v:\"conv.dev/x\"":{}},"f:generateName":{}},"f:spec":{".":{},"f:color":{},"f:replicas":{},"f:size":{}}})");
}

TEST_F(ApplyTest, Recorded_bodies_that_are_no_apply_are_refused) {
  EXPECT_EQ(try_apply("m1", widget(R"({"size": 3})",
                                   R"({"name": "s", "managedFields": [{"manager": "x"}]})"))
                .error()
                .message,
            "metadata.managedFields must be nil");
  EXPECT_EQ(
      try_apply("m1", json(R"({"metadata": {"name": "s"}, "spec": {"size": 3}})")).error().message,
      "invalid object type: /, Kind=");
  EXPECT_EQ(try_apply("m1", widget(R"({"size": 1, "items": [{"key": "a"}, {"key": "a"}]})"))
                .error()
                .message,
            "failed to create typed patch object (/s; conv.dev/v1, Kind=Widget): .spec.items: "
            "duplicate entries for key [key=\"a\"]");
  const auto unknown = try_apply("m1", widget(R"({"size": 1, "bogus": 1})"));
  EXPECT_EQ(unknown.error().message,
            "failed to create typed patch object (/s; conv.dev/v1, Kind=Widget): .spec.bogus: "
            "field not declared in schema");
  EXPECT_EQ(unknown.error().code, Code::InternalError);
}

TEST_F(ApplyTest, Recorded_empty_list_keeps_managed_fields_and_an_empty_entry_clears_them) {
  apply("m1", widget(kM1Spec));
  const std::string before = managed(live_);
  Json next = live_;
  next["metadata"]["managedFields"] = Json::array();
  update("upd", next);
  EXPECT_EQ(managed(live_), before);
  next = live_;
  next["metadata"]["managedFields"] = json("[{}]");
  update("upd", next);
  EXPECT_EQ(managed(live_), "");
}

TEST_F(ApplyTest, Cleared_objects_stay_untracked_until_the_next_apply) {
  live_ = widget(R"({"size": 3, "color": "blue"})");
  Json next = live_;
  next["spec"]["size"] = 4;
  update("upd", next);
  EXPECT_EQ(managed(live_), "");
  const auto conflict = try_apply("m1", widget(R"({"size": 5})"));
  ASSERT_FALSE(conflict);
  EXPECT_EQ(conflict.error().causes[0].message,
            "conflict with \"before-first-apply\" using conv.dev/v1");
}

TEST_F(ApplyTest, A_write_without_change_keeps_managed_fields_and_times) {
  update("u1", widget(R"({"size": 3})"));
  const std::string before = managed(live_);
  now_ = at_second(60);
  update("u2", live_);
  EXPECT_EQ(managed(live_), before);
}

TEST_F(ApplyTest, Fields_of_one_updater_gather_in_one_entry_with_the_newest_time) {
  update("u1", widget(R"({"size": 3})"));
  now_ = at_second(5);
  Json next = live_;
  next["spec"]["name"] = "abc";
  update("u1", next);
  const Json& list = *at(live_, {"metadata", "managedFields"});
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0]["time"], "2026-11-23T22:47:39Z");
  EXPECT_EQ(list[0]["fieldsV1"].dump(),
            R"({"f:spec":{".":{},"f:color":{},"f:name":{},"f:replicas":{},"f:size":{}}})");
}

TEST_F(ApplyTest, Status_updates_are_tracked_apart_and_cannot_set_managed_fields) {
  update("u1", widget(R"({"size": 3})"));
  Json next = live_;
  next["status"] = json(R"({"phase": "Up"})");
  next["metadata"]["managedFields"] = json("[{}]");
  update("ctl", next, "status");
  const Json& list = *at(live_, {"metadata", "managedFields"});
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0]["manager"], "ctl");
  EXPECT_EQ(list[0]["subresource"], "status");
  EXPECT_EQ(list[0]["fieldsV1"].dump(), R"({"f:status":{".":{},"f:phase":{}}})");
}

TEST_F(ApplyTest, Equal_values_are_shared_and_stay_when_one_owner_leaves) {
  apply("m1", widget(R"({"size": 1, "labels": {"a": "1", "b": "1"}})"));
  apply("m2", widget(R"({"size": 1, "labels": {"a": "1"}})"));
  apply("m1", widget(R"({"size": 1})"));
  EXPECT_EQ(live_["spec"]["labels"].dump(), R"({"a":"1"})");
  apply("m2", widget(R"({"size": 1})"));
  EXPECT_FALSE(live_["spec"].contains("labels"));
}

TEST_F(ApplyTest, Fields_that_an_updater_owns_are_not_removed_by_an_applier) {
  apply("m1", widget(R"({"size": 1, "items": [{"key": "a", "value": "1"}]})"));
  Json next = live_;
  next["spec"]["items"].push_back(json(R"({"key": "b", "value": "2"})"));
  update("upd", next);
  apply("m1", widget(R"({"size": 1})"));
  EXPECT_EQ(live_["spec"]["items"].dump(), R"([{"key":"b","value":"2"}])");
}

TEST_F(ApplyTest, Applied_labels_go_without_the_rest_of_metadata) {
  apply("m1", widget(R"({"size": 1})", R"({"name": "s", "labels": {"app": "x"}})"));
  live_["metadata"]["uid"] = "u-1";
  live_["metadata"]["resourceVersion"] = "7";
  apply("m1", widget(R"({"size": 1})"));
  EXPECT_EQ(live_["metadata"]["name"], "s");
  EXPECT_EQ(live_["metadata"]["uid"], "u-1");
  EXPECT_FALSE(live_["metadata"].contains("labels"));
}

TEST_F(ApplyTest, Server_owned_metadata_in_an_apply_is_left_alone) {
  apply("m1", widget(R"({"size": 1})"));
  live_["metadata"]["creationTimestamp"] = "2026-11-23T22:47:34Z";
  apply("m1", widget(R"({"size": 1})", R"({"name": "s", "creationTimestamp": null})"));
  EXPECT_EQ(live_["metadata"]["creationTimestamp"], "2026-11-23T22:47:34Z");
}

TEST_F(ApplyTest, Merged_lists_follow_the_order_of_the_applied_one) {
  update("u", widget(R"({"size": 1, "items": [{"key": "a"}, {"key": "b"}, {"key": "c"}]})"));
  apply("m1", widget(R"({"size": 1, "items": [{"key": "c"}, {"key": "d"}, {"key": "a"}]})"));
  std::string keys;
  for (const Json& item : live_["spec"]["items"])
    keys += item["key"].get<std::string>();
  EXPECT_EQ(keys, "bcda");
}

TEST_F(ApplyTest, More_than_ten_updaters_merge_into_ancient_changes) {
  update("u00", widget(R"({"size": 1})"));
  for (int i = 1; i <= 11; ++i) {
    now_ = at_second(i);
    Json next = live_;
    next["metadata"]["labels"]["l" + std::to_string(i)] = "x";
    update("u" + std::string(i < 10 ? "0" : "") + std::to_string(i), next);
  }
  const Json& list = *at(live_, {"metadata", "managedFields"});
  ASSERT_EQ(list.size(), 10U);
  EXPECT_EQ(list[0]["manager"], "ancient-changes");
  EXPECT_EQ(list[0]["time"], "2026-11-23T22:47:36Z");
  EXPECT_EQ(
      list[0]["fieldsV1"].dump(),
      R"({"f:metadata":{"f:labels":{".":{},"f:l1":{},"f:l2":{}}},"f:spec":{".":{},"f:color":{},"f:replicas":{},"f:size":{}}})");
  EXPECT_EQ(list[9]["manager"], "u11");
}

TEST_F(ApplyTest, Below_open_schemas_maps_merge_and_lists_are_one_value) {
  schema_ = testing::compile(testing::kind_with(
      R"({"free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}})"));
  apply("m1", widget(R"({"free": {"a": {"b": 1}, "l": [1, 2]}})"));
  apply("m2", widget(R"({"free": {"a": {"c": 2}}})"));
  EXPECT_EQ(live_["spec"].dump(), R"({"free":{"a":{"b":1,"c":2},"l":[1,2]}})");
  EXPECT_EQ((*at(live_, {"metadata", "managedFields"}))[0]["fieldsV1"].dump(),
            R"({"f:spec":{"f:free":{"f:a":{".":{},"f:b":{}},"f:l":{}}}})");
  EXPECT_EQ(try_apply("m2", widget(R"({"free": {"l": [1]}})")).error().causes[0].field,
            ".spec.free.l");
}

TEST_F(ApplyTest, Sets_merge_by_value_and_atomic_lists_and_maps_are_owned_whole) {
  schema_ = testing::compile(testing::kind_with(R"({
    "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
    "list": {"type": "array", "items": {"type": "string"}},
    "ref": {"type": "object", "x-kubernetes-map-type": "atomic",
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}})"));
  apply("m1", widget(R"({"set": ["a"], "list": ["a"], "ref": {"a": "1"}})"));
  apply("m2", widget(R"({"set": ["b"]})"));
  EXPECT_EQ(live_["spec"]["set"].dump(), R"(["a","b"])");
  EXPECT_EQ((*at(live_, {"metadata", "managedFields"}))[0]["fieldsV1"].dump(),
            R"({"f:spec":{"f:list":{},"f:ref":{},"f:set":{"v:\"a\"":{}}}})");
  EXPECT_EQ(try_apply("m2", widget(R"({"ref": {"b": "2"}})")).error().causes[0].field, ".spec.ref");
  apply("m1", widget(R"({"list": ["a"], "ref": {"a": "1"}})"));
  EXPECT_EQ(live_["spec"]["set"].dump(), R"(["b"])");
}

TEST_F(ApplyTest, Defaults_of_list_keys_identify_elements) {
  schema_ = testing::compile(testing::kind_with(R"({
    "ports": {"type": "array", "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["port", "protocol"],
      "items": {"type": "object", "required": ["port"], "properties": {
        "port": {"type": "integer"}, "name": {"type": "string"},
        "protocol": {"type": "string", "default": "TCP"}}}}})"));
  apply("m1", widget(R"({"ports": [{"port": 80}]})"));
  apply("m2", widget(R"({"ports": [{"port": 80, "protocol": "TCP", "name": "web"}]})"));
  EXPECT_EQ(live_["spec"]["ports"].size(), 1U);
  EXPECT_EQ(
      try_apply("m3", widget(R"({"ports": [{"port": 80, "name": "x"}]})")).error().causes[0].field,
      ".spec.ports[port=80,protocol=\"TCP\"].name");
}

TEST_F(ApplyTest, Wrong_types_are_refused_before_anything_is_merged) {
  EXPECT_EQ(try_apply("m1", widget(R"({"size": "x", "items": {}})")).error().message,
            "failed to create typed patch object (/s; conv.dev/v1, Kind=Widget): errors:\n"
            "  .spec.items: expected list, got map[string]interface {}\n"
            "  .spec.size: expected numeric (int or float), got string");
}

TEST_F(ApplyTest, A_list_that_became_atomic_is_owned_as_one_value) {
  apply("m1", widget(R"({"size": 1, "items": [{"key": "a"}]})"));
  Json source = testing::widget_schema_source();
  Json& items = source["properties"]["spec"]["properties"]["items"];
  items.erase("x-kubernetes-list-map-keys");
  items["x-kubernetes-list-type"] = "atomic";
  schema_ = testing::compile(source);
  EXPECT_EQ(try_apply("m2", widget(R"({"items": [{"key": "b"}]})")).error().causes[0].field,
            ".spec.items");
}

TEST_F(ApplyTest, Malformed_managed_fields_never_keep_an_object_from_being_written) {
  update("u1", widget(R"({"size": 1})"));
  const std::string before = managed(live_);
  Json next = live_;
  next["metadata"]["managedFields"][0]["operation"] = "Zap";
  update("u1", next);
  EXPECT_EQ(managed(live_), before);
}

}  // namespace
}  // namespace charter
