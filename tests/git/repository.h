#pragma once

#include "controller/git/child_process.h"
#include "controller/git/git_reader.h"
#include "controller/base/scratch_folder.h"
#include "controller/object/value.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

// What the tests of controller/git share: repositories that Git itself makes, and the servers of
// tests/e2e/git_servers.py.
namespace charter {

/// Runs a line of shell; what it printed, without the last newline. A failure fails the test.
inline std::string shell(const std::string& line) {
  FILE* const out = ::popen(("set -e; " + line).c_str(), "r");
  std::string printed;
  char bytes[4096];
  for (size_t size = 0; (size = ::fread(bytes, 1, sizeof bytes, out)) > 0;)
    printed.append(bytes, size);
  EXPECT_EQ(::pclose(out), 0) << line;
  while (printed.ends_with('\n'))
    printed.pop_back();
  return printed;
}

/// A repository with one branch, main, below a directory of its own.
class TestRepository {
 public:
  TestRepository() { shell("git init -q -b main '" + path() + "'"); }

  std::string folder() const { return scratch_.path().string(); }
  std::string path() const { return folder() + "/r"; }
  std::string url() const { return "file://" + path(); }

  /// Runs a line of shell in the repository, as somebody with a name and at a fixed time.
  std::string run(const std::string& line) const {
    return shell(
        "cd '" + path() +
        "'; export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME='Fred F' GIT_AUTHOR_EMAIL=f@x"
        " GIT_COMMITTER_NAME=C GIT_COMMITTER_EMAIL=c@x GIT_AUTHOR_DATE='1700000000 +0000'"
        " GIT_COMMITTER_DATE='1700000000 +0000'; " +
        line);
  }
  void write(const std::string& name, const std::string& text) const {
    const auto file = std::filesystem::path(path()) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
  /// Commits everything; returns the id.
  std::string commit(const std::string& message, const std::string& more = "") const {
    return run("git add -A; git commit -q --allow-empty -m '" + message + "' " + more +
               "; git rev-parse HEAD");
  }
  /// Commits a tree that is described as git-mktree's input, on main.
  std::string commit_tree(const std::string& lines) const {
    return run("tree=$(printf '" + lines +
               "' | git mktree --missing); id=$(git commit-tree -m x $tree);"
               " git update-ref refs/heads/main $id; echo $id");
  }
  std::string blob(const std::string& text) const {
    return run("printf '%s' '" + text + "' | git hash-object -w --stdin");
  }

  GitRequest request(const std::string& where = "") const {
    GitRequest request;
    request.url = where.empty() ? url() : where;
    request.timeout = std::chrono::seconds(60);
    return request;
  }

 private:
  ScratchFolder scratch_{"git"};
};

/// One of git_servers.py, for as long as this lives.
class TestServer {
 public:
  TestServer(const std::string& kind, const std::string& folder) {
    const auto started = server_.start(
        {"/usr/bin/python3", "-B", CHARTER_SOURCE_DIR "/tests/e2e/git_servers.py", kind, folder},
        Confinement::Network);
    EXPECT_TRUE(started);
    const Duration deadline = SystemClock().monotonic() + std::chrono::seconds(60);
    std::string line;
    char byte = 0;
    while (server_.read(&byte, 1, deadline) == 1 && byte != '\n')
      line += byte;
    const auto told = parse_json(line);
    EXPECT_TRUE(told) << line << server_.errors();
    if (told) told_ = std::make_unique<Json>(*told);
  }
  ~TestServer() {
    server_.close_input();
    (void)server_.finish(SystemClock().monotonic() + std::chrono::seconds(60));
  }
  std::string operator[](const char* word) const { return told_ ? text_at(*told_, {word}) : ""; }

 private:
  ChildProcess server_;
  std::unique_ptr<Json> told_;
};

/// The paths of a tree's files.
inline std::vector<std::string> paths(const Result<GitTree>& tree) {
  std::vector<std::string> found;
  if (!tree) return {tree.error().reason + ": " + tree.error().message};
  for (const auto& file : tree->files)
    found.push_back(file.path);
  return found;
}

/// Resolves and reads.
inline Result<GitTree> resolve_and_read(GitReader& reader, const GitRequest& request) {
  CHARTER_TRY_ASSIGN(const std::string commit, reader.resolve(request));
  return reader.read(request, commit);
}

}  // namespace charter
