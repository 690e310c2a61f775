#include "reconcilers/git_source/admit.h"

#include "controller/base/limits.h"
#include "controller/git/limits.h"
#include "controller/object/causes.h"
#include "crds/types/git_source.h"
#include "reconcilers/common/findings.h"
#include "reconcilers/git_source/limits.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::git_source {
namespace {

bool has_password(const std::string& url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string::npos) return false;
  const std::string authority = url.substr(scheme + 3, url.find('/', scheme + 3) - scheme - 3);
  const size_t user_end = authority.find('@');
  if (user_end == std::string::npos) return false;
  // Over ssh a name alone is part of the address; over https it is half a credential.
  return url.starts_with("https") || authority.substr(0, user_end).find(':') != std::string::npos;
}

void check_url(const std::string& url, std::vector<Cause>& causes) {
  const bool schemed =
      url.starts_with("https://") || url.starts_with("ssh://") || url.starts_with("file:///");
  const size_t colon = url.find(':');
  const bool short_ssh = url.find("://") == std::string::npos && colon != std::string::npos &&
                         url.find('@') < colon && url.find('/') > colon;
  if (has_password(url)) {
    // The value is a secret: it is not repeated.
    causes.push_back(forbidden_cause(
        "spec.url", "credentials belong into the Secret that spec.secretRef names"));
  } else if (!schemed && !short_ssh) {
    causes.push_back(invalid_cause(
        "spec.url", url,
        "must be https://host/path, ssh://user@host/path, user@host:path or file:///path"));
  }
}

void check_path(const std::string& path, std::vector<Cause>& causes) {
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..")
      return causes.push_back(invalid_cause(
          "spec.path", path, "must be names with '/' between them, without . and .."));
    begin = end + 1;
  }
}

void check_reference(const GitSource::Reference& reference, std::vector<Cause>& causes) {
  const int stated = !reference.branch.empty() + !reference.tag.empty() +
                     !reference.semver.empty() + !reference.commit.empty();
  if (stated > 1)
    causes.push_back(forbidden_cause("spec.ref", "state one of branch, tag, semver and commit"));
}

void check_length(const char* field, Duration length, Duration least, Duration most,
                  std::vector<Cause>& causes) {
  if (length >= least && length <= most) return;
  causes.push_back(
      invalid_cause(field, duration_text(length),
                    "must be between " + duration_text(least) + " and " + duration_text(most)));
}

}  // namespace

Status admit(const AdmitRequest& request, const View&) {
  if (request.object == nullptr) return {};
  CHARTER_TRY_ASSIGN(const GitSource source, read_git_source(*request.object));
  if (!source.meta.deleted.empty()) return {};
  std::vector<Cause> causes;
  check_url(source.spec.url, causes);
  check_path(source.spec.path, causes);
  check_reference(source.spec.reference, causes);
  check_length("spec.interval", source.spec.interval, kIntervalMin, std::chrono::hours(24), causes);
  check_length("spec.timeout", source.spec.timeout, std::chrono::seconds(1), limits::kGitTimeoutMax,
               causes);
  for (size_t i = 0; i < source.spec.depends_on.size(); ++i) {
    if (source.spec.depends_on[i].name == source.meta.name)
      causes.push_back(invalid_cause("spec.dependsOn[" + std::to_string(i) + "].name",
                                     source.meta.name, "must be another source"));
  }
  return verdict(std::move(causes));
}

}  // namespace charter::git_source
