#pragma once

#include "controller/api/static_tokens.h"
#include "controller/api/token_review.h"

#include <memory>
#include <string>

// What a standalone server knows people and programs by, beside client certificates: keys for
// ServiceAccounts' tokens and the file of static tokens, both below its data directory.
namespace charter {

/// The token side of one server. Outlives the API that uses it.
class Identities {
 public:
  /// Loads `data_dir`/pki/service-account*.key, made at first start; the newest by name signs, all
  /// verify. Errors: InternalError naming the file, Invalid for a key that can't be used.
  static Result<std::unique_ptr<Identities>> load(const std::string& data_dir, Store& store,
                                                  const Clock& clock);

  const TokenVerifier& verifier() const { return chain_; }
  const ServiceAccountTokens& accounts() const { return accounts_; }

 private:
  Identities(const std::string& data_dir, TokenParts parts, const Clock& clock);
  const ServiceAccountTokens accounts_;
  const StaticTokens static_;
  const TokenChain chain_;
};

/// Where the static tokens of a data directory are.
std::string static_token_file(const std::string& data_dir);

}  // namespace charter
