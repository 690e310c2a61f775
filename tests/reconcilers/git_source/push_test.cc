#include "reconcilers/git_source/push.h"

#include "controller/base/base64.h"
#include "controller/object/hmac.h"
#include "reconcilers/git_source/limits.h"

#include <gtest/gtest.h>

namespace charter::git_source {
namespace {

const std::string kToken = "It's a Secret to Everybody";
const std::string kPush =
    R"({"ref":"refs/heads/main","repository":{"url":"https://elsewhere.example"}})";

GitSource source(PushSender type = PushSender::GitHub) {
  GitSource out;
  out.meta.name = "apps";
  out.spec.reference.branch = "main";
  out.spec.receiver = GitSource::Receiver{type, {"team", "push"}};
  return out;
}

std::string github_signature(const std::string& body, const std::string& key = kToken) {
  return "sha256=" + hex_text(hmac_sha256(key, body));
}

Headers github(const std::string& body, const std::string& event = "push") {
  return {{"content-type", "application/json"},
          {"x-github-event", event},
          {"x-hub-signature-256", github_signature(body)}};
}

Headers gitlab(const std::string& token, const std::string& event = "Push Hook") {
  return {
      {"content-type", "application/json"}, {"x-gitlab-event", event}, {"x-gitlab-token", token}};
}

/// Outcome, code of an error and text, in one line.
std::string told(const PushVerdict& verdict) {
  const std::string word(word_of(verdict.outcome));
  return word + ": " + (verdict.told ? *verdict.told : verdict.told.error().message);
}

std::string judged(const GitSource& one, const Headers& headers, const std::string& body = kPush,
                   const std::string& token = kToken) {
  return told(judge_push(&one, token, headers, body));
}

constexpr const char* kAccepted = "accepted: the repository is looked at now";
constexpr const char* kRefused = "refused: Unauthorized";
constexpr const char* kElsewhere =
    "elsewhere: the source does not follow this reference: nothing to do";
constexpr const char* kIgnored = "ignored: this event is no push: nothing to do";

// GitHub's published example.
TEST(GitSourcePush, GitHubsOwnExampleIsProvenAndItsBodyIsNoPayload) {
  const Headers headers = {
      {"content-type", "application/json"},
      {"x-github-event", "push"},
      {"x-hub-signature-256",
       "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}};
  EXPECT_EQ(judged(source(), headers, "Hello, World!"),
            "unreadable: the payload is no JSON object");
  EXPECT_EQ(judged(source(), headers, "Hello, World?"), kRefused);
}

TEST(GitSourcePush, APushOfWhatTheSourceFollowsIsAccepted) {
  EXPECT_EQ(judged(source(), github(kPush)), kAccepted);
  EXPECT_EQ(judged(source(PushSender::Gitea), github(kPush)), kAccepted);
  EXPECT_EQ(judged(source(PushSender::GitLab), gitlab(kToken)), kAccepted);
  EXPECT_EQ(judged(source(PushSender::GitLab), gitlab(kToken, "Tag Push Hook")), kAccepted);
}

TEST(GitSourcePush, OneChangedByteAnywhereIsRefused) {
  const Headers headers = github(kPush);
  for (size_t at = 0; at < kPush.size(); ++at) {
    std::string body = kPush;
    body[at] = static_cast<char>(body[at] ^ 1);
    ASSERT_EQ(judged(source(), headers, body), kRefused) << at;
  }
  const std::string& signature = headers.back().second;
  for (size_t at = 0; at < signature.size(); ++at) {
    Headers other = headers;
    other.back().second[at] = static_cast<char>(signature[at] ^ 1);
    ASSERT_EQ(judged(source(), other), kRefused) << at;
  }
  for (const std::string& cut : {std::string(), std::string("sha256="), signature + "0",
                                 signature.substr(0, signature.size() - 1)}) {
    Headers other = headers;
    other.back().second = cut;
    ASSERT_EQ(judged(source(), other), kRefused) << cut;
  }
}

TEST(GitSourcePush, WhatProvesNothingIsRefusedAlikeWhyeverItIs) {
  const auto refusal = [](const GitSource* one, const std::string& token, const Headers& headers) {
    const PushVerdict verdict = judge_push(one, token, headers, kPush);
    EXPECT_EQ(verdict.outcome, PushOutcome::Refused);
    EXPECT_FALSE(verdict.told);
    EXPECT_EQ(verdict.told.error().code, Code::Unauthorized);
    return verdict.told.error().message;
  };
  const GitSource good = source();
  GitSource without = source();
  without.spec.receiver.reset();
  GitSource suspended = source();
  suspended.spec.suspend = true;
  const std::string told = refusal(&good, kToken, {});
  EXPECT_EQ(refusal(nullptr, "", github(kPush)), told);
  EXPECT_EQ(refusal(nullptr, kToken, github(kPush)), told);
  EXPECT_EQ(refusal(&without, kToken, github(kPush)), told);
  EXPECT_EQ(refusal(&suspended, kToken, github(kPush)), told);
  EXPECT_EQ(refusal(&good, "", github(kPush)), told);
  EXPECT_EQ(refusal(&good, "another token of length", github(kPush)), told);
  EXPECT_EQ(refusal(&good, kToken, gitlab(kToken)), told);  // the token alone is no signature
}

// Whatever signs for nobody proves nothing, also if somebody reads our sources.
TEST(GitSourcePush, TheKeyThatStandsForNobodyProvesNothing) {
  Headers headers = github(kPush);
  headers.back().second = github_signature(kPush, "no source has this key: 0123456789abcdef");
  EXPECT_EQ(told(judge_push(nullptr, "", headers, kPush)), kRefused);
  EXPECT_EQ(judged(source(), headers, kPush, ""), kRefused);
}

TEST(GitSourcePush, TwoSignaturesOrTokensAreNone) {
  Headers twice = github(kPush);
  twice.push_back(twice.back());
  EXPECT_EQ(judged(source(), twice), kRefused);
  Headers tokens = gitlab(kToken);
  tokens.push_back(tokens.back());
  EXPECT_EQ(judged(source(PushSender::GitLab), tokens), kRefused);
  Headers events = github(kPush);
  events.emplace_back("x-github-event", "push");
  EXPECT_EQ(judged(source(), events), kIgnored);
}

TEST(GitSourcePush, OfGiteasSignaturesTheFirstDecidesAndABadOneIsNotMendedByAnother) {
  const std::string good = hex_text(hmac_sha256(kToken, kPush));
  const GitSource one = source(PushSender::Gitea);
  for (const char* name : {"x-forgejo-signature", "x-gitea-signature"}) {
    EXPECT_EQ(judged(one, {{"x-github-event", "push"}, {name, good}}), kAccepted) << name;
    Headers mixed = github(kPush);
    mixed.emplace_back(name, std::string(64, '0'));
    EXPECT_EQ(judged(one, mixed), kRefused) << name;
  }
}

TEST(GitSourcePush, GitLabsTokenIsComparedWholly) {
  const GitSource one = source(PushSender::GitLab);
  for (const std::string& wrong : {kToken + "x", kToken.substr(1), std::string(), kToken + " "})
    EXPECT_EQ(judged(one, gitlab(wrong)), kRefused) << wrong;
}

TEST(GitSourcePush, GitLabsSigningTokenSignsIdTimeAndBody) {
  const std::string key = "0123456789abcdef0123456789abcdef";
  const std::string token = "whsec_" + encode_base64(key);
  const std::string good = "v1," + encode_base64(hmac_sha256(key, "msg-1.1700000000." + kPush));
  const Headers headers = {{"x-gitlab-event", "Push Hook"},
                           {"webhook-id", "msg-1"},
                           {"webhook-timestamp", "1700000000"},
                           {"webhook-signature", good}};
  const GitSource one = source(PushSender::GitLab);
  EXPECT_EQ(judged(one, headers, kPush, token), kAccepted);
  Headers several = headers;
  several.back().second = "v1,AAAA " + good;
  EXPECT_EQ(judged(one, several, kPush, token), kAccepted);
  Headers later = headers;
  later[2].second = "1700000001";
  EXPECT_EQ(judged(one, later, kPush, token), kRefused);
  Headers without = headers;
  without.erase(without.begin() + 1);
  EXPECT_EQ(judged(one, without, kPush, token), kRefused);
  // What it is the key of must not be enough itself.
  EXPECT_EQ(judged(one, gitlab(token), kPush, token), kRefused);
}

TEST(GitSourcePush, TokensThatCanBeGuessedOrAreNoneAreRefusedByName) {
  const auto problem = [](PushSender type, const std::string& token) {
    const auto key = push_key(type, token);
    return key ? std::string() : key.error().message;
  };
  EXPECT_EQ(problem(PushSender::GitHub, kToken), "");
  EXPECT_EQ(problem(PushSender::GitHub, ""), "its key token is missing or empty");
  EXPECT_EQ(problem(PushSender::GitHub, "fifteen-bytes--"),
            "its key token has 15 bytes, at least 16 are needed");
  EXPECT_NE(problem(PushSender::GitHub, kToken + "\n").find("white space"), std::string::npos);
  EXPECT_NE(problem(PushSender::GitLab, "whsec_no!base64").find("base64"), std::string::npos);
  EXPECT_NE(problem(PushSender::GitLab, "whsec_AAAA").find("3 bytes"), std::string::npos);
  EXPECT_EQ(judged(source(),
                   {{"x-github-event", "push"},
                    {"x-hub-signature-256", github_signature(kPush, "short")}},
                   kPush, "short"),
            kRefused);
}

TEST(GitSourcePush, OtherEventsHaveNoEffectAndTagsThatComeOrGoAreLookedAt) {
  for (const char* event : {"ping", "issues", "", "pull_request"})
    EXPECT_EQ(judged(source(), github(kPush, event)), kIgnored) << event;
  EXPECT_EQ(judged(source(PushSender::GitLab), gitlab(kToken, "Note Hook")), kIgnored);
  GitSource tags = source();
  tags.spec.reference = {"", "", "^1.2", ""};
  const std::string made = R"({"ref":"v1.2.1","ref_type":"tag"})";
  EXPECT_EQ(judged(tags, github(made, "create"), made), kAccepted);
  EXPECT_EQ(judged(tags, github(made, "delete"), made), kAccepted);
  const std::string branch = R"({"ref":"v1.2.1","ref_type":"branch"})";
  EXPECT_EQ(judged(tags, github(branch, "create"), branch), kElsewhere);
}

TEST(GitSourcePush, AReferenceThatIsNotFollowedHasNoEffect) {
  using Reference = GitSource::Reference;
  const Reference branch{"main", "", "", ""}, tag{"", "v1", "", ""}, range{"", "", "^1", ""},
      commit{"", "", "", std::string(40, 'a')}, none;
  EXPECT_TRUE(follows(branch, "refs/heads/main"));
  EXPECT_FALSE(follows(branch, "refs/heads/mainly"));
  EXPECT_FALSE(follows(branch, "refs/heads/x/main"));
  EXPECT_FALSE(follows(branch, "refs/tags/main"));
  EXPECT_TRUE(follows(tag, "refs/tags/v1"));
  EXPECT_FALSE(follows(tag, "refs/heads/v1"));
  EXPECT_TRUE(follows(range, "refs/tags/anything"));
  EXPECT_FALSE(follows(range, "refs/heads/main"));
  EXPECT_TRUE(follows(commit, "refs/heads/x"));
  EXPECT_TRUE(follows(none, "refs/heads/x"));
  EXPECT_FALSE(follows(none, "refs/tags/x"));
  const std::string other = R"({"ref":"refs/heads/other"})";
  EXPECT_EQ(judged(source(), github(other), other), kElsewhere);
}

TEST(GitSourcePush, PayloadsThatCannotBeReadAreRefusedWithoutRepeatingThem) {
  const std::string form = "payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%7D";
  Headers headers = github(form);
  headers.front().second = "application/x-www-form-urlencoded";
  const PushVerdict verdict = judge_push(nullptr, "", headers, form);
  EXPECT_EQ(verdict.outcome, PushOutcome::Refused);  // before anything else
  EXPECT_EQ(
      judged(source(), headers, form),
      "unreadable: the payload is a form: set the webhook's content type to application/json");
  for (const std::string& body :
       {std::string("[1]"), std::string("{"), std::string(), std::string(2000, '['),
        std::string("{\"ref\": \"refs/heads/geheim")}) {
    EXPECT_EQ(judged(source(), github(body), body), "unreadable: the payload is no JSON object");
  }
  for (const std::string& ref : {std::string("7"), std::string("\"main\""), std::string("null"),
                                 "\"refs/heads/" + std::string(kReferenceBytesMax, 'x') + "\""}) {
    const std::string body = "{\"ref\":" + ref + "}";
    EXPECT_EQ(judged(source(), github(body), body),
              "unreadable: the payload names no reference: ref: Required value");
  }
}

TEST(GitSourcePush, WhatIsTooLargeIsRefusedBeforeItIsDigested) {
  const std::string body(kPushBytesMax + 1, ' ');
  const PushVerdict verdict = judge_push(nullptr, "", github(body), body);
  EXPECT_EQ(verdict.outcome, PushOutcome::TooLarge);
  EXPECT_EQ(verdict.told.error().code, Code::RequestEntityTooLarge);
}

}  // namespace
}  // namespace charter::git_source
