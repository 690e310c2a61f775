#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

// The randomness seam: everything random (uids, generated names, jitter) comes from one `Random`.
namespace charter {

/// Source of random bits. Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t next() = 0;
};

/// The kernel's generator (getrandom).
class SystemRandom final : public Random {
 public:
  uint64_t next() override;
};

/// SplitMix64 from a seed: the same seed gives the same run.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t next() override;

 private:
  std::mutex mutex_;
  uint64_t state_;
};

/// A version 4 UUID, lower case, RFC 9562.
std::string uuid4(Random& random);
/// `length` characters of Kubernetes' generated-name alphabet "bcdfghjklmnpqrstvwxz2456789".
std::string random_name_suffix(Random& random, size_t length);
/// A value in [0, bound).
uint64_t random_below(Random& random, uint64_t bound);

}  // namespace charter
