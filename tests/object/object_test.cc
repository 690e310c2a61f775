#include "controller/object/object.h"

#include "controller/object/view.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

Json tree_of(const char* text) {
  return *parse_json(text);
}

constexpr const char* kMachine = R"({
  "kind": "Machine", "apiVersion": "charter.dev/v1alpha1",
  "metadata": {"name": "m1", "namespace": "shop", "uid": "u-1", "generation": 3,
    "labels": {"tier": "web", "app": "shop"}, "finalizers": ["charter.dev/x"],
    "deletionTimestamp": "2026-06-01T00:00:00Z",
    "ownerReferences": [{"apiVersion": "charter.dev/v1alpha1", "kind": "ServiceInstance", "name": "s",
                         "uid": "u-0", "controller": true, "blockOwnerDeletion": true}]},
  "spec": {"cpu": 2}})";

TEST(Object, Names_are_put_together_as_kubernetes_writes_them) {
  EXPECT_EQ(api_version_of("", "v1"), "v1");
  EXPECT_EQ(api_version_of("charter.dev", "v1alpha1"), "charter.dev/v1alpha1");
  EXPECT_EQ(to_string(ObjectName{"", "n"}), "n");
  EXPECT_EQ(to_string(ObjectName{"ns", "n"}), "ns/n");
  EXPECT_EQ(bucket_of("", "secrets"), "/secrets");
  EXPECT_EQ(bucket_of("charter.dev", "machines"), "charter.dev/machines");
  EXPECT_LT((ObjectName{"a", "z"}), (ObjectName{"b", "a"}));
}

TEST(Object, Pairs_are_found_by_key) {
  const Pairs pairs = {{"a", "1"}, {"c", "3"}};
  EXPECT_EQ(*find_pair(pairs, "c"), "3");
  EXPECT_EQ(find_pair(pairs, "b"), nullptr);
  EXPECT_EQ(find_pair({}, "a"), nullptr);
}

TEST(Encoded, The_header_tells_what_lists_and_selectors_need) {
  const ObjectPtr object = Encoded::make(tree_of(kMachine), 42, {{"spec.z", "1"}, {"spec.a", "2"}});
  const Header& header = object->header();
  EXPECT_EQ(header.ns, "shop");
  EXPECT_EQ(header.name, "m1");
  EXPECT_EQ(header.uid, "u-1");
  EXPECT_EQ(header.version, 42);
  EXPECT_EQ(header.generation, 3);
  EXPECT_TRUE(header.deleting);
  EXPECT_TRUE(header.has_finalizers);
  EXPECT_EQ(header.labels, (Pairs{{"app", "shop"}, {"tier", "web"}}));
  EXPECT_EQ(header.fields, (Pairs{{"spec.a", "2"}, {"spec.z", "1"}}));
  const OwnerReference owner{"charter.dev/v1alpha1", "ServiceInstance", "s", "u-0", true, true};
  EXPECT_EQ(header.owners, std::vector<OwnerReference>{owner});
}

struct SpliceRow {
  const char* tree;
  const char* without;
  const char* with_seven;
};

/// The version's place: between others, first, last, alone, and with keys of the same name around
/// it.
constexpr SpliceRow kSplices[] = {
    {R"({"metadata":{"name":"a","uid":"u"},"kind":"K"})",
     R"({"kind":"K","metadata":{"name":"a","uid":"u"}})",
     R"({"kind":"K","metadata":{"name":"a","resourceVersion":"7","uid":"u"}})"},
    {R"({"metadata":{"uid":"u"}})", R"({"metadata":{"uid":"u"}})",
     R"({"metadata":{"resourceVersion":"7","uid":"u"}})"},
    {R"({"metadata":{"name":"a"},"spec":{}})", R"({"metadata":{"name":"a"},"spec":{}})",
     R"({"metadata":{"name":"a","resourceVersion":"7"},"spec":{}})"},
    {R"({"metadata":{}})", R"({"metadata":{}})", R"({"metadata":{"resourceVersion":"7"}})"},
    {R"({"kind":"K"})", R"({"kind":"K","metadata":{}})",
     R"({"kind":"K","metadata":{"resourceVersion":"7"}})"},
    {R"({"spec":1})", R"({"metadata":{},"spec":1})",
     R"({"metadata":{"resourceVersion":"7"},"spec":1})"},
    {R"({"metadata":{"resourceVersion":"99","name":"a"}})", R"({"metadata":{"name":"a"}})",
     R"({"metadata":{"name":"a","resourceVersion":"7"}})"},
    {R"({"data":{"resourceVersion":"1","x":"\"resourceVersion\":\"5\","},
         "metadata":{"annotations":{"resourceVersion":"2"},"labels":{"resourceVersion":"3"},"uid":"u"}})",
     R"({"data":{"resourceVersion":"1","x":"\"resourceVersion\":\"5\","},"metadata":{"annotations":{"resourceVersion":"2"},"labels":{"resourceVersion":"3"},"uid":"u"}})",
     R"({"data":{"resourceVersion":"1","x":"\"resourceVersion\":\"5\","},"metadata":{"annotations":{"resourceVersion":"2"},"labels":{"resourceVersion":"3"},"resourceVersion":"7","uid":"u"}})"},
    {R"({"metadata":"text"})", R"({"metadata":{}})", R"({"metadata":{"resourceVersion":"7"}})"},
};

