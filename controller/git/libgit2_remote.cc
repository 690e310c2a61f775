#include "controller/git/libgit2_remote.h"

#include "controller/base/log.h"
#include "controller/git/libgit2_ssh.h"
#include "controller/git/limits.h"
#include "controller/git/tls_stream.h"

namespace charter {
namespace {

// A commit that is the tip of nothing is looked for in the history of all tips, if these are few.
constexpr size_t kTipsMax = 2000;

std::string last_words() {
  const git_error* const error = git_error_last();
  return error == nullptr || error->message == nullptr ? std::string() : error->message;
}

/// What a failed call to a remote means. libgit2's own words go to the log.
Error explain(Wire& wire, int code) {
  const git_error* const last = git_error_last();
  const int kind = last == nullptr ? 0 : last->klass;
  const std::string words = last_words();
  const std::string at = wire.url().text() + ": ";
  const auto says = [&words](const char* part) { return words.find(part) != std::string::npos; };
  log_debug("git", "a remote failed",
            {{"url", wire.url().text()}, {"code", std::to_string(code)}, {"said", words}});
  if (wire.error()) return *wire.error();
  const bool file = wire.url().scheme == GitUrl::Scheme::File;
  if (code == GIT_EAUTH || says("status code: 401") || says("status code: 403"))
    return {Code::Unauthorized, at + "the credentials are refused", kGitCredentialsRefused};
  if (code == GIT_EOWNER || says("not owned by"))
    return {Code::Forbidden, at + "belongs to another user of this machine",
            kGitCredentialsRefused};
  if (says("status code: 404") || says("status code: 410") || (file && kind != GIT_ERROR_NOMEMORY))
    return {Code::NotFound, at + "there is no such repository", kGitReferenceNotFound};
  if (says("too many objects"))
    return {Code::RequestEntityTooLarge,
            at + "has more than " + std::to_string(limits::kGitObjectsMax) + " objects",
            kGitTooLarge};
  if (kind == GIT_ERROR_NET || kind == GIT_ERROR_HTTP || kind == GIT_ERROR_SSH)
    return {Code::ServiceUnavailable, at + "does not answer as a Git server does", kGitUnreachable};
  return {Code::InternalError, at + "what it sent could not be stored", kGitFailed};
}

Error credentials_needed(const Wire& wire, bool given) {
  return {Code::Unauthorized,
          wire.url().text() + (given ? ": the credentials are refused"
                                     : ": asks for credentials, and there are none"),
          kGitCredentialsRefused};
}

Status begin() {
  if (git_libgit2_init() < 0) return Error{Code::InternalError, "libgit2 cannot be started"};
  int failed = 0;
  for (const int level : {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
                          GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL})
    failed |= git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
  failed |= git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, limits::kGitObjectsMax);
  failed |= git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, static_cast<ssize_t>(16 << 20));
  failed |= git_libgit2_opts(GIT_OPT_SET_USER_AGENT, "charter");
  failed |= register_tls_stream();
  if (failed != 0) return Error{Code::InternalError, "libgit2 does not take its settings"};
  return {};
}

Status check_credentials(const GitUrl& url, const GitCredentials& credentials) {
  if (url.scheme != GitUrl::Scheme::Ssh) return {};
  if (credentials.private_key.empty())
    return Error{Code::Unauthorized, url.text() + ": ssh needs a private key, and there is none",
                 kGitCredentialsRefused};
  if (credentials.known_hosts.empty())
    return Error{Code::Forbidden,
                 url.text() +
                     ": ssh needs known_hosts, and there are none; without them anybody "
                     "could answer for the host",
                 kGitHostNotTrusted};
  return {};
}

}  // namespace

Status start_libgit2() {
  static const Status started = begin();
  if (!started) return Error(started.error());
  return {};
}

int acquire_credentials(git_credential** made, const char*, const char*, unsigned allowed,
                        void* payload) {
  GitRemote& remote = *static_cast<GitRemote*>(payload);
  const GitCredentials& own = remote.wire_.credentials();
  const bool given = !own.password.empty();
  if (!given || remote.asked_ || (allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) == 0) {
    remote.wire_.fail(credentials_needed(remote.wire_, given));
    return GIT_EAUTH;
  }
  remote.asked_ = true;
  const std::string user = own.username.empty() ? "git" : own.username;
  return git_credential_userpass_plaintext_new(made, user.c_str(), own.password.c_str());
}

