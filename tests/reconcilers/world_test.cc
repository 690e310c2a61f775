#include "tests/support/world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// The fixture itself: that what it promises to prove is really looked at.
namespace charter::test {
namespace {

TEST(World, AppliesReadsEditsAndRemovesObjects) {
  World world;
  world.apply(R"(
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b}
)");
  world.settle();
  EXPECT_TRUE(world.exists("ConfigMap", "shop/a"));
  EXPECT_TRUE(world.exists("ConfigMap", "default/b"));
  world.edit("ConfigMap", "shop/a", "{data: {k: v}}");
  EXPECT_EQ(world.field("ConfigMap", "shop/a", "data.k"), "v");
  world.remove("ConfigMap", "shop/a");
  EXPECT_FALSE(world.exists("ConfigMap", "shop/a"));
  EXPECT_EQ(world.explain("ConfigMap", "shop/a"), "no object");
}

TEST(World, RefusesWhatTheSchemaRefuses) {
  World world;
  const auto refused = world.try_apply(R"(
apiVersion: charter.dev/v1alpha1
kind: Provider
metadata: {name: p}
spec: {driver: unheard-of, location: {region: eu, jurisdiction: EU}}
)");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Invalid);
}

TEST(World, AnEmptyWorldIsQuiet) {
  World world;
  world.expect_quiet();
}

}  // namespace
}  // namespace charter::test