TEST(Encoded, The_version_stands_in_its_sorted_place_and_nowhere_else) {
  for (const SpliceRow& row : kSplices) {
    const Json tree = tree_of(row.tree);
    EXPECT_EQ(Encoded::make(tree, 0)->bytes(), row.without);
    EXPECT_EQ(Encoded::make(tree, 7)->bytes(), row.with_seven);
  }
}

TEST(Encoded, Every_splice_equals_a_fresh_encoding) {
  const int64_t versions[] = {0, 1, 7, 10, 99'999, INT64_MAX};
  for (const SpliceRow& row : kSplices) {
    const Json tree = tree_of(row.tree);
    for (const int64_t from : versions) {
      const ObjectPtr object = Encoded::make(tree, from);
      for (const int64_t to : versions) {
        const ObjectPtr moved = object->with_version(to);
        EXPECT_EQ(moved->bytes(), Encoded::make(tree, to)->bytes());
        EXPECT_EQ(moved->header().version, to);
        EXPECT_EQ(moved->with_version(from)->bytes(), object->bytes());
      }
    }
  }
}

TEST(Encoded, Bytes_read_back_give_the_same_object) {
  for (const int64_t version : {0L, 5L}) {
    const ObjectPtr object = Encoded::make(tree_of(kMachine), version);
    const auto back = Encoded::parse(std::string(object->bytes()));
    ASSERT_TRUE(back);
    EXPECT_EQ((*back)->bytes(), object->bytes());
    EXPECT_EQ((*back)->header().version, version);
    EXPECT_EQ((*back)->header().labels, object->header().labels);
    EXPECT_EQ((*back)->with_version(12)->bytes(), object->with_version(12)->bytes());
  }
}

// Every header member, in objects whose resourceVersion stands first, between and last, and whose
// names need escapes.
TEST(Encoded, Restored_bytes_give_what_was_made_of_the_tree) {
  const char* const trees[] = {
      kMachine,
      R"({"metadata":{}})",
      R"({"metadata":{"name":"a"}})",
      R"({"metadata":{"uid":"u","zone":[1]}})",
      R"({"a":{"resourceVersion":"9","b":"}\""},"metadata":{"generation":7,"labels":{"k\"":"v\\","l":"\u00e9"}}})",
      R"({"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":["x"],"namespace":"n",
          "ownerReferences":[{"apiVersion":"v1","kind":"K","name":"o","uid":"1","controller":true},
          {"apiVersion":"v1","kind":"K","name":"p","uid":"2","blockOwnerDeletion":true}]}})",
      R"({"metadata":{"deletionTimestamp":null,"finalizers":[],"labels":{},"ownerReferences":[]}})"};
  for (const char* text : trees) {
    const Pairs fields = {{"b", "2"}, {"a", "1"}};
    const ObjectPtr made = Encoded::make(tree_of(text), 41, fields);
    const ObjectPtr back = Encoded::restore(std::string(made->bytes()), fields);
    ASSERT_NE(back, nullptr) << text;
    EXPECT_EQ(back->header(), made->header()) << text;
    EXPECT_EQ(back->bytes(), made->bytes());
    EXPECT_EQ(back->with_version(5)->bytes(), made->with_version(5)->bytes());
  }
  EXPECT_EQ(Encoded::restore(R"({"metadata":{"name":"a"}})", {}), nullptr) << "has no version";
  EXPECT_EQ(Encoded::restore("null", {}), nullptr);
}

