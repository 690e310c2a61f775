#include "reconcilers/git_source/push.h"

#include "controller/base/base64.h"
#include "controller/object/hmac.h"
#include "controller/object/value.h"
#include "reconcilers/git_source/limits.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace charter::git_source {
namespace {

constexpr std::string_view kSigningPrefix = "whsec_";
constexpr std::string_view kBranches = "refs/heads/";
constexpr std::string_view kTags = "refs/tags/";
// Signs what is about no source, so that it takes as long. What it proves is refused even so.
constexpr std::string_view kNobodysKey = "no source has this key: 0123456789abcdef";

/// The header of that name, or nothing when there is none, or more than one: who stands between may
/// have judged the other one.
std::optional<std::string_view> single(const Headers& headers, std::string_view name) {
  std::optional<std::string_view> found;
  for (const auto& [key, value] : headers) {
    if (key != name) continue;
    if (found) return std::nullopt;
    found = value;
  }
  return found;
}

bool has(const Headers& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& header) { return header.first == name; });
}

/// What is signed: by Standard Webhooks with two headers before the body.
std::string signed_text(const Headers& headers, std::string_view body) {
  const auto id = single(headers, "webhook-id");
  const auto time = single(headers, "webhook-timestamp");
  std::string text;
  text.reserve(body.size() + (id ? id->size() : 0) + (time ? time->size() : 0) + 2);
  if (id && time) text.append(*id).append(".").append(*time).append(".");
  return text.append(body);
}

bool is_hex_of(const std::optional<std::string_view>& header, std::string_view prefix,
               const std::string& code) {
  return header && header->starts_with(prefix) &&
         equal_in_constant_time(header->substr(prefix.size()), hex_text(code));
}

bool is_signed_by_gitea(const Headers& headers, const std::string& code) {
  for (const char* name : {"x-forgejo-signature", "x-gitea-signature"}) {
    if (has(headers, name)) return is_hex_of(single(headers, name), "", code);
  }
  return is_hex_of(single(headers, "x-hub-signature-256"), "sha256=", code);
}

bool is_one_of(std::string_view signatures, const std::string& code) {
  const std::string wanted = "v1," + encode_base64(code);
  bool found = false;
  for (size_t count = 0; count < kPushSignaturesMax && !signatures.empty(); ++count) {
    const size_t end = std::min(signatures.find(' '), signatures.size());
    found |= equal_in_constant_time(signatures.substr(0, end), wanted);
    signatures.remove_prefix(std::min(end + 1, signatures.size()));
  }
  return found;
}

bool is_signed_by_gitlab(const Headers& headers, std::string_view token, const std::string& key,
                         const std::string& code) {
  if (token.starts_with(kSigningPrefix)) {
    const auto signatures = single(headers, "webhook-signature");
    return signatures && single(headers, "webhook-id") && single(headers, "webhook-timestamp") &&
           is_one_of(*signatures, code);
  }
  const auto sent = single(headers, "x-gitlab-token");
  // Digests, so that the time does not tell the length either.
  return sent && equal_in_constant_time(hmac_sha256(key, *sent), hmac_sha256(key, token));
}

bool is_proven(const GitSource* source, std::string_view token, const Headers& headers,
               std::string_view body) {
  const bool receives = source != nullptr && source->spec.receiver && !source->spec.suspend;
  const PushSender type = receives ? source->spec.receiver->type : PushSender::GitHub;
  const auto key = push_key(type, token);
  const bool usable = receives && key;
  const std::string used = usable ? *key : std::string(kNobodysKey);
  const std::string code = hmac_sha256(used, signed_text(headers, body));
  bool right = false;
  switch (type) {
    case PushSender::GitHub:
      right = is_hex_of(single(headers, "x-hub-signature-256"), "sha256=", code);
      break;
    case PushSender::Gitea:
      right = is_signed_by_gitea(headers, code);
      break;
    case PushSender::GitLab:
      right = is_signed_by_gitlab(headers, token, used, code);
      break;
  }
  return usable && right;
}

enum class Event { Push, NewOrGone, Other };

Event event_of(PushSender type, const Headers& headers) {
  if (type == PushSender::GitLab) {
    const auto event = single(headers, "x-gitlab-event");
    return event == "Push Hook" || event == "Tag Push Hook" ? Event::Push : Event::Other;
  }
  // Gitea and Forgejo send GitHub's header beside their own.
  const auto event = single(headers, "x-github-event");
  if (event == "push") return Event::Push;
  return event == "create" || event == "delete" ? Event::NewOrGone : Event::Other;
}

