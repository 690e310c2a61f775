#pragma once

#include "crds/types/git_source.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What a call that tells of a push means for a source. Pure. The first line that holds decides:
//
//   larger than kPushBytesMax                       TooLarge    413
//   no source, no receiver, suspended, no usable    Refused     401, all alike
//   token, or not what its type signs with it
//   a form instead of JSON                          Unreadable  415, with what to set at the host
//   another event than a push (ping, issues …)      Ignored     200
//   not JSON, no reference                          Unreadable  400
//   a reference that the source does not follow     Elsewhere   200
//   else                                            Accepted    200: it is looked at now
//
//   GitHub   X-Hub-Signature-256: sha256=HEX of the body's HMAC-SHA256
//   Gitea    X-Forgejo-Signature, X-Gitea-Signature (HEX) or X-Hub-Signature-256, the first of them
//   GitLab   X-Gitlab-Token: the token itself; with a token that begins with whsec_ instead
//            webhook-signature: v1,BASE64 … of the HMAC-SHA256 of
//            "webhook-id.webhook-timestamp.body"
//
// Of the payload nothing is believed but the reference, and it only decides whether to look.
namespace charter::git_source {

/// Names in lower case.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// What became of a call.
enum class PushOutcome { Accepted, Elsewhere, Ignored, Unreadable, TooLarge, Refused };
/// Its word in metrics: "accepted", "elsewhere" …
std::string_view word_of(PushOutcome outcome);

/// The verdict; `told` is the answer, or why there is none.
struct PushVerdict {
  PushOutcome outcome;
  Result<std::string> told;
};

/// The key that `token` stands for. Errors: Invalid, saying without the token why it cannot be
/// used.
Result<std::string> push_key(PushSender type, std::string_view token);

/// The table above. `source` null: there is none; `token` is the value of its Secret, empty when
/// there is none. Takes the same time for a call that is refused, whyever it is.
PushVerdict judge_push(const GitSource* source, std::string_view token, const Headers& headers,
                       std::string_view body);

/// Whether what a push changed may change what the source applies.
bool follows(const GitSource::Reference& reference, std::string_view pushed);

}  // namespace charter::git_source
