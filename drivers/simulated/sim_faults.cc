#include "controller/base/random.h"
#include "drivers/simulated/sim_settings.h"

#include <algorithm>

namespace charter {
namespace {

constexpr uint64_t kPpm = 1'000'000;

/// A number that only the rule, the seed and the match decide, so that thread timing changes
/// nothing.
uint64_t draw(const FaultRule& rule, uint64_t seed, int64_t match) {
  uint64_t state = seed * 0x9e3779b97f4a7c15ULL + static_cast<uint64_t>(match);
  for (const char c : rule.key)
    state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return SeededRandom(state).next();
}

bool is_struck(const FaultRule& rule, uint64_t number, int64_t match) {
  if (rule.every > 0) return match % rule.every == 0;
  if (rule.first > 0) return match <= rule.first;
  return number % kPpm < static_cast<uint64_t>(rule.rate_ppm);
}

}  // namespace

std::string_view fault_word(FaultKind kind) {
  switch (kind) {
    case FaultKind::Unavailable:
      return "Unavailable";
    case FaultKind::Timeout:
      return "Timeout";
    case FaultKind::LostReply:
      return "LostReply";
    case FaultKind::NoCapacity:
      return "NoCapacity";
    case FaultKind::Denied:
      return "Denied";
    case FaultKind::Slow:
      return "Slow";
    case FaultKind::Hang:
      return "Hang";
  }
  return "";
}

const std::vector<std::string_view>& sim_call_names() {
  static const std::vector<std::string_view> kNames = {
      "observe",       "create",         "set_power",     "resize",      "remove",
      "look",          "observe_volume", "create_volume", "grow_volume", "attach_volume",
      "detach_volume", "remove_volume",  "counters"};
  return kNames;
}

bool matches(const FaultRule& rule, std::string_view call) {
  return rule.call == "Any" || rule.call == call;
}

std::optional<Fault> strike(const FaultRule& rule, uint64_t seed, int64_t match) {
  const uint64_t number = draw(rule, seed, match);
  if (!is_struck(rule, number, match)) return std::nullopt;
  // The top bit is independent of the low digits that decided about the strike.
  const bool coin = (number >> 63) != 0;
  const bool carried_out = rule.kind == FaultKind::LostReply || rule.kind == FaultKind::Slow ||
                           (rule.kind == FaultKind::Timeout && coin);
  return Fault{rule.kind, rule.delay, carried_out};
}

Error fault_error(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::NoCapacity:
      return {Code::TooManyRequests, "the endpoint reports no capacity", "WaitForCapacity"};
    case FaultKind::Denied:
      return {Code::Forbidden, "the endpoint denies the call"};
    case FaultKind::Unavailable:
      return {Code::ServiceUnavailable, "the endpoint does not answer"};
    case FaultKind::Timeout:
    case FaultKind::LostReply:
    case FaultKind::Slow:
    case FaultKind::Hang:
      break;
  }
  return {Code::Timeout, "the endpoint gave no answer in time"};
}

}  // namespace charter
