#pragma once

#include "controller/api/token_verifier.h"
#include "controller/base/clock.h"
#include "controller/store/store.h"

namespace charter {

/// Tokens "ID.SECRET" for what joins before it has an identity of its own: each is a Secret
/// bootstrap-token-ID of type bootstrap.kubernetes.io/token in kube-system, with the keys that
/// kube-apiserver's --enable-bootstrap-token-auth reads. The bearer is system:bootstrap:ID of
/// system:bootstrappers and of the Secret's auth-extra-groups, which must begin with
/// "system:bootstrappers:". Whoever may write Secrets there decides who they are. Thread-safe.
class BootstrapTokens final : public TokenVerifier {
 public:
  /// Both outlive it.
  BootstrapTokens(const Store& store, const Clock& clock) : store_(store), clock_(clock) {}
  std::optional<TokenOwner> verify(std::string_view token,
                                   const std::vector<std::string>& audiences) const override;

 private:
  const Store& store_;
  const Clock& clock_;
};

}  // namespace charter
