#pragma once

#include "tests/bench/connection.h"

#include <memory>
#include <string>

// The server under test as a process of its own, and what /proc says of it.
namespace charter::bench {

/// CPU, memory and writing of a process so far.
struct Usage {
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double peak_bytes = 0;  ///< since the last reset_peak
  double write_calls = 0;
  double written_bytes = 0;  ///< that went to a disk
};

/// `charter serve` on a data directory; stopped with SIGTERM at the end.
class ServerProcess {
 public:
  /// Starts and polls /readyz. Throws Failure when it ends or is not ready in time.
  ServerProcess(const std::string& binary, const std::string& data_dir);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  const Target& target() const { return *target_; }
  /// From the start of the process to the first 200 of /readyz.
  double ready_seconds() const { return ready_seconds_; }
  Usage usage() const;
  void reset_peak() const;

 private:
  void spawn(const std::string& binary, int port);
  bool ended();

  std::string data_dir_;
  int pid_ = -1;
  double ready_seconds_ = 0;
  std::unique_ptr<Target> target_;
};

}  // namespace charter::bench
