#include "controller/api/page_token.h"

#include "controller/base/base64.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

/// What a token carries in place of a revision when its page is to come from the newest state, as
/// in kube-apiserver.
constexpr int64_t kInconsistent = -1;

/// Ends the name that a page starts behind. It is no character of a name, so tokens of other make are refused.
constexpr char kAfter = '\x01';

std::string token(int64_t revision, const ObjectName& last) {
  const Json document = {
      {"v", "meta.k8s.io/v1"}, {"rv", revision}, {"start", last.ns + "/" + last.name + kAfter}};
  return encode_base64url(encode(document));
}

}  // namespace

Result<PageToken> read_page_token(std::string_view text) {
  const auto decoded = decode_base64url(text);
  const auto tree =
      decoded ? parse_json(*decoded) : Result<Json>(Error{Code::BadRequest, "not base64url"});
  const std::string start = tree ? text_at(*tree, {"start"}) : std::string();
  const auto revision = tree ? int_at(*tree, {"rv"}) : std::nullopt;
  const bool known_revision = revision && (*revision > 0 || *revision == kInconsistent);
  if (!tree || start.empty() || start.back() != kAfter || !known_revision) {
    return Error{
        Code::BadRequest,
        "invalid continue token: continue key is not valid: the token was not made by this server"};
  }
  const size_t slash = std::min(start.find('/'), start.size() - 1);
  return PageToken{
      *revision == kInconsistent ? 0 : *revision,
      {start.substr(0, slash),
       slash + 1 < start.size() ? start.substr(slash + 1, start.size() - slash - 2) : ""}};
}

std::string make_continue_token(int64_t revision, const ObjectName& last) {
  return token(revision, last);
}

std::string make_inconsistent_token(const ObjectName& last) {
  return token(kInconsistent, last);
}

}  // namespace charter
