#include "controller/object/conversion.h"

#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// One kind in two versions, stored in one of them: what each version shows, and what is kept.
namespace charter::test {
namespace {

enum class Stored { Yes, No };

Json version(const std::string& name, Stored stored, const Json& fields) {
  const Json schema = {{"type", "object"},
                       {"properties", {{"spec", {{"type", "object"}, {"properties", fields}}}}}};
  return {{"name", name},
          {"served", true},
          {"storage", stored == Stored::Yes},
          {"schema", {{"openAPIV3Schema", schema}}}};
}

Json definition(Stored old_stored, Stored new_stored) {
  const Json text = {{"type", "string"}};
  return {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "CustomResourceDefinition"},
          {"metadata", {{"name", "toys.multi.dev"}}},
          {"spec",
           {{"group", "multi.dev"},
            {"scope", "Namespaced"},
            {"names", {{"plural", "toys"}, {"kind", "Toy"}}},
            {"versions",
             {version("v1alpha1", old_stored, {{"a", text}, {"old", text}}),
              version("v1", new_stored,
                      {{"a", text}, {"b", {{"type", "integer"}, {"default", 3}}}})}}}}};
}

class Versions : public ::testing::Test {
 protected:
  Versions() {
    EXPECT_EQ(api_.post(kDefinitionsPath, definition(Stored::No, Stored::Yes)).status, 201);
  }
  static std::string path(const std::string& version, const std::string& name = {}) {
    return "/apis/multi.dev/" + version + "/namespaces/lab/toys" + (name.empty() ? "" : "/" + name);
  }
  static Json toy(const std::string& version, const std::string& name, const Json& spec) {
    return {{"apiVersion", "multi.dev/" + version},
            {"kind", "Toy"},
            {"metadata", {{"name", name}}},
            {"spec", spec}};
  }
  Json stored(const std::string& name) {
    return api_.store().get("multi.dev/toys", {"lab", name})->tree();
  }
  void store_in(const std::string& version) {
    const bool old = version == "v1alpha1";
    const Answer changed = api_.merge(
        kDefinitionsPath + "/toys.multi.dev",
        {{"spec",
          definition(old ? Stored::Yes : Stored::No, old ? Stored::No : Stored::Yes)["spec"]}});
    ASSERT_EQ(changed.status, 200) << changed.body;
  }

  ServedApi api_;
};

TEST_F(Versions, An_object_is_stored_in_one_version_and_shown_in_each) {
  const Answer made = api_.post(path("v1alpha1"), toy("v1alpha1", "t", {{"a", "x"}, {"old", "y"}}));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.json()["apiVersion"], "multi.dev/v1alpha1");
  EXPECT_EQ(stored("t")["apiVersion"], "multi.dev/v1");
  const Json old = api_.get(path("v1alpha1", "t")).json();
  EXPECT_EQ(old["apiVersion"], "multi.dev/v1alpha1");
  EXPECT_EQ(old["spec"], (Json{{"a", "x"}})) << "what the stored version does not know is not kept";
  const Json now = api_.get(path("v1", "t")).json();
  EXPECT_EQ(now["apiVersion"], "multi.dev/v1");
  EXPECT_EQ(now["spec"], (Json{{"a", "x"}, {"b", 3}}));
  EXPECT_EQ(old["metadata"]["resourceVersion"], now["metadata"]["resourceVersion"]);
  for (const char* name : {"v1", "v1alpha1"}) {
    const Json list = api_.get(path(name)).json();
    EXPECT_EQ(list["apiVersion"], std::string("multi.dev/") + name);
    EXPECT_EQ(list["items"][0]["apiVersion"], std::string("multi.dev/") + name);
    EXPECT_EQ(
        api_.get(path(name) + "?fieldSelector=metadata.name%3Dt").json()["items"][0]["apiVersion"],
        std::string("multi.dev/") + name);
  }
}

