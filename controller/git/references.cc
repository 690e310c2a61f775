#include "controller/git/references.h"

#include "controller/git/limits.h"
#include "controller/git/semver.h"

#include <algorithm>
#include <map>

namespace charter {
namespace {

constexpr std::string_view kTags = "refs/tags/";
constexpr std::string_view kPeeled = "^{}";

Error invalid(const std::string& message) {
  return Error{Code::Invalid, message, kGitInvalid};
}

Error not_found(const std::string& message) {
  return Error{Code::NotFound, message, kGitReferenceNotFound};
}

// The rules of git-check-ref-format, without its wildcards.
bool is_reference_name(const std::string& name) {
  if (name.empty() || name.size() > limits::kGitNameBytesMax || name == "@") return false;
  if (name.front() == '/' || name.front() == '-' || name.back() == '/' || name.back() == '.')
    return false;
  for (const unsigned char c : name)
    if (c <= ' ' || c == 0x7f ||
        std::string_view("~^:?*[\\").find(static_cast<char>(c)) != std::string_view::npos)
      return false;
  for (const std::string_view part : {"..", "//", "@{", "/.", ".lock/"})
    if (name.find(part) != std::string::npos) return false;
  return name.front() != '.' && !name.ends_with(".lock");
}

/// Names of references and the commits they lead to.
std::map<std::string, std::string> peeled(const std::vector<RemoteHead>& heads) {
  std::map<std::string, std::string> commits;
  for (const auto& head : heads)
    if (!head.name.ends_with(kPeeled)) commits[head.name] = head.id;
  for (const auto& head : heads) {
    if (!head.name.ends_with(kPeeled)) continue;
    const auto found = commits.find(head.name.substr(0, head.name.size() - kPeeled.size()));
    if (found != commits.end()) found->second = head.id;
  }
  return commits;
}

Result<ChosenReference> choose_highest(const std::map<std::string, std::string>& commits,
                                       const std::string& text) {
  CHARTER_TRY_ASSIGN(const SemverRange range, SemverRange::parse(text));
  std::optional<Semver> best;
  ChosenReference chosen;
  // In order of name, so that of two tags for one version it is always the same.
  for (const auto& [name, commit] : commits) {
    if (!name.starts_with(kTags)) continue;
    const auto version = Semver::parse(std::string_view(name).substr(kTags.size()));
    if (!version || !range.contains(*version)) continue;
    if (best && Semver::compare(*version, *best) < 0) continue;
    best = version;
    chosen = {name, commit};
  }
  if (!best) return not_found("no tag is a version within " + text);
  return chosen;
}

}  // namespace

bool is_commit_id(const std::string& text) {
  return text.size() == 40 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Status check_reference(const GitReference& want) {
  const int set =
      !want.branch.empty() + !want.tag.empty() + !want.semver.empty() + !want.commit.empty();
  if (set > 1) return invalid("ref: only one of branch, tag, semver and commit may be given");
  if (!want.branch.empty() && !is_reference_name(want.branch))
    return invalid("ref.branch: not a name of a branch");
  if (!want.tag.empty() && !is_reference_name(want.tag))
    return invalid("ref.tag: not a name of a tag");
  if (!want.commit.empty() && !is_commit_id(want.commit))
    return invalid("ref.commit: expected 40 hexadecimal digits in lower case");
  if (!want.semver.empty()) CHARTER_TRY(SemverRange::parse(want.semver));
  return {};
}

Result<ChosenReference> choose_reference(const std::vector<RemoteHead>& heads,
                                         const GitReference& want) {
  if (heads.empty()) return not_found("the repository is empty: it has no commit yet");
  const auto commits = peeled(heads);
  if (!want.commit.empty()) {
    // One that is the tip of something is fetched by that name, which every server allows.
    for (const auto& [name, commit] : commits)
      if (commit == want.commit && name != "HEAD" && is_reference_name(name))
        return ChosenReference{name, commit};
    return ChosenReference{"", want.commit};
  }
  if (!want.semver.empty()) return choose_highest(commits, want.semver);
  std::string name = "HEAD";
  if (!want.branch.empty()) name = "refs/heads/" + want.branch;
  if (!want.tag.empty()) name = std::string(kTags) + want.tag;
  const auto found = commits.find(name);
  if (found != commits.end()) return ChosenReference{name, found->second};
  if (!want.branch.empty()) return not_found("there is no branch " + want.branch);
  if (!want.tag.empty()) return not_found("there is no tag " + want.tag);
  return not_found("the remote's HEAD names no branch that exists: name one");
}

}  // namespace charter
