#pragma once

#include "controller/base/clock.h"
#include "controller/object/admit.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Who the bearer of an OpenID Connect ID token is. Pure: no keys, no network. Names and rules are
// those of kube-apiserver's --oidc-… flags; the claims are those of OpenID Connect Core 1.0,
// section 2.
namespace charter {

/// What an administrator says of his identity provider.
struct OidcSettings {
  std::string issuer_url;  ///< https, without query and fragment; equals the claim "iss"
  std::string client_id;   ///< must be among the claim "aud"
  std::string username_claim = "sub";
  std::string username_prefix;  ///< "-": none; empty: none for "email", else "ISSUER#"
  std::string groups_claim;     ///< empty: tokens bring no groups
  std::string groups_prefix;
  std::vector<std::pair<std::string, std::string>> required_claims;  ///< claim and its exact text
  std::vector<std::string> signing_algorithms = {"RS256"};
};

/// Judges settings. Errors: Invalid, naming the flag.
Status check_oidc_settings(const OidcSettings& settings);

/// A bearer, and how long he may be believed.
struct OidcOwner {
  Caller caller;
  Instant not_before{}, expires{};
};

/// The bearer of a token whose signature was verified. Names below "system:" are nobody's to give:
/// a token that asks for one is refused. Errors: Unauthorized, saying which claim; the token's
/// values are in no error.
Result<OidcOwner> oidc_owner(const OidcSettings& settings, std::string_view payload);

}  // namespace charter
