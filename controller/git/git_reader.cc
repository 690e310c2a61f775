#include "controller/git/git_reader.h"

#include "controller/git/clone_cache.h"
#include "controller/git/libgit2_clone.h"
#include "controller/git/limits.h"
#include "controller/git/signature.h"

#include <algorithm>

namespace charter {
namespace {

Status check(const GitRequest& request) {
  CHARTER_TRY(check_reference(request.reference));
  CHARTER_TRY(check_git_path(request.path));
  CHARTER_TRY(check_signers(request.signers));
  for (const auto* key : {&request.credentials.private_key, &request.credentials.password})
    if (key->size() > limits::kGitKeyBytesMax)
      return Error{Code::Invalid, "credentials: longer than any key", kGitInvalid};
  return {};
}

Error gone(const std::string& commit) {
  return Error{Code::Conflict,
               "commit " + commit + " is not there any more: its branch or tag was moved",
               kGitCommitGone};
}

/// The signer's name, or why the commit does not count.
Result<std::string> signer_of(const GitRequest& request, const GitClone& clone,
                              const std::string& commit, Duration deadline) {
  CHARTER_TRY_ASSIGN(const auto signature, clone.signature(commit));
  if (!signature)
    return Error{Code::Forbidden, "commit " + commit + " is not signed", kGitNotSigned};
  const Duration own = SystemClock().monotonic() + limits::kGitVerifyTimeout;
  auto name = verify_signature(request.signers, signature->signature, signature->signed_bytes,
                               std::min(deadline, own));
  if (!name && name.error().reason == kGitNotSigned)
    name.error().message = "commit " + commit + " " + name.error().message;
  return name;
}

Result<GitTree> tree_of(const GitRequest& request, GitClone& clone, const std::string& commit,
                        Duration deadline) {
  CHARTER_TRY_ASSIGN(auto stored, clone.commit(commit));
  if (!request.signers.empty()) {
    CHARTER_TRY_ASSIGN(stored.commit.signer, signer_of(request, clone, commit, deadline));
  }
  CHARTER_TRY_ASSIGN(auto walked, walk_tree(clone, stored.tree, request.path));
  return GitTree{std::move(stored.commit), std::move(walked.files), walked.path_exists};
}

/// What to fetch so that `commit` comes with it: the reference that names it, else the one that
/// named it a moment ago.
Result<ChosenReference> to_fetch(const std::vector<RemoteHead>& heads, const GitRequest& request,
                                 const std::string& commit) {
  if (request.reference.commit.empty()) {
    CHARTER_TRY_ASSIGN(auto now, choose_reference(heads, request.reference));
    if (now.commit == commit) return now;
  }
  GitReference same;
  same.commit = commit;
  CHARTER_TRY_ASSIGN(auto tip, choose_reference(heads, same));
  if (!tip.name.empty() || !request.reference.commit.empty()) return tip;
  return choose_reference(heads, request.reference);
}

Status fetch(Wire& wire, GitClone& clone, const GitRequest& request, const std::string& commit) {
  CHARTER_TRY_ASSIGN(const auto remote, GitRemote::connect(wire, clone.repository()));
  CHARTER_TRY_ASSIGN(const auto heads, remote->heads());
  CHARTER_TRY_ASSIGN(const auto chosen, to_fetch(heads, request, commit));
  CHARTER_TRY(remote->fetch(chosen));
  if (!clone.has(commit)) return gone(commit);
  return clone.keep(chosen.name.empty() ? commit : chosen.name, commit);
}

/// See git_reader.h.
class LibgitReader final : public GitReader {
 public:
  explicit LibgitReader(std::filesystem::path folder) : cache_(std::move(folder)) {}

  Result<std::string> resolve(const GitRequest& request) override {
    CHARTER_TRY(check(request));
    CHARTER_TRY_ASSIGN(const GitUrl url, parse_git_url(request.url));
    Wire wire(url, request.credentials, request.timeout);
    CHARTER_TRY_ASSIGN(const auto remote, GitRemote::connect(wire, nullptr));
    CHARTER_TRY_ASSIGN(const auto heads, remote->heads());
    auto chosen = choose_reference(heads, request.reference);
    if (!chosen) {
      chosen.error().message = url.text() + ": " + chosen.error().message;
      return Error(chosen.error());
    }
    return chosen->commit;
  }

  Result<GitTree> read(const GitRequest& request, const std::string& commit) override {
    CHARTER_TRY(check(request));
    CHARTER_TRY_ASSIGN(const GitUrl url, parse_git_url(request.url));
    if (!is_commit_id(commit)) return Error{Code::Invalid, "not the id of a commit", kGitInvalid};
    Wire wire(url, request.credentials, request.timeout);
    if (url.scheme == GitUrl::Scheme::File) {
      CHARTER_TRY_ASSIGN(const auto repository, GitClone::open(url));
      if (!repository->has(commit)) return gone(commit);
      return tree_of(request, *repository, commit, wire.deadline());
    }
    CHARTER_TRY_ASSIGN(const auto place, cache_.enter(url, wire));
    auto tree = read_clone(request, commit, wire, place->folder());
    if (tree || tree.error().reason != kGitFailed || !wire.in_time()) return tree;
    // The clone, not the remote: an earlier process was killed in it, or the disk lost something.
    place->clear();
    return read_clone(request, commit, wire, place->folder());
  }

 private:
  static Result<GitTree> read_clone(const GitRequest& request, const std::string& commit,
                                    Wire& wire, const std::filesystem::path& folder) {
    CHARTER_TRY_ASSIGN(const auto clone, GitClone::open_or_make(folder));
    if (!clone->has(commit)) CHARTER_TRY(fetch(wire, *clone, request, commit));
    return tree_of(request, *clone, commit, wire.deadline());
  }

  CloneCache cache_;
};

}  // namespace

std::unique_ptr<GitReader> make_git_reader(std::filesystem::path cache_directory) {
  return std::make_unique<LibgitReader>(std::move(cache_directory));
}

}  // namespace charter
