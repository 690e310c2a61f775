#pragma once

#include "controller/base/clock.h"
#include "controller/base/memory_file.h"
#include "controller/base/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

// A tool that runs as a process of its own: ssh, gpg, ssh-keygen. Its standard input and output are
// one socket, its errors a pipe of which the beginning is kept. It sees two environment variables
// and no descriptor of ours, and is killed, with what it started, when its owner goes.
namespace charter {

/// What a tool may do.
enum class Confinement {
  Network,    ///< connect to others; it gets no other bound
  Calculate,  ///< nothing but read and calculate: bounded memory and processor time, and no network
              ///< where the kernel grants that
};

/// One process. One thread.
class ChildProcess {
 public:
  ChildProcess() = default;
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Starts `words[0]`, an absolute path. Errors (ServiceUnavailable): no process can be started. A
  /// tool that is not installed ends with kNotInstalled.
  Status start(const std::vector<std::string>& words, Confinement confinement);

  static constexpr int kNotInstalled = 127;
  static constexpr int kTimedOut = -1;

  /// Waits for output. Returns its size, 0 at the end, -1 after `deadline` (of
  /// SystemClock::monotonic).
  ssize_t read(char* into, size_t most, Duration deadline);
  /// Writes everything. False: it does not read any more, or not in time.
  bool write(std::string_view bytes, Duration deadline);
  void close_input();
  /// Writes `input`, as far as the tool takes it, while it reads to the end of the output, of which
  /// the beginning is kept. False: not in time.
  bool converse(std::string_view input, std::string& output, Duration deadline);
  /// Reads the rest of its errors, waits for its end and returns its exit code (128 + the number
  /// for a signal), or kTimedOut.
  int finish(Duration deadline);
  /// The beginning of what it wrote to its errors.
  const std::string& errors() const { return errors_; }

 private:
  bool wait(short events, Duration deadline);
  void take_errors();
  void end();

  pid_t process_ = 0;
  int socket_ = -1, error_pipe_ = -1;
  std::string errors_;
};

/// What a tool that ran to its end said.
struct ToolOutcome {
  int exit_code = 0;   ///< as ChildProcess::finish
  std::string output;  ///< bounded
};

/// Runs a tool on `input` to its end. Errors: as ChildProcess::start; Timeout.
Result<ToolOutcome> run_tool(const std::vector<std::string>& words, std::string_view input,
                             Duration deadline);

}  // namespace charter
