#include "controller/api/definitions.h"
#include "controller/base/check.h"
#include "controller/object/value.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <unistd.h>

// What a store knows of its objects after a start.
namespace charter {
namespace {

constexpr const char* kCrd = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.conv.dev}
spec:
  group: conv.dev
  scope: Namespaced
  names: {plural: widgets, kind: Widget}
  versions:
  - name: v1
    served: true
    storage: true
    selectableFields: [{jsonPath: .spec.colour}, {jsonPath: .spec.size}, {jsonPath: .spec.absent}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties: {colour: {type: string}, size: {type: integer}, absent: {type: string}}
)";
constexpr const char* kWidget = R"(
apiVersion: conv.dev/v1
kind: Widget
metadata: {name: w, namespace: lab, managedFields: [{manager: m}]}
spec: {colour: "a \"red\"", size: 4}
)";

const Pairs kSelectable = {{"spec.absent", ""}, {"spec.colour", "a \"red\""}, {"spec.size", "4"}};

/// A data directory of its own.
class StoredKindsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("charter-kinds-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::unique_ptr<Store> open(KindRegistry& kinds) {
    StoreOptions options;
    options.data_dir = folder_;
    options.mode = WriterMode::Inline;
    options.kinds = stored_kinds(kinds, hooks_);
    auto store = Store::open(std::move(options));
    CHECK_MSG(store.has_value(), store ? "" : store.error().message);
    return std::move(*store);
  }
  static void put(Store& store, const std::string& bucket, const ObjectName& name,
                  const char* yaml) {
    Write write;
    write.key = {bucket, name};
    write.object = Encoded::make(*parse_yaml(yaml), 0);
    ASSERT_TRUE(store.commit(std::move(write)));
  }

  std::filesystem::path folder_;
  HookTable hooks_;
};

TEST_F(StoredKindsTest, Fields_that_a_users_definition_makes_selectable_are_known_after_a_start) {
  {
    KindRegistry kinds;
    const auto store = open(kinds);
    // An object may be older than its definition's last change.
    put(*store, "conv.dev/widgets", {"lab", "w"}, kWidget);
    put(*store, "apiextensions.k8s.io/customresourcedefinitions", {"", "widgets.conv.dev"}, kCrd);
  }
  KindRegistry kinds;
  const auto store = open(kinds);
  const ObjectPtr widget = store->get("conv.dev/widgets", {"lab", "w"});
  ASSERT_NE(widget, nullptr);
  EXPECT_EQ(widget->header().fields, kSelectable);
}

TEST_F(StoredKindsTest, A_kinds_own_index_sees_the_object_without_managed_fields) {
  hooks_["conv.dev/widgets"].index = [](const Json& tree) {
    return Pairs{{"members", std::to_string(tree.at("metadata").size())}, {"spec.size", "own"}};
  };
  KindRegistry kinds;
  const auto store = open(kinds);
  const StoredKinds stored = stored_kinds(kinds, hooks_);
  ASSERT_TRUE(kinds.define(*parse_yaml(kCrd), KindRegistry::Origin::Definition));
  const Json tree = *parse_yaml(kWidget);
  const ObjectPtr widget = Encoded::make(tree, 3);
  const Pairs fields = stored.index("conv.dev/widgets", widget->bytes());
  EXPECT_EQ(*find_pair(fields, "members"), "3") << "name, namespace, resourceVersion";
  EXPECT_EQ(*find_pair(fields, "spec.size"), "4") << "the selectable field, as when it was written";
  Json bare = widget->tree();
  bare["metadata"].erase("managedFields");
  EXPECT_EQ(fields, index_of(kinds, hooks_, "conv.dev/widgets", bare));
}

}  // namespace
}  // namespace charter
