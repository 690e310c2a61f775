#include "controller/base/random.h"

#include "controller/base/check.h"
#include "controller/base/int128.h"

#include <sys/random.h>

namespace charter {

uint64_t SystemRandom::next() {
  uint64_t bits = 0;
  CHECK(getrandom(&bits, sizeof bits, 0) == static_cast<ssize_t>(sizeof bits));
  return bits;
}

uint64_t SeededRandom::next() {
  const std::lock_guard lock(mutex_);
  state_ += 0x9e3779b97f4a7c15ULL;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::string uuid4(Random& random) {
  constexpr char kHex[] = "0123456789abcdef";
  const uint64_t words[2] = {(random.next() & ~0xf000ULL) | 0x4000ULL,
                             (random.next() & 0x3fffffffffffffffULL) | 0x8000000000000000ULL};
  std::string out;
  out.reserve(36);
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) out += '-';
    out += kHex[(words[i / 16] >> (60 - 4 * (i % 16))) & 0xf];
  }
  return out;
}

uint64_t random_below(Random& random, uint64_t bound) {
  CHECK(bound > 0);
  return static_cast<uint64_t>((static_cast<Uint128>(random.next()) * bound) >> 64);
}

std::string random_name_suffix(Random& random, size_t length) {
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string out;
  for (size_t i = 0; i < length; ++i)
    out += kAlphabet[random_below(random, kAlphabet.size())];
  return out;
}

}  // namespace charter
