#pragma once

#include "controller/base/clock.h"
#include "controller/base/result.h"
#include "controller/object/value.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// JSON Web Tokens: RFC 7515 compact form, and the claims of a ServiceAccount's as kube-apiserver
// writes them. Pure: no keys, no store. A token comes from outside and is not believed before its
// signature is checked: everything is bounded and of the exact type.
namespace charter {

/// A token taken apart, not verified.
struct SplitToken {
  std::string algorithm;         ///< "ES256" and others; what it means is for whoever verifies
  std::string key_id;            ///< may be empty
  std::string_view signed_part;  ///< header and payload as sent; a view into the token
  std::string signature;
  std::string payload;  ///< decoded JSON
};

/// Takes a token apart. Errors: Unauthorized, for anything but three parts with an algorithm, or
/// with extensions that must be understood.
Result<SplitToken> split_token(std::string_view token);

/// The object that a token is bound to: it is valid as long as that lives.
struct BoundObject {
  std::string kind, api_version, name, uid;
};

/// What a ServiceAccount's token says. Times are whole seconds.
struct TokenClaims {
  std::string issuer, subject, id;
  std::vector<std::string> audiences;
  Instant issued{}, not_before{}, expires{};
  std::string ns, account, account_uid;
  std::optional<BoundObject> bound;
};

/// A payload as a JSON object. Errors: Unauthorized, also for a claim that is there twice.
Result<Json> parse_claims(std::string_view payload);
/// A time in whole seconds since 1970 ("exp", "nbf", "iat"). Errors: Unauthorized.
Result<Instant> time_claim(const Json& claims, const char* name);

/// Reads a ServiceAccount's payload. Errors: Unauthorized for missing claims and wrong types ("exp"
/// must be an integer).
Result<TokenClaims> read_claims(std::string_view payload);
/// The payload for claims.
std::string write_claims(const TokenClaims& claims);
/// The part of a ServiceAccount's token that is signed.
std::string signed_part(const std::string& key_id, const std::string& payload);

}  // namespace charter
