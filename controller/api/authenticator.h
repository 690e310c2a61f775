#pragma once

#include "controller/api/http_types.h"
#include "controller/object/admit.h"

#include <functional>
#include <optional>
#include <string_view>

// Who is calling. The one place where identities enter: a verified client certificate, else a
// bearer token, else nobody (system:anonymous). A token that is wrong is no anonymity: it is 401.
namespace charter {

class TokenVerifier;

/// Thread-safe after `use_tokens`.
class Authenticator {
 public:
  /// Bearer tokens are judged by `tokens`; without, none is valid. Before the first request; it
  /// outlives this.
  void use_tokens(const TokenVerifier* tokens) { tokens_ = tokens; }
  /// The caller with all his groups. Errors: Unauthorized.
  Result<Caller> authenticate(const HttpRequest& request) const;
  /// After Unauthorized: true when `then` will be called because the request's token may be judged
  /// otherwise soon, see TokenVerifier::await.
  bool await(const HttpRequest& request, std::function<void()> then) const;

 private:
  const TokenVerifier* tokens_ = nullptr;
};

/// The token of a header `Authorization: Bearer TOKEN`; nothing for another scheme.
std::optional<std::string_view> bearer_token(std::string_view header);

/// system:anonymous of system:unauthenticated.
Caller anonymous();

/// Adds system:authenticated unless it is there.
void add_authenticated(Caller& caller);

}  // namespace charter
