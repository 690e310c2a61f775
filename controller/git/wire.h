#pragma once

#include "controller/base/clock.h"
#include "controller/base/result.h"
#include "controller/git/git_reader.h"
#include "controller/git/git_url.h"

#include <cstddef>
#include <optional>

// What one call to a remote may use, and what went wrong in it. libgit2 calls back into our streams
// in the calling thread and knows no deadline of its own; they find this here and stop when it is
// used up.
namespace charter {

/// The budget of one call. One thread; lives on the caller's stack.
class Wire {
 public:
  /// `url` and `credentials` must outlive this.
  Wire(const GitUrl& url, const GitCredentials& credentials, Duration timeout);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// The call that this thread is in, or null.
  static Wire* current();

  const GitUrl& url() const { return url_; }
  const GitCredentials& credentials() const { return credentials_; }

  /// Waits until `descriptor` is ready for `events` (poll's), or fails. Returns 0 or -1.
  int wait(int descriptor, short events);
  /// False, and fails, once the deadline has passed.
  bool in_time();
  /// Counts what came in. False, and fails, above kGitTransferBytesMax.
  bool take(size_t bytes);
  /// Milliseconds that are left, for poll; at least 0.
  int left_ms() const;
  Duration deadline() const { return deadline_; }

  /// Remembers why; the first reason stays.
  void fail(Error error);
  const std::optional<Error>& error() const { return error_; }

 private:
  const GitUrl& url_;
  const GitCredentials& credentials_;
  const Duration deadline_;  ///< of SystemClock::monotonic
  size_t bytes_ = 0;
  std::optional<Error> error_;
  Wire* const outer_;
};

/// Connects to a host. Returns the non-blocking socket, owned by the caller, or -1 after
/// Wire::fail.
int connect_socket(Wire& wire, const std::string& host, const std::string& port);

}  // namespace charter
