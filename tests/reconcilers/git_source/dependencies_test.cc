#include "reconcilers/git_source/dependencies.h"

#include <gtest/gtest.h>

#include <map>

namespace charter::git_source {
namespace {

using Names = std::vector<std::string>;

Names way(const std::map<std::string, Names>& graph, const std::string& from) {
  return cycle_through(from, [&](const std::string& name) {
    const auto found = graph.find(name);
    return found == graph.end() ? Names() : found->second;
  });
}

TEST(GitSourceDependencies, ACircleIsFoundByEachOfItsMembersAndByNobodyElse) {
  const std::map<std::string, Names> graph = {
      {"a", {"x", "b"}}, {"b", {"c"}}, {"c", {"y", "a"}}, {"before", {"a"}}, {"x", {"gone"}}};
  EXPECT_EQ(way(graph, "a"), (Names{"a", "b", "c", "a"}));
  EXPECT_EQ(way(graph, "b"), (Names{"b", "c", "a", "b"}));
  EXPECT_EQ(way(graph, "before"), Names());
  EXPECT_EQ(way(graph, "x"), Names());
  EXPECT_EQ(way(graph, "gone"), Names());
}

TEST(GitSourceDependencies, TheShortestWayIsToldAndDiamondsAreNoCircles) {
  EXPECT_EQ(way({{"a", {"b", "c"}}, {"b", {"c"}}, {"c", {"a"}}}, "a"), (Names{"a", "c", "a"}));
  EXPECT_EQ(way({{"a", {"b", "c"}}, {"b", {"d"}}, {"c", {"d"}}}, "a"), Names());
}

}  // namespace
}  // namespace charter::git_source
