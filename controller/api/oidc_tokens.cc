#include "controller/api/oidc_tokens.h"

#include "controller/api/jwt.h"
#include "controller/base/limits.h"
#include "controller/base/log.h"
#include "controller/object/value.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace charter {
namespace {

constexpr const char* kConfigurationPath = "/.well-known/openid-configuration";

std::string configuration_url(const std::string& issuer) {
  const bool slash = issuer.ends_with('/');
  return (slash ? issuer.substr(0, issuer.size() - 1) : issuer) + kConfigurationPath;
}

}  // namespace

Result<OidcTokens::KeysPtr> OidcTokens::fetch_keys() {
  CHARTER_TRY_ASSIGN(const Json configuration, fetch_(configuration_url(settings_.issuer_url)));
  // Discovery, section 4.3: else one provider could speak for another.
  if (text_at(configuration, {"issuer"}) != settings_.issuer_url)
    return Error{Code::ServiceUnavailable,
                 "the provider calls itself another issuer than --oidc-issuer-url"};
  const std::string keys_url = text_at(configuration, {"jwks_uri"});
  if (!keys_url.starts_with("https://"))
    return Error{Code::ServiceUnavailable, "the provider's jwks_uri is no https URL"};
  CHARTER_TRY_ASSIGN(const Json keys, fetch_(keys_url));
  return JsonWebKeys::parse(keys);
}

Duration OidcTokens::refresh() {
  const Duration now = clock_.monotonic();
  {
    const std::lock_guard lock(mutex_);
    const Duration since = tried_ ? now - *tried_ : Duration::max();
    const bool old = !fetched_ || now - *fetched_ >= limits::kOidcKeysFresh;
    if (since < limits::kOidcFetchPause) return limits::kOidcFetchPause - since;
    if (!old && !wanted_) return limits::kOidcKeysFresh - (now - *fetched_);
    tried_ = now;
    wanted_ = false;
    fetching_ = true;
  }
  auto fetched = fetch_keys();
  if (!fetched)
    log_warn("oidc", "cannot fetch keys: " + fetched.error().message,
             {{"issuer", settings_.issuer_url}});
  {
    const std::lock_guard lock(mutex_);
    fetching_ = false;
    if (fetched) {
      keys_ = std::move(*fetched);
      fetched_ = now;
    } else if (fetched_ && now - *fetched_ >= limits::kOidcKeysKept) {
      keys_.reset();
    }
  }
  // A key may have been withdrawn.
  verified_.clear();
  release_waiters();
  return fetched ? Duration(limits::kOidcKeysFresh) : Duration(limits::kOidcFetchPause);
}

void OidcTokens::release_waiters() {
  std::vector<std::function<void()>> waiters;
  {
    const std::lock_guard lock(mutex_);
    waiters.swap(waiters_);
  }
  for (const auto& then : waiters)
    then();
}

void OidcTokens::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  release_waiters();
}

OidcTokens::KeysPtr OidcTokens::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

OidcTokens::OwnerPtr OidcTokens::judge(const JsonWebKeys& keys, std::string_view token) const {
  const auto split = split_token(token);
  if (!split) return nullptr;
  const auto& allowed = settings_.signing_algorithms;
  if (std::find(allowed.begin(), allowed.end(), split->algorithm) == allowed.end()) return nullptr;
  if (!keys.verify(split->key_id, split->algorithm, split->signed_part, split->signature))
    return nullptr;
  auto owner = oidc_owner(settings_, split->payload);
  if (!owner) {
    log_debug("oidc", owner.error().message, {{"issuer", settings_.issuer_url}});
    return nullptr;
  }
  return std::make_shared<const OidcOwner>(std::move(*owner));
}

std::optional<TokenOwner> OidcTokens::verify(std::string_view token,
                                             const std::vector<std::string>& audiences) const {
  // They are meant for this API and nobody else.
  if (!audiences.empty() || token.size() > limits::kTokenBytesMax) return std::nullopt;
  const KeysPtr keys = this->keys();
  if (!keys) return std::nullopt;
  const OwnerPtr owner = verified_.find_or(token, [&] { return judge(*keys, token); });
  const Instant now = clock_.now();
  if (!owner || now >= owner->expires || now < owner->not_before) return std::nullopt;
  return TokenOwner{owner->caller, {}};
}

bool OidcTokens::await(std::string_view token, std::function<void()> then) const {
  const auto split = split_token(token);
  if (!split) return false;
  const auto claims = parse_claims(split->payload);
  if (!claims || text_at(*claims, {"iss"}) != settings_.issuer_url) return false;
  {
    const std::lock_guard lock(mutex_);
    const bool known = keys_ && (split->key_id.empty() || keys_->knows(split->key_id));
    // Right after a fetch another one would bring the same.
    const bool paused =
        !fetching_ && tried_ && clock_.monotonic() - *tried_ < limits::kOidcFetchPause;
    if (known || stopped_ || paused || waiters_.size() >= limits::kOidcWaitersMax) return false;
    wanted_ = true;
    waiters_.push_back(std::move(then));
  }
  if (wake_) wake_();
  return true;
}

}  // namespace charter
