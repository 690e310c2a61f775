#include "controller/cli/git_manifests.h"

#include "controller/base/limits.h"
#include "controller/git/git_reader.h"
#include "controller/git/git_url.h"
#include "controller/git/kustomization.h"
#include "controller/git/references.h"
#include "controller/base/scratch_folder.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>

namespace charter {
namespace {

constexpr std::chrono::seconds kTimeout{120};  // a pipeline waits longer than a reconciler does

const std::vector<CommandFlag>& git_flags() {
  static const std::vector<CommandFlag> flags = {
      {.name = "git",
       .help = "Instead of -f: repository to read from, https://…, ssh://…, user@host:path or "
               "file:///…"},
      {.name = "ref",
       .help = "With --git: branch, refs/tags/NAME, or the 40 digits of a commit; default: the "
               "remote's HEAD"},
      {.name = "path", .help = "With --git: directory in the repository; default: its root"},
      {.name = "git-username", .help = "With --git-token-file; default: git"},
      {.name = "git-token-file", .help = "File with the token or password for https"},
      {.name = "git-ca-file",
       .help = "PEM of the authorities to trust for https, in place of the system's"},
      {.name = "git-ssh-key", .help = "File with the private key for ssh, without a passphrase"},
      {.name = "git-known-hosts",
       .help = "File with the keys of hosts that are trusted for ssh; needed for ssh"}};
  return flags;
}

Result<std::string> text_of_file(const CommandInput& input, const std::string& flag) {
  const std::string& path = input.flag(flag);
  if (path.empty()) return std::string();
  std::ifstream in(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in && text.empty())
    return Error{Code::NotFound, "--" + flag + ": " + path + ": cannot read this file"};
  return text;
}

// Editors and echo end a file with a line feed that is no part of a token.
std::string without_line_feed(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r'))
    text.pop_back();
  return text;
}

GitReference reference_of(const std::string& text) {
  constexpr std::string_view kHeads = "refs/heads/", kTags = "refs/tags/";
  GitReference reference;
  if (is_commit_id(text)) {
    reference.commit = text;
  } else if (text.starts_with(kTags)) {
    reference.tag = text.substr(kTags.size());
  } else {
    reference.branch = text.starts_with(kHeads) ? text.substr(kHeads.size()) : text;
  }
  return reference;
}

Result<GitRequest> request_of(const CommandInput& input) {
  GitRequest request;
  request.url = input.flag("git");
  request.path = input.flag("path");
  request.timeout = kTimeout;
  request.reference = reference_of(input.flag("ref"));
  GitCredentials& own = request.credentials;
  own.username = input.flag("git-username");
  CHARTER_TRY_ASSIGN(own.password, text_of_file(input, "git-token-file"));
  own.password = without_line_feed(std::move(own.password));
  CHARTER_TRY_ASSIGN(own.ca_bundle, text_of_file(input, "git-ca-file"));
  CHARTER_TRY_ASSIGN(own.private_key, text_of_file(input, "git-ssh-key"));
  CHARTER_TRY_ASSIGN(own.known_hosts, text_of_file(input, "git-known-hosts"));
  return request;
}

Result<std::vector<Manifest>> documents_of(const GitTree& tree) {
  CHARTER_TRY_ASSIGN(const auto files, manifests_of(tree));
  std::vector<Manifest> manifests;
  for (const auto& file : files) {
    CHARTER_TRY_ASSIGN(auto more, parse_manifests(file.path, file.text));
    std::move(more.begin(), more.end(), std::back_inserter(manifests));
    if (manifests.size() > limits::kPlanFilesMax)
      return Error{Code::Invalid,
                   "more than " + std::to_string(limits::kPlanFilesMax) + " documents"};
  }
  return manifests;
}

}  // namespace

void add_git_flags(std::vector<CommandFlag>& flags) {
  flags.insert(flags.end(), git_flags().begin(), git_flags().end());
}

Status refuse_git_flags(const CommandInput& input) {
  for (const auto& flag : git_flags())
    if (!input.flag(flag.name).empty())
      return Error{Code::Invalid, "--" + flag.name + ": is for --git"};
  return {};
}

Result<GitManifests> read_git_manifests(const CommandInput& input) {
  CHARTER_TRY_ASSIGN(const GitRequest request, request_of(input));
  const ScratchFolder scratch{"git"};
  if (scratch.path().empty())
    return Error{Code::InsufficientStorage, "no directory can be made for a clone"};
  const auto reader = make_git_reader(scratch.path() / "clones");
  CHARTER_TRY_ASSIGN(const GitUrl url, parse_git_url(request.url));  // before it is shown
  std::fprintf(stderr, "charter plan: fetching %s\n", url.text().c_str());
  CHARTER_TRY_ASSIGN(const std::string commit, reader->resolve(request));
  CHARTER_TRY_ASSIGN(const GitTree tree, reader->read(request, commit));
  const std::string where =
      "commit " + commit + ", path " + (request.path.empty() ? "/" : request.path);
  if (!tree.path_exists) return Error{Code::NotFound, where + ": there is no such directory"};
  GitManifests read;
  CHARTER_TRY_ASSIGN(read.manifests, documents_of(tree));
  if (read.manifests.empty()) return Error{Code::NotFound, where + ": there is no manifest in it"};
  read.origin = {request.url,    request.path,       input.flag("ref"),
                 tree.commit.id, tree.commit.author, tree.commit.message};
  return read;
}

}  // namespace charter
