#pragma once

#include "controller/base/result.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

// Reads manifests from Git repositories: which commit a reference names, and the manifests below a
// path of that commit. Nothing is ever checked out, no hook or filter of a repository runs, no
// configuration of this machine's Git is read.
//
// Errors say by `reason` (kGit… below) which kind of failure it is, and by `code` whether trying
// again can help. Messages name the address of the repository, never a credential or the remote's
// text.
namespace charter {

inline constexpr const char* kGitUnreachable = "Unreachable";  ///< no answer, or none in time
inline constexpr const char* kGitCredentialsRefused = "CredentialsRefused";
inline constexpr const char* kGitHostNotTrusted = "HostNotTrusted";  ///< certificate or host key
/// Also: an empty repository, which has no reference at all.
inline constexpr const char* kGitReferenceNotFound = "ReferenceNotFound";
inline constexpr const char* kGitTooLarge = "TooLarge";        ///< history, tree, file: limits.h
inline constexpr const char* kGitHostileTree = "TreeRefused";  ///< names, links, modes not taken
inline constexpr const char* kGitNotSigned =
    "SignatureRefused";                                       ///< missing, wrong, somebody else's
inline constexpr const char* kGitInvalid = "RequestInvalid";  ///< url, reference, path, keys
/// Rewritten between resolve() and read(): resolve anew.
inline constexpr const char* kGitCommitGone = "CommitGone";
inline constexpr const char* kGitFailed =
    "ReadFailed";  ///< the cache's disk, or a broken repository

/// Which commit is meant. At most one member is set; none: the branch that the remote's HEAD names.
struct GitReference {
  std::string branch;  ///< "main"; one that was force-pushed is followed
  std::string tag;     ///< "v1.2.0"; one that was moved is followed
  std::string semver;  ///< the highest tag in this range (semver.h)
  std::string commit;  ///< 40 hexadecimal digits
  bool operator==(const GitReference&) const = default;
};

/// Who asks, and whom he trusts. Secret: for the remote only, never for a message or the cache.
struct GitCredentials {
  std::string username;     ///< https; empty with a password: "git"
  std::string password;     ///< https; a token is a password
  std::string private_key;  ///< ssh: OpenSSH or PEM form, without a passphrase
  std::string known_hosts;  ///< ssh: lines of a known_hosts file; required
  std::string ca_bundle;    ///< https: PEM, in place of the system's certificates
};

/// Whose signature counts.
struct GitSigner {
  std::string name;        ///< told in GitCommit::signer
  std::string public_key;  ///< an armored OpenPGP block, or "ssh-ed25519 AAAA…"
};

/// What is read. `url`: https://host/path, ssh://user@host[:port]/path, user@host:path,
/// file:///path.
struct GitRequest {
  std::string url;
  GitReference reference;
  std::string path;  ///< a directory, or one file; "" is the root; '/' between names
  GitCredentials credentials;
  std::chrono::seconds timeout{60};  ///< of one call
  std::vector<GitSigner> signers;    ///< not empty: the commit must be signed by one of them
};

/// A commit, as people speak of it.
struct GitCommit {
  std::string id;
  std::string author;   ///< name only, bounded
  std::string message;  ///< first line, bounded
  int64_t time_s = 0;   ///< of the commit, seconds since 1970, as its maker says
  std::string signer;   ///< who of GitRequest::signers signed it
  bool operator==(const GitCommit&) const = default;
};

/// A *.yaml, *.yml or *.json, or a file called Kustomization. UTF-8.
struct GitFile {
  std::string path;  ///< below the request's path; of a path that is a file: its name
  std::string text;
  bool operator==(const GitFile&) const = default;
};

/// The manifests of a commit, also of directories below the path, sorted by path. Names that begin
/// with a dot are left out. Who applies them goes through manifests_of (kustomization.h).
struct GitTree {
  GitCommit commit;
  std::vector<GitFile> files;
  bool path_exists = true;  ///< false: the commit has nothing at the path
};

/// Reads repositories. Thread-safe; calls for one address wait for each other. Each call blocks for
/// at most the request's timeout and a little more (a name lookup, a write to the disk).
class GitReader {
 public:
  virtual ~GitReader() = default;
  /// The commit that the reference names now. Always asks the remote, also for a commit, so that
  /// credentials are checked; no objects are fetched.
  virtual Result<std::string> resolve(const GitRequest& request) = 0;
  /// The manifests of a commit that resolve() named for the same request; MUST NOT be asked for
  /// another one, because what the cache has is read without asking the remote.
  virtual Result<GitTree> read(const GitRequest& request, const std::string& commit) = 0;
};

/// Reads with libgit2; keeps bare clones below `cache_directory`, which is made, is its own, and
/// may be deleted while no process uses it.
std::unique_ptr<GitReader> make_git_reader(std::filesystem::path cache_directory);

}  // namespace charter
