#pragma once

#include "controller/git/libgit2_remote.h"
#include "controller/git/tree_walk.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

// A repository on this machine, read through libgit2: a bare clone in the cache, or the one of a
// file:// address itself.
namespace charter {

/// A commit as it stands in the database.
struct StoredCommit {
  GitCommit commit;  ///< without signer
  std::string tree;  ///< 20 bytes
};

/// A signature and the bytes that were signed.
struct CommitSignature {
  std::string signature, signed_bytes;
};

/// One repository. One thread.
class GitClone final : public TreeObjects {
 public:
  /// Opens a clone, or makes an empty one. Errors (InternalError): the disk; broken ones too.
  static Result<std::unique_ptr<GitClone>> open_or_make(const std::filesystem::path& folder);
  /// Opens one that somebody else keeps, to read in place. Errors: NotFound; Forbidden for another
  /// user's.
  static Result<std::unique_ptr<GitClone>> open(const GitUrl& url);

  git_repository* repository() const { return repository_.get(); }
  bool has(const std::string& commit) const;
  /// Gives a name to what was fetched, so that later fetches begin from there.
  Status keep(const std::string& name, const std::string& commit);
  /// Errors: NotFound when it is no commit.
  Result<StoredCommit> commit(const std::string& id) const;
  /// Nothing: it is not signed.
  Result<std::optional<CommitSignature>> signature(const std::string& commit) const;

  Result<std::string> object(Kind kind, const std::string& id, size_t bytes_max,
                             const std::string& shown) override;

 private:
  GitClone(GitOwned<git_repository> repository, GitOwned<git_odb> database)
      : repository_(std::move(repository)), database_(std::move(database)) {}
  static Result<std::unique_ptr<GitClone>> of(git_repository* repository);

  GitOwned<git_repository> repository_;
  GitOwned<git_odb> database_;
};

}  // namespace charter
