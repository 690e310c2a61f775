#pragma once

#include "controller/api/oidc_tokens.h"
#include "controller/base/command.h"
#include "controller/runtime/signal.h"

#include <optional>
#include <string>
#include <thread>
#include <vector>

// Logging in with an OpenID Connect provider: kube-apiserver's flags, and the thread that fetches
// keys.
namespace charter {

/// The provider, and how to trust its host.
struct OidcLogin {
  OidcSettings settings;
  std::string ca_pem;  ///< empty: the machine's trusted roots
};

/// The --oidc-… flags.
std::vector<CommandFlag> oidc_flags();
/// What was typed; nothing without --oidc-issuer-url. Errors: Invalid, naming the flag.
Result<std::optional<OidcLogin>> oidc_login(const CommandInput& input);

/// Keeps the provider's keys fresh on a thread of its own, from construction to `stop`.
class OidcLoop {
 public:
  OidcLoop(OidcLogin login, const Clock& clock);
  ~OidcLoop() { stop(); }
  /// Lets all requests go on that wait for a key, and ends the thread; a fetch in progress ends
  /// first, within kOidcTimeout. Idempotent; one thread.
  void stop();
  const OidcTokens& tokens() const { return tokens_; }

 private:
  OidcTokens tokens_;
  Signal signal_;
  std::thread thread_;
};

}  // namespace charter
