#pragma once

#include "controller/api/bootstrap_tokens.h"
#include "controller/api/static_tokens.h"
#include "controller/api/token_review.h"
#include "controller/base/command.h"
#include "controller/cli/oidc_loop.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

// What a standalone server knows people and programs by, beside client certificates: keys for
// ServiceAccounts' tokens and the file of static tokens, both below its data directory, and an
// OpenID Connect provider.
namespace charter {

/// What an administrator chooses.
struct IdentityOptions {
  std::string issuer;  ///< of ServiceAccounts' tokens; empty: the cluster's own name
  std::optional<OidcLogin> oidc;
};

/// `charter serve`'s flags for them, and what was typed. Errors: Invalid, naming the flag; NotFound
/// for a file that is not there.
std::vector<CommandFlag> identity_flags();
Result<IdentityOptions> identity_options(const CommandInput& input);

/// The token side of one server. Outlives the API that uses it.
class Identities {
 public:
  /// Loads `data_dir`/pki/service-account*.key, made at first start; the newest by name signs, all
  /// verify. Errors: InternalError naming the file, Invalid for a key that can't be used.
  static Result<std::unique_ptr<Identities>> load(const std::string& data_dir, Store& store,
                                                  const Clock& clock, IdentityOptions options);
  ~Identities();

  /// Nobody waits for the provider's keys any more, and its loop ends: before the API does.
  void stop();

  const TokenVerifier& verifier() const { return chain_; }
  const ServiceAccountTokens& accounts() const { return accounts_; }

 private:
  Identities(const std::string& data_dir, TokenParts parts, const Clock& clock,
             std::unique_ptr<OidcLoop> oidc);
  std::vector<const TokenVerifier*> all() const;

  const ServiceAccountTokens accounts_;
  const StaticTokens static_;
  const BootstrapTokens bootstrap_;
  const std::unique_ptr<OidcLoop> oidc_;  // null without a provider
  const TokenChain chain_;
};

/// Where the static tokens of a data directory are.
std::string static_token_file(const std::string& data_dir);

}  // namespace charter
