#pragma once

#include "controller/base/clock.h"
#include "controller/runtime/kubeconfig.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>

// What requests go out with, kept fresh: a fixed token, a file that somebody rotates (a pod's
// ServiceAccount), or what a credential plugin hands out. Secrets: never logged, never in an error.
namespace charter {

/// As whom requests go out.
struct Credential {
  std::string token;  ///< bearer token, empty: none
  /// The client's certificates and key, in PEM; both or none.
  std::string certificate_pem, key_pem;
  bool operator==(const Credential&) const = default;
};

/// Thread-safe. Asking may read a file or run a program: not on a wire thread.
class TokenSource {
 public:
  TokenSource(const Kubeconfig& config, const Clock& clock);

  /// For a request that goes out now. Errors: Unauthorized, naming the file or the plugin.
  Result<Credential> credential();
  /// The server answered 401 to `used`: the next credential() looks again instead of giving the
  /// same.
  void refused(const Credential& used);

 private:
  Status read_file();
  Status ask_plugin();

  const Kubeconfig config_;
  const Clock& clock_;
  std::mutex mutex_;
  Credential current_;
  bool stale_ = false;
  std::optional<Duration> look_again_;  // Clock::monotonic
};

}  // namespace charter
