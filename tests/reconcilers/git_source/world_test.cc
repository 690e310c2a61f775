#include "tests/support/world.h"

#include "reconcilers/git_source/reconciler.h"

#include <gtest/gtest.h>

namespace charter::test {
namespace {

TEST(GitSourceWorld, OnAForeignApiServerItSaysThatOthersDoThis) {
  WorldOptions options;
  options.add_controllers = [](Manager& manager, DriverPool&) {
    manager.add(git_source::controller({}));
  };
  World world(std::move(options));
  world.apply(R"(
apiVersion: charter.dev/v1alpha1
kind: GitSource
metadata: {name: apps}
spec: {url: "https://git.example.org/apps", serviceAccount: {namespace: shop, name: deployer}}
)");
  world.settle();
  EXPECT_EQ(world.reason("GitSource", "apps"), "Unsupported");
  EXPECT_NE(world.explain("GitSource", "apps").find("Argo CD"), std::string::npos);
  world.expect_quiet();
}

}  // namespace
}  // namespace charter::test