TEST_F(Versions, Writes_in_any_version_meet_the_same_object) {
  api_.post(path("v1alpha1"), toy("v1alpha1", "t", {{"a", "x"}}));
  EXPECT_EQ(api_.merge(path("v1", "t"), {{"spec", {{"b", 7}}}}).json()["spec"],
            (Json{{"a", "x"}, {"b", 7}}));
  const Answer applied =
      api_.apply(path("v1alpha1", "t"), toy("v1alpha1", "t", {{"old", "z"}}), "m");
  EXPECT_EQ(applied.status, 200) << applied.body;
  EXPECT_EQ(applied.json()["apiVersion"], "multi.dev/v1alpha1");
  Json whole = api_.get(path("v1", "t")).json();
  whole["spec"]["a"] = "w";
  EXPECT_EQ(api_.put(path("v1", "t"), whole).status, 200);
  EXPECT_EQ(api_.get(path("v1alpha1", "t")).json()["spec"]["a"], "w");
  // A body of another version than the path's is a mistake.
  EXPECT_EQ(api_.put(path("v1alpha1", "t"), whole).status, 400);
  EXPECT_EQ(api_.remove(path("v1alpha1", "t")).status, 200);
  EXPECT_EQ(api_.get(path("v1", "t")).status, 404);
}

TEST_F(Versions, A_watch_speaks_the_version_that_was_asked_for) {
  api_.post(path("v1"), toy("v1", "t", {{"a", "x"}}));
  Answer watch = api_.get(path("v1alpha1") + "?watch=1");
  ASSERT_TRUE(watch.stream);
  api_.merge(path("v1", "t"), {{"spec", {{"a", "y"}}}});
  api_.remove(path("v1", "t"));
  std::vector<Bytes> pieces;
  while (watch.stream->next(1 << 20, pieces) == BodyStream::State::More) {
  }
  std::string text;
  for (const Bytes& piece : pieces)
    text += piece.view;
  size_t events = 0;
  for (size_t at = 0; (at = text.find("\"apiVersion\":\"multi.dev/v1alpha1\",\"kind\":\"Toy\"",
                                      at)) != std::string::npos;
       ++at)
    ++events;
  EXPECT_EQ(events, 3U) << text;
  EXPECT_EQ(text.find("\"apiVersion\":\"multi.dev/v1\",\"kind\""), std::string::npos) << text;
}

TEST_F(Versions, A_write_that_changes_nothing_migrates_and_old_versions_stay_until_then) {
  api_.post(path("v1"), toy("v1", "t", {{"a", "x"}}));
  store_in("v1alpha1");
  const std::string crd = kDefinitionsPath + "/toys.multi.dev";
  EXPECT_EQ(api_.get(crd).json()["status"]["storedVersions"], (Json{"v1", "v1alpha1"}));
  EXPECT_EQ(stored("t")["apiVersion"], "multi.dev/v1");
  Json same = api_.get(path("v1", "t")).json();
  EXPECT_EQ(api_.put(path("v1", "t"), same).status, 200);
  EXPECT_EQ(stored("t")["apiVersion"], "multi.dev/v1alpha1");
  const int64_t migrated = api_.store().revision();
  EXPECT_EQ(api_.put(path("v1", "t"), api_.get(path("v1", "t")).json()).status, 200);
  EXPECT_EQ(api_.store().revision(), migrated) << "once";

  Json only_old = definition(Stored::Yes, Stored::No)["spec"];
  only_old["versions"].erase(1);
  const Answer refused = api_.merge(crd, {{"spec", only_old}});
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.json()["details"]["causes"][0]["field"], "status.storedVersions[0]");
  EXPECT_EQ(api_.merge(crd + "/status", {{"status", {{"storedVersions", {"v1alpha1"}}}}}).status,
            200);
  EXPECT_EQ(api_.merge(crd, {{"spec", only_old}}).status, 200);
  EXPECT_EQ(api_.get(path("v1alpha1", "t")).json()["spec"]["a"], "x");
  EXPECT_EQ(api_.get(path("v1", "t")).status, 404);
}

TEST_F(Versions, Names_that_are_left_out_are_filled_in) {
  const Json crd = api_.get(kDefinitionsPath + "/toys.multi.dev").json();
  const Json names = {
      {"plural", "toys"}, {"kind", "Toy"}, {"singular", "toy"}, {"listKind", "ToyList"}};
  EXPECT_EQ(crd["spec"]["names"], names);
  EXPECT_EQ(crd["status"]["acceptedNames"], names);
}

TEST(InVersion, Hands_out_the_same_object_when_it_is_stored_so) {
  ServedApi api;
  api.post(kWidgetsPath, shop_widget("w", {{"size", 1}}));
  const ObjectPtr object = api.store().get("shop.dev/widgets", {"lab", "w"});
  ASSERT_TRUE(object);
  EXPECT_EQ(in_version(*api.type(kShopWidgets), object), object);
}

}  // namespace
}  // namespace charter::test