TEST(Encoded, A_bare_tree_lacks_the_managed_fields_only) {
  for (const char* text : {R"({"metadata":{"managedFields":[{"a":"]"}]},"s":1})",
                           R"({"metadata":{"labels":{"managedFields":"x"},"managedFields":[]}})",
                           R"({"metadata":{"managedFields":[1,2],"name":"a"}})",
                           R"({"managedFields":3,"metadata":{"name":"a"}})"}) {
    Json tree = tree_of(text);
    const ObjectPtr object = Encoded::make(tree, 1);
    tree = object->tree();
    tree["metadata"].erase("managedFields");
    EXPECT_EQ(bare_tree(object->bytes()), tree) << text;
  }
}

TEST(Encoded, Bytes_that_are_no_object_are_an_error) {
  for (const char* bytes : {"", "[]", "3", "{\"metadata\":", "null"}) {
    EXPECT_FALSE(Encoded::parse(bytes)) << bytes;
  }
}

TEST(Encoded, The_tree_is_what_went_in_with_the_version) {
  Json tree = tree_of(kMachine);
  const ObjectPtr object = Encoded::make(tree, 8);
  tree["metadata"]["resourceVersion"] = "8";
  EXPECT_EQ(object->tree(), tree);
}

TEST(Encoded, Deeper_objects_than_a_request_may_bring_are_still_read_back) {
  Json deep = 1;
  for (int i = 0; i < 120; ++i)
    deep = Json{{"d", deep}};
  const Json tree = {{"metadata", {{"name", "a"}}}, {"spec", deep}};
  const ObjectPtr object = Encoded::make(tree, 1);
  EXPECT_EQ(object->tree()["spec"], deep);
  EXPECT_TRUE(Encoded::parse(std::string(object->bytes())));
}

TEST(Meta, Metadata_is_read_into_a_struct) {
  Json tree = tree_of(kMachine);
  tree["metadata"]["resourceVersion"] = "17";
  tree["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z";
  tree["metadata"]["annotations"] = {{"b", "2"}, {"a", "1"}};
  tree["metadata"]["generateName"] = "m-";
  const Meta meta = read_meta(tree);
  EXPECT_EQ(meta.name, "m1");
  EXPECT_EQ(meta.ns, "shop");
  EXPECT_EQ(meta.uid, "u-1");
  EXPECT_EQ(meta.generate_name, "m-");
  EXPECT_EQ(meta.version, 17);
  EXPECT_EQ(meta.generation, 3);
  EXPECT_EQ(meta.created, "2026-01-01T00:00:00Z");
  EXPECT_EQ(meta.deleted, "2026-06-01T00:00:00Z");
  EXPECT_EQ(meta.annotations, (Pairs{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(meta.finalizers, std::vector<std::string>{"charter.dev/x"});
  EXPECT_EQ(meta.owners.size(), 1U);
}

TEST(Meta, Members_of_the_wrong_type_count_as_absent) {
  const char* trees[] = {
      "null",
      "[]",
      "{}",
      R"({"metadata":[]})",
      R"({"metadata":null})",
      R"({"metadata":{"name":1,"namespace":{},"uid":null,"labels":["a"],"annotations":{"a":1},"finalizers":{},
          "ownerReferences":{"a":1},"resourceVersion":"abc","generation":"1"}})",
      R"({"metadata":{"resourceVersion":"-1","finalizers":[1],"ownerReferences":[1]}})",
      R"({"metadata":{"resourceVersion":"18446744073709551616"}})"};
  for (const char* text : trees) {
    const Meta meta = read_meta(tree_of(text));
    EXPECT_EQ(meta.name, "") << text;
    EXPECT_EQ(meta.version, 0) << text;
    EXPECT_EQ(meta.generation, 0) << text;
    EXPECT_TRUE(meta.labels.empty() && meta.annotations.empty()) << text;
    EXPECT_TRUE(meta.finalizers.empty() && meta.owners.empty()) << text;
  }
}

}  // namespace
}  // namespace charter
