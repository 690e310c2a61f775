#pragma once

#include "controller/base/clock.h"
#include "controller/runtime/kubeconfig.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>

// The bearer token that requests go out with, kept fresh: a fixed one, a file that somebody rotates
// (a pod's ServiceAccount), or a credential plugin. Secrets: never logged, never in an error.
namespace charter {

/// Thread-safe. Asking may read a file or run a program: not on a wire thread.
class TokenSource {
 public:
  TokenSource(const Kubeconfig& config, const Clock& clock);

  /// The token for a request that goes out now, empty: without one. Errors: Unauthorized, naming
  /// the file or the plugin.
  Result<std::string> token();
  /// The server answered 401 to `used`: the next token() looks again instead of giving the same.
  void refused(const std::string& used);

 private:
  Status read_file();
  Status ask_plugin();

  const Kubeconfig config_;
  const Clock& clock_;
  std::mutex mutex_;
  std::string token_;
  bool stale_ = false;
  std::optional<Duration> look_again_;  // Clock::monotonic
};

}  // namespace charter
