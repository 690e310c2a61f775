#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The time seam. Nothing in the project reads the machine's clocks except SystemClock; a test or a
// simulation hands out ManualClock and lives through a year in seconds.
namespace charter {

/// Wall-clock time, nanoseconds since 1970-01-01T00:00:00Z (leap seconds smeared, as the kernel does).
using Instant = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;
/// A length of time.
using Duration = std::chrono::nanoseconds;

/// Source of time. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall-clock time; may jump. For timestamps that people read, expiry dates and billing.
  virtual Instant now() const = 0;
  /// Never goes back. For delays, deadlines and back-off.
  virtual Duration monotonic() const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  Instant now() const override;
  Duration monotonic() const override;
};

/// A clock that moves only when told to. Both readings advance together.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant start) : now_(start.time_since_epoch().count()), start_(start) {}
  Instant now() const override { return Instant(Duration(now_.load())); }
  Duration monotonic() const override { return now() - start_; }
  void advance(Duration by) { now_ += by.count(); }

 private:
  std::atomic<int64_t> now_;
  Instant start_;
};

/// CPU time that the calling thread has used: what work costs, not when it happens.
Duration thread_cpu_time();

/// RFC 3339 in UTC, whole seconds: "2026-06-01T00:00:00Z" (metav1.Time).
std::string format_time(Instant at);
/// RFC 3339 in UTC with six digits: "2026-06-01T00:00:00.000000Z" (metav1.MicroTime).
std::string format_micro_time(Instant at);
/// Parses RFC 3339 with any offset and up to nine fraction digits; nothing else, years 1678–2261.
std::optional<Instant> parse_time(std::string_view text);

/// Parses Go's duration form ("72h", "1h30m", "500ms"); negative and overflowing values are refused.
std::optional<Duration> parse_duration(std::string_view text);
/// Kubernetes' short age: "7s", "5m3s", "2d4h" (k8s.io/apimachinery duration.HumanDuration).
std::string human_duration(Duration length);

}  // namespace charter
