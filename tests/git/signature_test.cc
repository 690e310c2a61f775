#include "controller/git/signature.h"

#include "tests/git/repository.h"

#include <gtest/gtest.h>

namespace charter {
namespace {

std::string content(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Two people with keys of both kinds, and a repository that either signs in.
class Signatures : public testing::Test {
 protected:
  Signatures() {
    for (const char* name : {"fred", "eve"})
      shell("ssh-keygen -q -t ed25519 -N '' -C '' -f " + file(name));
    repository.write("a.yaml", "a: 1");
  }

  std::string file(const std::string& name) const { return keys.path().string() + "/" + name; }
  GitSigner ssh(const std::string& name) const { return {name, content(file(name) + ".pub")}; }

  std::string gpg_home() const { return "GNUPGHOME=" + file("gnupg"); }
  GitSigner make_pgp(const std::string& name, const std::string& expiry) {
    shell("mkdir -p -m 700 " + file("gnupg") + "; " + gpg_home() +
          " gpg --batch --quiet --passphrase '' --quick-gen-key '" + name + " <" + name +
          "@x>' ed25519 sign " + expiry + " 2>/dev/null");
    return {name, shell(gpg_home() + " gpg --batch --armor --export " + name + "@x")};
  }
  std::string commit_ssh(const std::string& name) {
    repository.run("git config gpg.format ssh; git config user.signingkey " + file(name));
    return repository.commit("signed", "-S");
  }
  std::string commit_pgp(const std::string& name, const std::string& more = "") {
    repository.run("git config --unset gpg.format || true; git config user.signingkey " + name +
                   "@x");
    return repository.run("git add -A; " + more + " " + gpg_home() +
                          " git commit -q --allow-empty -m signed -S; git rev-parse HEAD");
  }
  void TearDown() override {
    shell("test ! -d " + file("gnupg") + " || " + gpg_home() + " gpgconf --kill all");
  }

  /// Who signed HEAD, or why that does not count.
  std::string signer(std::vector<GitSigner> signers) {
    auto request = repository.request();
    request.signers = std::move(signers);
    const auto tree = resolve_and_read(*reader, request);
    if (tree) return tree->commit.signer;
    const std::string& message = tree.error().message;
    const size_t commit = message.find("commit ");
    return tree.error().reason + ": " + (commit == 0 ? message.substr(48) : message);
  }

  TestRepository repository;
  ScratchFolder keys{"git"}, cache{"git"};
  std::unique_ptr<GitReader> reader = make_git_reader(cache.path());
};

TEST_F(Signatures, An_unsigned_commit_is_refused_once_signatures_are_asked_for) {
  repository.commit("plain");
  EXPECT_EQ(signer({}), "");
  EXPECT_EQ(signer({ssh("fred")}), "SignatureRefused: is not signed");
}

TEST_F(Signatures, An_SSH_signature_counts_by_its_key) {
  commit_ssh("fred");
  EXPECT_EQ(signer({ssh("eve"), ssh("fred")}), "fred");
  EXPECT_EQ(signer({ssh("eve")}), "SignatureRefused: is signed by nobody whose signature counts");
  EXPECT_EQ(signer({}), "");
}

TEST_F(Signatures, A_signature_over_other_bytes_is_wrong) {
  commit_ssh("fred");
  // The same signature on a commit with another message.
  repository.run(
      "git cat-file commit HEAD | sed 's/^signed$/forged/' > ../forged;"
      " git update-ref refs/heads/main $(git hash-object -t commit -w ../forged)");
  EXPECT_EQ(signer({ssh("fred")}), "SignatureRefused: has a wrong signature");
}

TEST_F(Signatures, A_signature_made_for_something_else_than_git_is_refused) {
  const std::string bytes = "bytes";
  std::ofstream(file("bytes")) << bytes;
  shell("ssh-keygen -q -Y sign -n file -f " + file("fred") + " " + file("bytes") + " 2>/dev/null");
  const Duration deadline = SystemClock().monotonic() + std::chrono::seconds(60);
  EXPECT_EQ(
      verify_signature({ssh("fred")}, content(file("bytes.sig")), bytes, deadline).error().reason,
      kGitNotSigned);
  shell("rm " + file("bytes.sig") + "; ssh-keygen -q -Y sign -n git -f " + file("fred") + " " +
        file("bytes") + " 2>/dev/null");
  EXPECT_EQ(*verify_signature({ssh("fred")}, content(file("bytes.sig")), bytes, deadline), "fred");
}

TEST_F(Signatures, An_OpenPGP_signature_counts_by_its_key) {
  const auto gina = make_pgp("gina", "never"), mallory = make_pgp("mallory", "never");
  commit_pgp("gina");
  EXPECT_EQ(signer({ssh("fred"), gina}), "gina");
  EXPECT_EQ(signer({mallory}), "SignatureRefused: is signed by nobody whose signature counts");
  EXPECT_EQ(signer({ssh("fred")}),
            "SignatureRefused: is signed with OpenPGP, and no OpenPGP key is accepted");
  repository.run(
      "git cat-file commit HEAD | sed 's/^signed$/forged/' > ../forged;"
      " git update-ref refs/heads/main $(git hash-object -t commit -w ../forged)");
  EXPECT_EQ(signer({gina}), "SignatureRefused: has a wrong signature");
}

TEST_F(Signatures, A_key_that_has_expired_does_not_count) {
  auto old = make_pgp("old", "never");
  commit_pgp("old");
  EXPECT_EQ(signer({old}), "old");
  // Made long ago, for a day.
  shell(gpg_home() +
        " gpg --batch --quiet --faked-system-time 20200101T000000 --passphrase '' --quick-gen-key"
        " 'past <past@x>' ed25519 sign 1d 2>/dev/null");
  const GitSigner past{"past", shell(gpg_home() + " gpg --batch --armor --export past@x")};
  std::ofstream(file("gpg-then"))
      << "#!/bin/sh\nexec gpg --faked-system-time 20200101T010000 \"$@\"\n";
  shell("chmod +x " + file("gpg-then"));
  repository.run("git config gpg.program " + file("gpg-then"));
  commit_pgp("past");
  EXPECT_EQ(signer({past}),
            "SignatureRefused: is signed by a key, or with a signature, that has expired");
}

TEST_F(Signatures, What_is_no_key_is_refused_before_anything_is_asked) {
  for (const char* key : {"", "hello", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 \nAAAA",
                          "-----BEGIN PRIVATE KEY-----"})
    EXPECT_FALSE(check_signers({{"x", key}})) << key;
  EXPECT_TRUE(check_signers({ssh("fred")}));
}

}  // namespace
}  // namespace charter
