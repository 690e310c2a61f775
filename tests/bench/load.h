#pragma once

#include "tests/bench/connection.h"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

// Runs calls from many clients at once and says how fast they were.
namespace charter::bench {

using Seconds = std::chrono::duration<double>;
using Moment = std::chrono::steady_clock::time_point;

inline Moment now() {
  return std::chrono::steady_clock::now();
}
inline double since(Moment start) {
  return Seconds(now() - start).count();
}

/// Sorted samples, in seconds.
class Samples {
 public:
  explicit Samples(std::vector<double> seconds);
  /// Nearest rank, `percent` in (0, 100], in milliseconds.
  double percentile_ms(double percent) const;

 private:
  std::vector<double> sorted_;
};

/// What a load run came to.
struct Throughput {
  double per_second = 0;
  Samples latency;
};

/// One call of one client; `index` is unique within the run.
using Step = std::function<void(Connection&, size_t index)>;

/// `total` steps over `clients` threads with a connection each. Connections are made before the
/// clock starts. Throws the first Failure of any client.
Throughput run_load(const Target& target, size_t clients, size_t total, const Step& step);

/// Synchronous 4 KiB writes a second into a file on the disk below `dir`, one after the other.
double fdatasync_rate(const std::string& dir, double seconds);

}  // namespace charter::bench