int on_progress(const git_indexer_progress*, void* payload) {
  return static_cast<GitRemote*>(payload)->wire_.in_time() ? 0 : GIT_EUSER;
}

git_remote_callbacks GitRemote::callbacks() {
  git_remote_callbacks callbacks = GIT_REMOTE_CALLBACKS_INIT;
  callbacks.payload = this;
  callbacks.credentials = acquire_credentials;
  callbacks.transfer_progress = on_progress;
  if (wire_.url().scheme == GitUrl::Scheme::Ssh) callbacks.transport = make_ssh_transport;
  return callbacks;
}

Result<std::unique_ptr<GitRemote>> GitRemote::connect(Wire& wire, git_repository* into) {
  CHARTER_TRY(start_libgit2());
  CHARTER_TRY(check_credentials(wire.url(), wire.credentials()));
  auto made = std::unique_ptr<GitRemote>(new GitRemote(wire));
  git_remote* remote = nullptr;
  const std::string url = wire.url().text();
  git_remote_create_options options = GIT_REMOTE_CREATE_OPTIONS_INIT;
  options.repository = into;
  // Rules that rewrite addresses are this machine's own; looking for them leaks memory in 1.5.
  options.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC;
  int code = git_remote_create_with_opts(&remote, url.c_str(), &options);
  made->remote_.reset(remote);
  if (code == 0) {
    const git_remote_callbacks callbacks = made->callbacks();
    code = git_remote_connect(remote, GIT_DIRECTION_FETCH, &callbacks, nullptr, nullptr);
  }
  if (code < 0) return explain(wire, code);
  return made;
}

Result<std::vector<RemoteHead>> GitRemote::heads() {
  const git_remote_head** list = nullptr;
  size_t count = 0;
  const int code = git_remote_ls(&list, &count, remote_.get());
  if (code < 0) return explain(wire_, code);
  if (count > limits::kGitReferencesMax)
    return Error{Code::RequestEntityTooLarge,
                 wire_.url().text() + ": has more than " +
                     std::to_string(limits::kGitReferencesMax) + " references",
                 kGitTooLarge};
  std::vector<RemoteHead> heads;
  heads.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    char id[GIT_OID_HEXSZ + 1];
    heads.push_back({list[i]->name, git_oid_tostr(id, sizeof id, &list[i]->oid)});
  }
  return heads;
}

Status GitRemote::download(std::vector<std::string> references) {
  std::vector<char*> words;
  for (auto& reference : references)
    words.push_back(reference.data());
  const git_strarray list{words.data(), words.size()};
  git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
  options.callbacks = callbacks();
  options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
  const int code = git_remote_download(remote_.get(), &list, &options);
  if (code < 0) return explain(wire_, code);
  return {};
}

Status GitRemote::download_all() {
  CHARTER_TRY_ASSIGN(const auto known, heads());
  std::vector<std::string> names;
  for (const auto& head : known) {
    const bool tip = head.name.starts_with("refs/heads/") || head.name.starts_with("refs/tags/");
    if (tip && !head.name.ends_with("^{}") && head.name.find_first_of(":*+") == std::string::npos)
      names.push_back(head.name);
  }
  if (names.size() > kTipsMax)
    return Error{Code::RequestEntityTooLarge,
                 wire_.url().text() +
                     ": gives only commits that are the tip of a branch or a tag, and has too many "
                     "of these to search; name a tag instead of a commit",
                 kGitTooLarge};
  return download(std::move(names));
}

Status GitRemote::fetch(const ChosenReference& chosen) {
  if (!chosen.name.empty()) return download({chosen.name});
  const auto alone = download({chosen.commit});
  // By the library's own words: its code is the one for everything.
  if (alone || last_words().find("cannot fetch a specific object") == std::string::npos)
    return alone;
  return download_all();
}

}  // namespace charter
