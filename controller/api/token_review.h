#pragma once

#include "controller/api/service_account_tokens.h"
#include "controller/base/random.h"
#include "controller/object/kind_registry.h"

// TokenReview (whose token is this?) and TokenRequest (a token for a ServiceAccount).
namespace charter {

/// Several verifiers as one: the first that knows the token.
class TokenChain final : public TokenVerifier {
 public:
  explicit TokenChain(std::vector<const TokenVerifier*> verifiers)
      : verifiers_(std::move(verifiers)) {}
  std::optional<TokenOwner> verify(std::string_view token,
                                   const std::vector<std::string>& audiences) const override;
  bool await(std::string_view token, std::function<void()> then) const override;

 private:
  const std::vector<const TokenVerifier*> verifiers_;
};

/// Answers a TokenReview that passed check_review; the token is not in the answer. `tokens` may be
/// null: then no token is valid.
Json answer_token_review(const TokenVerifier* tokens, Json review);

/// What POST …/serviceaccounts/NAME/token needs.
struct TokenRequestParts {
  const ServiceAccountTokens& tokens;
  const Store& store;
  const Clock& clock;
  Random& random;
};

/// Paths of a TokenRequest's fields that nobody knows.
std::vector<std::string> unknown_token_fields(const Json& request);

/// Answers a TokenRequest with a new token. Errors: BadRequest, Invalid, NotFound for the account,
/// Conflict for a bound object of another uid.
Result<Json> answer_token_request(const TokenRequestParts& parts, const ObjectName& account,
                                  Json body);

}  // namespace charter
