#include "controller/git/libgit2_clone.h"

#include "controller/git/limits.h"
#include "controller/object/digest.h"
#include "controller/object/utf8.h"

namespace charter {
namespace {

Error broken(const std::string& what) {
  return Error{Code::InternalError, what, kGitFailed};
}

/// The beginning of a text, without what a terminal or a log could be misled by.
std::string shown(const char* text) {
  std::string_view line = text == nullptr ? std::string_view() : text;
  line = line.substr(0, line.find('\n'));
  std::string made;
  for (size_t at = 0; at < line.size() && made.size() < limits::kGitShownBytesMax;) {
    const size_t length = utf8_length(line, at);
    const auto first = static_cast<unsigned char>(line[at]);
    if (length == 0 || first < ' ' || first == 0x7f) {
      made += '?';
      ++at;
    } else {
      made += line.substr(at, length);
      at += length;
    }
  }
  return made;
}

GitOwned<git_commit> find_commit(git_repository* repository, const std::string& id) {
  git_oid oid;
  git_commit* commit = nullptr;
  if (git_oid_fromstr(&oid, id.c_str()) != 0 || git_commit_lookup(&commit, repository, &oid) != 0)
    return nullptr;
  return GitOwned<git_commit>(commit);
}

}  // namespace

Result<std::unique_ptr<GitClone>> GitClone::of(git_repository* repository) {
  GitOwned<git_repository> owned(repository);
  git_odb* database = nullptr;
  if (git_repository_odb(&database, repository) != 0) return broken("the clone has no objects");
  return std::unique_ptr<GitClone>(new GitClone(std::move(owned), GitOwned<git_odb>(database)));
}

Result<std::unique_ptr<GitClone>> GitClone::open_or_make(const std::filesystem::path& folder) {
  CHARTER_TRY(start_libgit2());
  git_repository* repository = nullptr;
  if (git_repository_open_bare(&repository, folder.c_str()) == 0) return of(repository);
  git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
  options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKDIR |
                  GIT_REPOSITORY_INIT_MKPATH | GIT_REPOSITORY_INIT_NO_REINIT;
  options.mode = 0700;
  if (git_repository_init_ext(&repository, folder.c_str(), &options) != 0)
    return broken("no clone can be made in the cache of repositories");
  return of(repository);
}

Result<std::unique_ptr<GitClone>> GitClone::open(const GitUrl& url) {
  CHARTER_TRY(start_libgit2());
  git_repository* repository = nullptr;
  const int code = git_repository_open(&repository, url.path.c_str());
  if (code == GIT_EOWNER)
    return Error{Code::Forbidden, url.text() + ": belongs to another user of this machine",
                 kGitCredentialsRefused};
  if (code != 0)
    return Error{Code::NotFound, url.text() + ": there is no such repository",
                 kGitReferenceNotFound};
  return of(repository);
}

bool GitClone::has(const std::string& commit) const {
  git_oid oid;
  return git_oid_fromstr(&oid, commit.c_str()) == 0 && git_odb_exists(database_.get(), &oid) == 1;
}

Status GitClone::keep(const std::string& name, const std::string& commit) {
  git_oid oid;
  git_reference* made = nullptr;
  // By its digest: branches "a" and "a/b" never stand beside each other, but one may follow the
  // other.
  const std::string own = "refs/charter/" + sha1_hex(name);
  if (git_oid_fromstr(&oid, commit.c_str()) != 0 ||
      git_reference_create(&made, repository_.get(), own.c_str(), &oid, 1, nullptr) != 0)
    return broken("the clone's references cannot be written");
  git_reference_free(made);
  return {};
}

Result<StoredCommit> GitClone::commit(const std::string& id) const {
  git_oid oid;
  size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  const bool found = git_oid_fromstr(&oid, id.c_str()) == 0 &&
                     git_odb_read_header(&size, &type, database_.get(), &oid) == 0;
  if (!found || type != GIT_OBJECT_COMMIT)
    return Error{Code::NotFound, id + ": is no commit", kGitReferenceNotFound};
  if (size > limits::kGitCommitBytesMax)
    return Error{
        Code::RequestEntityTooLarge,
        id + ": a commit larger than " + std::to_string(limits::kGitCommitBytesMax) + " bytes",
        kGitTooLarge};
  const auto commit = find_commit(repository_.get(), id);
  if (!commit) return Error{Code::Invalid, id + ": not a commit object", kGitHostileTree};
  const git_oid* const tree = git_commit_tree_id(commit.get());
  StoredCommit stored;
  stored.commit = {.id = id,
                   .author = shown(git_commit_author(commit.get())->name),
                   .message = shown(git_commit_message(commit.get())),
                   .time_s = git_commit_time(commit.get()),
                   .signer = {}};
  stored.tree.assign(reinterpret_cast<const char*>(tree->id), sizeof tree->id);
  return stored;
}

Result<std::optional<CommitSignature>> GitClone::signature(const std::string& commit) const {
  git_oid oid;
  if (git_oid_fromstr(&oid, commit.c_str()) != 0) return broken(commit + ": is no commit");
  git_buf signature = GIT_BUF_INIT, bytes = GIT_BUF_INIT;
  const int code =
      git_commit_extract_signature(&signature, &bytes, repository_.get(), &oid, nullptr);
  std::optional<CommitSignature> found;
  if (code == 0) found = CommitSignature{{signature.ptr, signature.size}, {bytes.ptr, bytes.size}};
  git_buf_dispose(&signature);
  git_buf_dispose(&bytes);
  if (code != 0 && code != GIT_ENOTFOUND) return broken(commit + ": its signature cannot be read");
  return found;
}

Result<std::string> GitClone::object(Kind kind, const std::string& id, size_t bytes_max,
                                     const std::string& shown_at) {
  const std::string place = shown_at.empty() ? "/" : shown_at;
  git_oid oid;
  if (id.size() != sizeof oid.id ||
      git_oid_fromraw(&oid, reinterpret_cast<const unsigned char*>(id.data())) != 0)
    return broken(place + ": has no object");
  size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  if (git_odb_read_header(&size, &type, database_.get(), &oid) != 0)
    return broken(place + ": its object is missing in the repository");
  if (type != (kind == Kind::Tree ? GIT_OBJECT_TREE : GIT_OBJECT_BLOB))
    return Error{Code::Invalid, place + ": is not what its directory says", kGitHostileTree};
  if (size > bytes_max)
    return Error{
        Code::RequestEntityTooLarge,
        place + ": " + std::to_string(size) + " bytes, the limit is " + std::to_string(bytes_max),
        kGitTooLarge};
  git_odb_object* read = nullptr;
  if (git_odb_read(&read, database_.get(), &oid) != 0)
    return broken(place + ": its object is broken in the repository");
  const GitOwned<git_odb_object> owned(read);
  return std::string(static_cast<const char*>(git_odb_object_data(read)),
                     git_odb_object_size(read));
}

}  // namespace charter
