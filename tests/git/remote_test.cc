#include "controller/git/git_reader.h"
#include "tests/git/repository.h"

#include <gtest/gtest.h>

#include <thread>

namespace charter {
namespace {

using Paths = std::vector<std::string>;

/// A repository behind a server of its own.
class Remote : public testing::Test {
 protected:
  explicit Remote(const std::string& kind) : server(kind, repository.folder()) {
    repository.write("a.yaml", "a: 1");
    first = repository.commit("one");
  }
  std::string reason(const GitRequest& request) {
    const auto tree = resolve_and_read(*reader, request);
    return tree ? "read" : tree.error().reason;
  }

  TestRepository repository;
  std::string first;
  ScratchFolder cache{"git"};
  std::unique_ptr<GitReader> reader = make_git_reader(cache.path() / "clones");
  TestServer server;
};

class GitHttps : public Remote {
 protected:
  GitHttps() : Remote("https") {}
  GitRequest request(const std::string& path = "/r") {
    auto made = repository.request(server["url"] + path);
    made.credentials.ca_bundle = server["ca"];
    return made;
  }
  GitRequest with_password(const std::string& password) {
    auto made = request("/private/r");
    made.credentials.username = server["user"];
    made.credentials.password = password;
    return made;
  }
};

TEST_F(GitHttps, Fetches_follows_and_reads_from_the_cache) {
  const auto tree = resolve_and_read(*reader, request());
  EXPECT_EQ(paths(tree), (Paths{"a.yaml"}));
  EXPECT_EQ(tree->commit.id, first);
  repository.write("b.yaml", "b: 1");
  const auto second = repository.commit("two");
  EXPECT_EQ(resolve_and_read(*reader, request())->commit.id, second);
  repository.run("git reset -q --hard HEAD~1");
  repository.write("c.yaml", "c: 1");
  repository.commit("three", "--amend");
  EXPECT_EQ(paths(resolve_and_read(*reader, request())), (Paths{"a.yaml", "c.yaml"}));
  // What is no tip of anything any more is still in the cache, and asks nobody.
  EXPECT_EQ(paths(reader->read(request("/gone"), second)),
            paths(reader->read(request("/gone"), second)));
  EXPECT_EQ(paths(reader->read(request(), second)), (Paths{"a.yaml", "b.yaml"}));
}

TEST_F(GitHttps, A_commit_that_is_no_tip_is_found_in_the_history_and_one_that_is_gone_is_told) {
  repository.write("b.yaml", "b: 1");
  repository.commit("two");
  auto pinned = request();
  pinned.reference.commit = first;
  EXPECT_EQ(paths(resolve_and_read(*reader, pinned)), (Paths{"a.yaml"}));
  pinned.reference.commit = std::string(40, 'b');
  EXPECT_EQ(reason(pinned), kGitCommitGone);
  // Between resolve and read the branch is rewritten.
  ScratchFolder other{"git"};
  const auto fresh = make_git_reader(other.path());
  const auto resolved = fresh->resolve(request());
  repository.run("git checkout -q --orphan new; git branch -D main; git branch -m main");
  repository.commit("anew");
  EXPECT_EQ(fresh->read(request(), *resolved).error().reason, kGitCommitGone);
}

TEST_F(GitHttps, Credentials_are_asked_for_used_and_refused) {
  EXPECT_EQ(reason(with_password(server["password"])), "read");
  EXPECT_EQ(reason(with_password("wrong")), kGitCredentialsRefused);
  EXPECT_EQ(reason(request("/private/r")), kGitCredentialsRefused);
  const auto error = reader->resolve(with_password("wrong-secret")).error();
  EXPECT_EQ(error.code, Code::Unauthorized);
  EXPECT_EQ(error.message.find("wrong-secret"), std::string::npos);
  // Nothing of a credential stays in the cache.
  EXPECT_EQ(shell("grep -rl '" + server["password"] + "' '" + cache.path().string() + "' || true"),
            "");
}

TEST_F(GitHttps, A_certificate_that_nobody_vouches_for_is_refused) {
  auto untrusting = request();
  untrusting.credentials.ca_bundle.clear();
  EXPECT_EQ(reason(untrusting), kGitHostNotTrusted);
  untrusting.credentials.ca_bundle = "no PEM";
  EXPECT_EQ(reason(untrusting), kGitInvalid);
  // The right authority, for another name of the same host.
  auto renamed = request();
  renamed.url.replace(renamed.url.find("127.0.0.1"), 9, "localhost");
  EXPECT_EQ(reason(renamed), kGitHostNotTrusted);
}

TEST_F(GitHttps, What_is_no_repository_and_what_is_no_Git_is_told) {
  EXPECT_EQ(reason(request("/none")), kGitReferenceNotFound);
  EXPECT_EQ(reason(request("/babble/r")), kGitUnreachable);
  EXPECT_EQ(
      reader->resolve(request("/elsewhere/r")).error().message.find("redirects to another host") !=
          std::string::npos,
      true);
}

TEST_F(GitHttps, A_server_that_hangs_or_is_not_there_costs_its_deadline) {
  auto slow = request("/hangs/r");
  slow.timeout = std::chrono::seconds(1);
  const auto error = reader->resolve(slow).error();
  EXPECT_EQ(error.reason, kGitUnreachable);
  EXPECT_EQ(error.code, Code::Timeout);
  EXPECT_EQ(reason(repository.request("https://127.0.0.1:1/r")), kGitUnreachable);
  EXPECT_EQ(reason(repository.request("https://host.invalid/r")), kGitUnreachable);
}

TEST_F(GitHttps, A_clone_that_is_broken_is_made_anew) {
  ASSERT_EQ(reason(request()), "read");
  shell("cd '" + cache.path().string() +
        "'/clones/*; chmod -R u+w .; for f in objects/pack/*.pack; do : > $f; done");
  const auto fresh = make_git_reader(cache.path() / "clones");
  EXPECT_EQ(reason(request()), "read");
  shell("cd '" + cache.path().string() + "'/clones/*; rm -rf objects refs; echo x > HEAD");
  EXPECT_EQ(paths(resolve_and_read(*fresh, request())), (Paths{"a.yaml"}));
}

TEST_F(GitHttps, Many_threads_read_one_address) {
  std::vector<std::thread> threads;
  std::vector<Paths> seen(8);
  for (auto& one : seen)
    threads.emplace_back([&] { one = paths(resolve_and_read(*reader, request())); });
  for (auto& thread : threads)
    thread.join();
  for (const auto& one : seen)
    EXPECT_EQ(one, (Paths{"a.yaml"}));
}

class GitSsh : public Remote {
 protected:
  GitSsh() : Remote("ssh") {}
  GitRequest request(const std::string& name = "/r") {
    auto made = repository.request(server["url"] + name);
    made.credentials.private_key = server["key"];
    made.credentials.known_hosts = server["known_hosts"];
    return made;
  }
};

TEST_F(GitSsh, Fetches_and_follows) {
  EXPECT_EQ(paths(resolve_and_read(*reader, request())), (Paths{"a.yaml"}));
  repository.write("b.yaml", "b: 1");
  repository.commit("two", "--amend");
  EXPECT_EQ(paths(resolve_and_read(*reader, request())), (Paths{"a.yaml", "b.yaml"}));
}

TEST_F(GitSsh, A_wrong_key_an_unknown_host_and_a_missing_repository_are_told_apart) {
  auto other = request();
  other.credentials.private_key = server["other_key"];
  EXPECT_EQ(reason(other), kGitCredentialsRefused);
  other.credentials.private_key = "no key";
  EXPECT_EQ(reason(other), kGitCredentialsRefused);
  other.credentials.private_key.clear();
  EXPECT_EQ(reason(other), kGitCredentialsRefused);
  auto unknown = request();
  unknown.credentials.known_hosts = "example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ1c3k=";
  EXPECT_EQ(reason(unknown), kGitHostNotTrusted);
  unknown.credentials.known_hosts.clear();
  EXPECT_EQ(reason(unknown), kGitHostNotTrusted);
  EXPECT_EQ(reason(request("/none")), kGitReferenceNotFound);
  auto nobody = request();
  nobody.url = "ssh://git@127.0.0.1:1/r";
  EXPECT_EQ(reason(nobody), kGitUnreachable);
}

TEST_F(GitSsh, A_path_is_one_word_of_the_remotes_shell) {
  const auto trap = repository.folder() + "/ran";
  EXPECT_EQ(reason(request("/r;touch${IFS}" + trap)), kGitReferenceNotFound);
  EXPECT_EQ(reason(request("/$(touch${IFS}" + trap + ")")), kGitReferenceNotFound);
  EXPECT_FALSE(std::filesystem::exists(trap));
}

}  // namespace
}  // namespace charter
