#pragma once

#include "controller/base/clock.h"
#include "controller/base/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// JSON Web Tokens of ServiceAccounts: RFC 7515 compact form, ES256 only, claims as kube-apiserver
// writes them. Pure: no keys, no store. A token comes from outside and is not believed before its
// signature is checked: everything is bounded and of the exact type.
namespace charter {

/// A token taken apart, not verified.
struct SplitToken {
  std::string key_id;
  std::string_view signed_part;  ///< header and payload as sent; a view into the token
  std::string signature;         ///< 64 bytes: r and s
  std::string payload;           ///< decoded JSON
};

/// Takes a token apart. Errors: Unauthorized, for anything but three parts with `alg: ES256`, a key
/// id, and no extensions that must be understood.
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

/// Reads a payload. Errors: Unauthorized for missing claims and wrong types ("exp" must be an
/// integer).
Result<TokenClaims> read_claims(std::string_view payload);
/// The payload for claims.
std::string write_claims(const TokenClaims& claims);
/// The part of a token that is signed.
std::string signed_part(const std::string& key_id, const std::string& payload);

}  // namespace charter
