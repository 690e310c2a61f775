#include "controller/git/git_reader.h"

#include "controller/git/limits.h"
#include "tests/git/repository.h"

#include <gtest/gtest.h>

namespace charter {
namespace {

using Paths = std::vector<std::string>;

/// A real repository that is read in place.
class GitReaderFile : public testing::Test {
 protected:
  GitReaderFile() : reader(make_git_reader(cache.path() / "clones")) {}

  Result<GitTree> read(const GitReference& reference = {}, const std::string& path = "") {
    auto request = repository.request();
    request.reference = reference;
    request.path = path;
    return resolve_and_read(*reader, request);
  }

  TestRepository repository;
  ScratchFolder cache{"git"};
  std::unique_ptr<GitReader> reader;
};

TEST_F(GitReaderFile, Reads_a_commit_and_its_manifests) {
  repository.write("app/a.yaml", "a: 1\n");
  repository.write("app/sub/b.json", "{}");
  repository.write("app/notes.txt", "x");
  repository.write("top.yaml", "t: 1");
  const auto id = repository.commit("First line\n\nand more");
  const auto tree = read({}, "app");
  ASSERT_TRUE(tree) << tree.error().message;
  EXPECT_EQ(tree->commit, (GitCommit{id, "Fred F", "First line", 1700000000, ""}));
  EXPECT_EQ(paths(tree), (Paths{"a.yaml", "sub/b.json"}));
  EXPECT_EQ(tree->files[0].text, "a: 1\n");
  EXPECT_EQ(paths(read()), (Paths{"app/a.yaml", "app/sub/b.json", "top.yaml"}));
}

TEST_F(GitReaderFile, An_empty_repository_and_a_missing_path_are_told_apart) {
  auto resolved = reader->resolve(repository.request());
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().reason, kGitReferenceNotFound);
  EXPECT_NE(resolved.error().message.find("the repository is empty"), std::string::npos);

  repository.write("a.yaml", "a: 1");
  repository.commit("one");
  const auto missing = read({}, "app");
  ASSERT_TRUE(missing) << missing.error().message;
  EXPECT_FALSE(missing->path_exists);
  EXPECT_TRUE(missing->files.empty());

  const auto none = reader->resolve(repository.request("file:///nonexistent/r"));
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("there is no such repository"), std::string::npos);
}

TEST_F(GitReaderFile, A_branch_that_was_force_pushed_and_a_tag_that_was_moved_are_followed) {
  repository.write("a.yaml", "a: 1");
  const auto first = repository.commit("one");
  repository.run("git tag v1.0.0; git tag -a -m x v1.1.0; git branch other");
  repository.write("a.yaml", "a: 2");
  const auto second = repository.commit("two", "--amend");
  EXPECT_EQ(read({.branch = "main"})->commit.id, second);
  EXPECT_EQ(read({.branch = "other"})->commit.id, first);
  EXPECT_EQ(read({.tag = "v1.0.0"})->commit.id, first);
  EXPECT_EQ(read({.semver = "^1"})->commit.id, first);
  EXPECT_EQ(read({.commit = first})->files[0].text, "a: 1");
  repository.run("git tag -f v1.0.0 && git tag -f -a -m x v1.1.0");
  EXPECT_EQ(read({.tag = "v1.0.0"})->commit.id, second);
  EXPECT_EQ(read({.semver = "1.x"})->files[0].text, "a: 2");
  EXPECT_EQ(read({.tag = "none"}).error().reason, kGitReferenceNotFound);
  EXPECT_EQ(read({.commit = std::string(40, 'a')}).error().reason, kGitCommitGone);
  const auto blob = repository.blob("x");
  EXPECT_EQ(read({.commit = blob}).error().reason, kGitReferenceNotFound);
}

TEST_F(GitReaderFile, Hostile_trees_that_Git_itself_can_make_are_refused) {
  repository.write("a.yaml", "a: 1");
  const auto first = repository.commit("one");
  const auto id = repository.blob("a: 1");
  const auto refused = [&](const std::string& lines) {
    repository.commit_tree(lines);
    const auto tree = read();
    return tree ? std::string("read") : tree.error().reason;
  };
  EXPECT_EQ(refused("100644 blob " + id + "\\tok.yaml\\n"), "read");
  EXPECT_EQ(refused("100644 blob " + id + "\\t..\\n"), kGitHostileTree);
  EXPECT_EQ(refused("100644 blob " + id + "\\t.git\\n"), kGitHostileTree);
  EXPECT_EQ(refused("120000 blob " + id + "\\ta.yaml\\n"), kGitHostileTree);
  EXPECT_EQ(refused("160000 commit " + first + "\\tvendor\\n"), kGitHostileTree);
  EXPECT_EQ(refused("100644 blob " + id + "\\ta\\033[2J.yaml\\n"), kGitHostileTree);
  EXPECT_EQ(refused("100644 blob " + std::string(40, '1') + "\\tmissing.yaml\\n"), kGitFailed);
}

TEST_F(GitReaderFile, A_file_of_ten_megabytes_is_refused_by_its_size) {
  repository.write("big.yaml", std::string(10 << 20, 'a'));
  repository.commit("big");
  const auto tree = read();
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().reason, kGitTooLarge);
  EXPECT_EQ(tree.error().message, "big.yaml: 10485760 bytes, the limit is 3145728");
}

TEST_F(GitReaderFile, Control_characters_of_a_message_are_not_shown) {
  repository.write("a.yaml", "a: 1");
  repository.commit("$(printf \"red \\033[31m \\377 text\")", "--author=\"E\tv <e@x>\"");
  const auto tree = read();
  ASSERT_TRUE(tree) << tree.error().message;
  EXPECT_EQ(tree->commit.message.find('\x1b'), std::string::npos);
  EXPECT_EQ(tree->commit.message.find('\xff'), std::string::npos);
  EXPECT_EQ(tree->commit.author.find('\t'), std::string::npos);
}

TEST_F(GitReaderFile, Hooks_and_filters_of_a_repository_do_not_run) {
  const auto trap = repository.folder() + "/ran";
  repository.write("a.yaml", "a: 1");
  repository.write(".gitattributes", "*.yaml filter=evil");
  repository.commit("one");
  repository.run("git config filter.evil.smudge 'touch " + trap +
                 "'; git config core.fsmonitor 'touch " + trap +
                 "';"
                 " git config core.sshCommand 'touch " +
                 trap + "'");
  for (const char* hook :
       {"post-checkout", "post-merge", "reference-transaction", "fsmonitor-watchman"})
    repository.run(std::string("printf '#!/bin/sh\\ntouch ") + trap + "\\n' > .git/hooks/" + hook +
                   "; chmod +x .git/hooks/" + hook);
  EXPECT_EQ(paths(read()), (Paths{"a.yaml"}));
  EXPECT_FALSE(std::filesystem::exists(trap));
}

TEST_F(GitReaderFile, A_request_that_is_wrong_names_its_field) {
  const auto said = [&](GitRequest request) { return reader->resolve(request).error().message; };
  auto request = repository.request();
  request.reference = {.branch = "a", .tag = "b"};
  EXPECT_TRUE(said(request).starts_with("ref: "));
  request = repository.request();
  request.path = "../x";
  EXPECT_TRUE(said(request).starts_with("path: "));
  request = repository.request();
  request.signers = {{"fred", "hello"}};
  EXPECT_TRUE(said(request).starts_with("verify: "));
  EXPECT_TRUE(said(repository.request("http://example.org/r")).starts_with("url: "));
}

}  // namespace
}  // namespace charter
