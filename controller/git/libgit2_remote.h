#pragma once

#include "controller/git/references.h"
#include "controller/git/wire.h"

#include <git2.h>

#include <memory>
#include <string>
#include <vector>

// One conversation with a remote, through libgit2.
namespace charter {

/// Frees what libgit2 made.
struct GitFree {
  void operator()(git_remote* remote) const { git_remote_free(remote); }
  void operator()(git_repository* repository) const { git_repository_free(repository); }
  void operator()(git_odb* database) const { git_odb_free(database); }
  void operator()(git_odb_object* object) const { git_odb_object_free(object); }
  void operator()(git_commit* commit) const { git_commit_free(commit); }
  void operator()(git_reference* reference) const { git_reference_free(reference); }
};
template <class T>
using GitOwned = std::unique_ptr<T, GitFree>;

/// Starts libgit2 once for the process, without anything that this machine's Git is configured to.
/// Errors (InternalError).
Status start_libgit2();

/// A connected remote. Must go before its wire does.
class GitRemote {
 public:
  /// Connects; with a repository to fetch into, or null to list only. Errors: see git_reader.h.
  static Result<std::unique_ptr<GitRemote>> connect(Wire& wire, git_repository* into);

  /// What it tells of its references.
  Result<std::vector<RemoteHead>> heads();
  /// Fetches the history of `chosen` (of heads()); afterwards `chosen.commit` may still not be
  /// there, if the remote moved on. Errors also: the remote does not give a commit that is no tip.
  Status fetch(const ChosenReference& chosen);

 private:
  explicit GitRemote(Wire& wire) : wire_(wire) {}
  git_remote_callbacks callbacks();
  Status download(std::vector<std::string> references);
  Status download_all();

  Wire& wire_;
  bool asked_ = false;  ///< for credentials
  GitOwned<git_remote> remote_;

  friend int acquire_credentials(git_credential**, const char*, const char*, unsigned, void*);
  friend int on_progress(const git_indexer_progress*, void*);
};

}  // namespace charter
