#pragma once

#include "controller/api/json_web_keys.h"
#include "controller/api/oidc_claims.h"
#include "controller/api/token_verifier.h"
#include "controller/api/verified_tokens.h"
#include "controller/object/value.h"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

// ID tokens of an OpenID Connect provider. Its configuration (OpenID Connect Discovery 1.0) and
// keys are fetched by `refresh` only, which a loop of its own calls, so a token is judged without
// waiting for anybody:
//
//   verify: key known? ── yes ──> signature, claims
//             │ no: nothing; await(): `then` waits, the loop is woken
//   refresh: configuration ──> keys ──> all that wait go on, and verify again
//
// A provider that can't be reached changes nothing: its last keys are good for kOidcKeysKept.
namespace charter {

/// Fetches a JSON document by its https URL. Blocks. Errors: ServiceUnavailable.
using FetchDocument = std::function<Result<Json>(const std::string& url)>;

/// Thread-safe.
class OidcTokens final : public TokenVerifier {
 public:
  /// `settings` passed check_oidc_settings. `clock` outlives it.
  OidcTokens(OidcSettings settings, FetchDocument fetch, const Clock& clock)
      : settings_(std::move(settings)), fetch_(std::move(fetch)), clock_(clock) {}

  /// Called, from any thread, when `refresh` should run now. Before the first token.
  void on_wanted(std::function<void()> wake) { wake_ = std::move(wake); }
  /// Fetches what is due and lets those go on that wait. Blocks; by one thread. Returns how long
  /// until it is due again.
  Duration refresh();
  /// Lets all go on that wait, and nobody wait from now on.
  void stop();

  std::optional<TokenOwner> verify(std::string_view token,
                                   const std::vector<std::string>& audiences) const override;
  bool await(std::string_view token, std::function<void()> then) const override;

 private:
  using KeysPtr = std::shared_ptr<const JsonWebKeys>;
  using OwnerPtr = VerifiedTokens<OidcOwner>::Ptr;
  Result<KeysPtr> fetch_keys();
  KeysPtr keys() const;
  OwnerPtr judge(const JsonWebKeys& keys, std::string_view token) const;
  void release_waiters();

  const OidcSettings settings_;
  const FetchDocument fetch_;
  const Clock& clock_;
  std::function<void()> wake_;
  mutable VerifiedTokens<OidcOwner> verified_;

  mutable std::mutex mutex_;
  KeysPtr keys_;
  std::optional<Duration> fetched_;  // Clock::monotonic of the last success …
  std::optional<Duration> tried_;    // … and of the last attempt
  bool fetching_ = false;
  bool stopped_ = false;
  mutable bool wanted_ = false;  // a token named a key that isn't known
  mutable std::vector<std::function<void()>> waiters_;
};

}  // namespace charter
