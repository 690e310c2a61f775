#pragma once

#include "controller/git/git_reader.h"

#include <string>
#include <vector>

// Which of a remote's references is meant. Pure.
namespace charter {

/// One line of what a remote tells: "refs/heads/main" and the object it names. For a tag that is an
/// object of its own there is a second line, "refs/tags/v1^{}", with the commit.
struct RemoteHead {
  std::string name;
  std::string id;  ///< 40 hexadecimal digits
};

/// What a GitReference stands for on this remote.
struct ChosenReference {
  std::string name;    ///< in full, e.g. "refs/tags/v1.2.0", "HEAD"; empty for a commit
  std::string commit;  ///< 40 hexadecimal digits
};

/// Errors (Invalid): more than one is set, or a name that Git does not have.
Status check_reference(const GitReference& want);

/// Errors: NotFound (kGitReferenceNotFound), with the reason: the repository is empty, has no such
/// branch or tag, or no tag within the range. `want` has passed check_reference.
Result<ChosenReference> choose_reference(const std::vector<RemoteHead>& heads,
                                         const GitReference& want);

/// True for 40 hexadecimal digits in lower case.
bool is_commit_id(const std::string& text);

}  // namespace charter
