#include "controller/git/references.h"

#include "controller/git/semver.h"

#include <gtest/gtest.h>

namespace charter {
namespace {

std::string id(char c) {
  return std::string(40, c);
}

struct Row {
  const char* range;
  std::vector<const char*> in, out;
};

TEST(Semver, Ranges_hold_what_their_notation_says) {
  const Row rows[] = {
      {"1.2.3", {"1.2.3", "v1.2.3", "1.2.3+b"}, {"1.2.4", "1.2.3-rc.1"}},
      {">=1.2.0 <2.0.0", {"1.2.0", "1.99.0"}, {"1.1.9", "2.0.0", "2.0.0-rc.1"}},
      {">=1.2.0, <2", {"1.2.0", "1.99.0"}, {"2.0.0"}},
      {">= 1.2", {"1.2.0", "3.0.0"}, {"1.1.0"}},
      {">1.2", {"1.3.0", "2.0.0"}, {"1.2.9"}},
      {">1.2.3", {"1.2.4"}, {"1.2.3"}},
      {"<=1.2", {"1.2.9", "0.1.0"}, {"1.3.0"}},
      {"<1.2", {"1.1.9"}, {"1.2.0"}},
      {"^1.2.3", {"1.2.3", "1.9.0"}, {"1.2.2", "2.0.0"}},
      {"^0.2.3", {"0.2.3", "0.2.9"}, {"0.3.0"}},
      {"^0.0.3", {"0.0.3"}, {"0.0.4"}},
      {"^0", {"0.9.0"}, {"1.0.0"}},
      {"~1.2.3", {"1.2.3", "1.2.9"}, {"1.3.0"}},
      {"~1", {"1.9.0"}, {"2.0.0"}},
      {"1.2.x", {"1.2.0", "1.2.9"}, {"1.3.0"}},
      {"1.*", {"1.0.0", "1.9.9"}, {"2.0.0"}},
      {"*", {"0.0.1", "9.0.0"}, {"1.0.0-rc.1"}},
      {"1.2 - 1.4", {"1.2.0", "1.4.9"}, {"1.1.0", "1.5.0"}},
      {"<1.0.0 || >=2.0.0", {"0.9.0", "2.0.0"}, {"1.5.0"}},
      {">=1.0.0 !=1.1.0", {"1.0.0", "1.2.0"}, {"1.1.0"}},
      {">=1.0.0-0", {"1.0.0-rc.1", "1.0.0"}, {"0.9.0"}},
  };
  for (const auto& row : rows) {
    const auto range = SemverRange::parse(row.range);
    ASSERT_TRUE(range) << row.range << ": " << range.error().message;
    for (const char* version : row.in)
      EXPECT_TRUE(range->contains(*Semver::parse(version))) << row.range << " has " << version;
    for (const char* version : row.out)
      EXPECT_FALSE(range->contains(*Semver::parse(version))) << row.range << " has not " << version;
  }
}

TEST(Semver, What_is_no_range_is_refused) {
  for (const char* text : {"", " ", "x.1", ">=", "1.2.3.4", "main", ">=1.0.0 ||", "!=1.2", "<*",
                           "1.2.3-", "99999999999999999999.0.0", "=>1.0.0"})
    EXPECT_FALSE(SemverRange::parse(text)) << text;
}

TEST(Semver, Precedence_is_that_of_the_specification) {
  const char* ordered[] = {"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
                           "1.0.0-beta",  "1.0.0-beta.2",  "1.0.0-beta.11",
                           "1.0.0-rc.1",  "1.0.0",         "1.0.1",
                           "1.10.0",      "2.0.0"};
  for (size_t i = 0; i < std::size(ordered); ++i)
    for (size_t j = 0; j < std::size(ordered); ++j) {
      const int order = Semver::compare(*Semver::parse(ordered[i]), *Semver::parse(ordered[j]));
      EXPECT_EQ(order < 0, i < j) << ordered[i] << " " << ordered[j];
      EXPECT_EQ(order == 0, i == j) << ordered[i] << " " << ordered[j];
    }
}

TEST(References, Each_kind_finds_its_commit) {
  const std::vector<RemoteHead> heads = {{"HEAD", id('a')},
                                         {"refs/heads/main", id('a')},
                                         {"refs/heads/next", id('b')},
                                         {"refs/tags/v1.9.0", id('c')},
                                         {"refs/tags/v1.10.0", id('d')},
                                         {"refs/tags/v1.10.0^{}", id('e')},
                                         {"refs/tags/v2.0.0-rc.1", id('f')},
                                         {"refs/tags/nightly", id('b')},
                                         {"refs/pull/1/head", id('9')}};
  const auto chosen = [&](const GitReference& want) {
    const auto found = choose_reference(heads, want);
    return found ? found->name + " " + found->commit.substr(0, 1) : found.error().message;
  };
  EXPECT_EQ(chosen({}), "HEAD a");
  EXPECT_EQ(chosen({.branch = "next"}), "refs/heads/next b");
  EXPECT_EQ(chosen({.tag = "v1.10.0"}), "refs/tags/v1.10.0 e");
  EXPECT_EQ(chosen({.semver = "1.x"}), "refs/tags/v1.10.0 e");
  EXPECT_EQ(chosen({.semver = ">=1.0.0-0"}), "refs/tags/v2.0.0-rc.1 f");
  EXPECT_EQ(chosen({.commit = id('9')}), "refs/pull/1/head 9");
  EXPECT_EQ(chosen({.commit = id('7')}), " 7");
  EXPECT_EQ(chosen({.branch = "v1.9.0"}), "there is no branch v1.9.0");
  EXPECT_EQ(chosen({.tag = "main"}), "there is no tag main");
  EXPECT_EQ(chosen({.semver = ">=3"}), "no tag is a version within >=3");
  EXPECT_EQ(choose_reference({}, {.branch = "main"}).error().message,
            "the repository is empty: it has no commit yet");
}

TEST(References, Names_that_Git_does_not_have_are_refused) {
  for (const char* name : {"-x", "a..b", "a b", "a:b", "a*", "a\\b", "a~1", "a^", "a@{1}", "x.lock",
                           "x.lock/y", "/a", "a/", "a//b", ".a", "a/.b", "a\n", "@", "a."}) {
    EXPECT_FALSE(check_reference({.branch = name})) << name;
    EXPECT_FALSE(check_reference({.tag = name})) << name;
  }
  EXPECT_TRUE(check_reference({.branch = "feature/x-1"}));
  EXPECT_FALSE(check_reference({.branch = "a", .tag = "b"}));
  EXPECT_FALSE(check_reference({.commit = "abc"}));
  EXPECT_FALSE(check_reference({.commit = id('A')}));
  EXPECT_FALSE(check_reference({.semver = "main"}));
}

}  // namespace
}  // namespace charter
