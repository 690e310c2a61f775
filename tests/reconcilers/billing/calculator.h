#pragma once

#include <cstdint>
#include <string>
#include <vector>

// A second calculator of bills, for tests only: it shares no code with the product, counts from
// what the hosts did rather than from what was metered, and computes with GMP's fractions.
namespace charter::calculator {

/// A machine had this many processors and ran from..to, as its host knows.
struct Ran {
  int64_t from = 0, to = 0, vcpus = 0;
};
/// So many processors were ordered.
struct Ordered {
  int64_t from = 0, to = 0, vcpus = 0;
};

/// Everything that happened under a contract.
struct Truth {
  std::vector<Ran> ran;
  std::vector<Ordered> ordered;
};

/// A bill in text: seconds and cents.
struct Bill {
  std::string active_seconds, idle_seconds;  ///< processor-seconds: run, ordered beyond what ran
  std::string active_amount, idle_amount, total;
};

/// `price` a decimal per processor hour, `percent` off for what was ordered and did not run,
/// amounts to `digits`.
Bill bill(const Truth& truth, int64_t from, int64_t to, const std::string& price,
          const std::string& percent, int digits);

/// Where the C library says that the calendar month of a moment begins and ends.
struct Month {
  int64_t from = 0, to = 0;
};
Month month(const std::string& zone, int64_t at);

}  // namespace charter::calculator