/// The full name of the reference that a payload is about; empty when it names none.
std::string reference_of(Event event, const Json& payload) {
  std::string name = text_at(payload, {"ref"});
  if (event == Event::NewOrGone && !name.starts_with("refs/"))
    name = std::string(text_at(payload, {"ref_type"}) == "tag" ? kTags : kBranches) + name;
  const bool full = name.starts_with("refs/") && name.size() <= kReferenceBytesMax;
  return full ? name : std::string();
}

PushVerdict unreadable(Code code, std::string why) {
  return {PushOutcome::Unreadable, Error{code, std::move(why)}};
}

PushVerdict judge_proven(const GitSource& source, const Headers& headers, std::string_view body) {
  const std::string_view media_type = single(headers, "content-type").value_or("");
  if (media_type.starts_with("application/x-www-form-urlencoded")) {
    return unreadable(Code::UnsupportedMediaType,
                      "the payload is a form: set the webhook's content type to application/json");
  }
  const Event event = event_of(source.spec.receiver->type, headers);
  if (event == Event::Other)
    return {PushOutcome::Ignored, std::string("this event is no push: nothing to do")};
  const auto payload = parse_json(body);
  // Without the parser's words, which may quote the payload.
  if (!payload || !payload->is_object())
    return unreadable(Code::BadRequest, "the payload is no JSON object");
  const std::string pushed = reference_of(event, *payload);
  if (pushed.empty())
    return unreadable(Code::BadRequest, "the payload names no reference: ref: Required value");
  if (!follows(source.spec.reference, pushed)) {
    return {PushOutcome::Elsewhere,
            std::string("the source does not follow this reference: nothing to do")};
  }
  return {PushOutcome::Accepted, std::string("the repository is looked at now")};
}

}  // namespace

std::string_view word_of(PushOutcome outcome) {
  constexpr std::string_view kWords[] = {"accepted",   "elsewhere", "ignored",
                                         "unreadable", "too_large", "refused"};
  return kWords[static_cast<size_t>(outcome)];
}

Result<std::string> push_key(PushSender type, std::string_view token) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto refuse = [](const std::string& why) {
    return Error{Code::Invalid, "its key token " + why, "InvalidCredentials"};
  };
  if (token.empty()) return refuse("is missing or empty");
  if (kSpace.find(token.front()) != std::string_view::npos ||
      kSpace.find(token.back()) != std::string_view::npos)
    return refuse("begins or ends with white space, which no host signs with");
  std::string key(token);
  if (type == PushSender::GitLab && token.starts_with(kSigningPrefix)) {
    auto decoded = decode_base64(token.substr(kSigningPrefix.size()));
    if (!decoded) return refuse("begins with whsec_ but does not go on in base64");
    key = std::move(*decoded);
  }
  if (key.size() < kPushTokenBytesMin) {
    return refuse("has " + std::to_string(key.size()) + " bytes, at least " +
                  std::to_string(kPushTokenBytesMin) + " are needed");
  }
  return key;
}

PushVerdict judge_push(const GitSource* source, std::string_view token, const Headers& headers,
                       std::string_view body) {
  if (body.size() > kPushBytesMax) {
    return {PushOutcome::TooLarge,
            Error{Code::RequestEntityTooLarge,
                  "the payload is larger than " + std::to_string(kPushBytesMax) +
                      " bytes: what was pushed is found at the next interval"}};
  }
  if (!is_proven(source, token, headers, body))
    return {PushOutcome::Refused, Error{Code::Unauthorized, "Unauthorized"}};
  return judge_proven(*source, headers, body);
}

bool follows(const GitSource::Reference& reference, std::string_view pushed) {
  const auto is = [&](std::string_view kind, const std::string& name) {
    return pushed.starts_with(kind) && pushed.substr(kind.size()) == name;
  };
  // A commit may come with any reference.
  if (!reference.commit.empty()) return true;
  if (!reference.branch.empty()) return is(kBranches, reference.branch);
  if (!reference.tag.empty()) return is(kTags, reference.tag);
  if (!reference.semver.empty()) return pushed.starts_with(kTags);
  // Which branch is the remote's HEAD is known to the remote only.
  return pushed.starts_with(kBranches);
}

}  // namespace charter::git_source
