#pragma once

#include <string>
#include <string_view>

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

// Signatures of JSON Web Tokens (RFC 7518, section 3.1). Seen only by signing_keys.cc and
// json_web_keys.cc.
namespace charter {

/// True for RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and ES512. "none" and HMAC,
/// where whoever verifies could also sign, are none of them.
bool is_token_algorithm(std::string_view algorithm);

/// True when `key`, of the type and curve that `algorithm` asks for, made `signature` over `text`.
bool verify_token_signature(evp_pkey_st* key, std::string_view algorithm, std::string_view text,
                            std::string_view signature);

/// r and s of fixed length, as tokens carry them, from OpenSSL's DER; empty when it is none.
std::string fixed_signature(std::string_view der, size_t number_bytes);

}  // namespace charter
