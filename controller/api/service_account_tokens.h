#pragma once

#include "controller/api/jwt.h"
#include "controller/api/signing_keys.h"
#include "controller/api/token_verifier.h"
#include "controller/api/verified_tokens.h"
#include "controller/store/store.h"

#include <memory>

// Tokens of ServiceAccounts: issued for one account's uid, for some audiences and some time, maybe
// bound to a Secret; valid as long as account and Secret live.
namespace charter {

/// What tokens are issued and verified with; all outlive it.
struct TokenParts {
  Store& store;
  const Clock& clock;
  std::shared_ptr<const SigningKeys> keys;
  std::string issuer = "https://kubernetes.default.svc.cluster.local";  ///< also the API's audience
};

/// Thread-safe.
class ServiceAccountTokens final : public TokenVerifier {
 public:
  explicit ServiceAccountTokens(TokenParts parts) : parts_(std::move(parts)) {}

  /// Signs claims: issuer, and the API's audience when there is none, are filled in.
  Result<std::string> issue(TokenClaims& claims) const;
  std::optional<TokenOwner> verify(std::string_view token,
                                   const std::vector<std::string>& audiences) const override;
  const std::string& issuer() const { return parts_.issuer; }
  /// What others verify tokens with: the issuer's configuration (OpenID Connect Discovery 1.0,
  /// section 3) and its keys, as JSON.
  std::string configuration() const;
  std::string public_keys() const { return parts_.keys->public_keys(); }

 private:
  using ClaimsPtr = std::shared_ptr<const TokenClaims>;
  ClaimsPtr signed_claims(std::string_view token) const;
  bool is_alive(const TokenClaims& claims) const;

  const TokenParts parts_;
  mutable VerifiedTokens<TokenClaims> verified_;
};

/// User name, uid and groups of a ServiceAccount.
Caller service_account_caller(const std::string& ns, const std::string& name,
                              const std::string& uid);

}  // namespace charter
