#pragma once

#include "controller/base/clock.h"
#include "controller/base/result.h"
#include "drivers/provider_driver.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Settings of one simulated endpoint, from the Provider's `spec.simulated`, and the pure decision
// which call fails.
//
//   error        carried out     caller gets
//   Unavailable  no              ServiceUnavailable
//   Timeout      by the seed     Timeout
//   LostReply    yes             Timeout
//   NoCapacity   no              TooManyRequests, reason WaitForCapacity
//   Denied       no              Forbidden
//   Slow         yes, later      the call's own answer after `delay`
//   Hang         no              Timeout after `delay` (default 30s)
namespace charter {

/// What an injected fault does; see the table above.
enum class FaultKind { Unavailable, Timeout, LostReply, NoCapacity, Denied, Slow, Hang };

/// Word of a fault as settings and ledger write it, e.g. "LostReply".
std::string_view fault_word(FaultKind kind);

/// One entry of `failures`. Exactly one of every, first and rate_ppm is set.
struct FaultRule {
  std::string call;      ///< a call's name in the ledger, or "Any"
  int64_t every = 0;     ///< each Nth matching call fails
  int64_t first = 0;     ///< the first N matching calls fail
  int64_t rate_ppm = 0;  ///< share of matching calls, in millionths
  FaultKind kind = FaultKind::Unavailable;
  Duration delay{};  ///< passes before the answer
  std::string key;   ///< names the rule's counter in the world: place and content
};

/// A fault that strikes one call.
struct Fault {
  FaultKind kind = FaultKind::Unavailable;
  Duration delay{};
  bool carried_out = false;
};

/// One simulated host.
struct SimHostSettings {
  std::string name;
  Capacity total;
};

/// Everything in `spec.simulated`, and what the Provider says it can do.
struct SimSettings {
  std::vector<SimHostSettings> hosts;
  Duration boot_time = std::chrono::seconds(2);
  Duration image_time = std::chrono::seconds(1);  ///< copying the image to a new boot disk
  Duration stop_time = std::chrono::seconds(1);   ///< graceful shutdown
  Duration latency{};                             ///< every call takes this long
  bool live_resize = true;  ///< false: a running machine's resize waits for a restart
  std::vector<FaultRule> failures;
  uint64_t seed = 1;
  Safeguards can;  ///< not part of the section: comes with DriverSettings
};

/// Longest latency or delay that settings may ask for: a worker must be free again within the stop
/// deadlines of a real system.
constexpr Duration kSimDelayMax = std::chrono::seconds(60);

/// Names of all calls, as ledger and failure rules use them.
const std::vector<std::string_view>& sim_call_names();

/// Reads `spec.simulated`. Errors: Invalid; each finding is a cause with its field path, unknown
/// fields included.
Result<SimSettings> parse_sim_settings(const std::string& json_text);

/// True when the rule looks at this call.
bool matches(const FaultRule& rule, std::string_view call);

/// Whether the rule strikes its `match`-th matching call (from 1). Pure: the same seed gives the
/// same answer.
std::optional<Fault> strike(const FaultRule& rule, uint64_t seed, int64_t match);

/// What the caller of a struck call gets.
Error fault_error(const Fault& fault);

}  // namespace charter
