#include "drivers/libvirt/power.h"

#include "controller/base/log.h"
#include "drivers/libvirt/domains.h"
#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/wedge.h"

#include <libvirt/virterror.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace charter::libvirt {
namespace {

constexpr auto kGlance = std::chrono::milliseconds(50);  // between two looks at a balloon

int64_t seconds_of(Instant at) {
  return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

bool is_active(const Seen& seen) {
  return virDomainIsActive(seen.domain.get()) == 1;
}

/// Off for sure: not to know is no answer.
bool is_off(const Seen& seen) {
  return virDomainIsActive(seen.domain.get()) == 0;
}

Status start(const Seen& seen, Instant now) {
  if (!seen.config.stamp->complete) return Error{Code::Conflict, "the machine is still being made"};
  const std::string element = start_element(seconds_of(now));
  if (virDomainSetMetadata(seen.domain.get(), VIR_DOMAIN_METADATA_ELEMENT, element.c_str(),
                           "charter-start", kStartUri, VIR_DOMAIN_AFFECT_CONFIG) != 0)
    return last_error("noting the start");
  if (virDomainCreate(seen.domain.get()) == 0) return {};
  const Error error = last_error("starting the machine");
  if (is_active(seen)) return {};  // somebody was faster
  return error;
}

/// Why the host paused a machine by itself: what it says of the machine's disks.
Error disk_trouble(virDomainPtr domain) {
  std::vector<virDomainDiskError> errors(limits::kDisksMax);
  const int count =
      virDomainGetDiskErrors(domain, errors.data(), static_cast<unsigned>(errors.size()), 0);
  std::string disks;
  bool full = false;
  for (int i = 0; i < count; ++i) {
    full = full || errors[i].error == VIR_DOMAIN_DISK_ERROR_NO_SPACE;
    disks += (disks.empty() ? "" : ", ") + std::string(errors[i].disk);
    std::free(errors[i].disk);
  }
  if (full)
    return {Code::TooManyRequests,
            "the host paused the machine because its storage is full (" + disks +
                "): it goes on when there is room",
            "WaitForCapacity"};
  return {Code::ServiceUnavailable,
          "the host paused the machine because a disk could not be read or written" +
              (disks.empty() ? "" : " (" + disks + ")"),
          "DiskFailed"};
}

// A guest that was paused because a disk failed repeats at once what failed.
Status resume(const Seen& seen) {
  if (virDomainResume(seen.domain.get()) != 0) return last_error("resuming the machine");
  if (seen.reason != VIR_DOMAIN_PAUSED_IOERROR) return {};
  for (Duration waited{}; waited < limits::kResumePatience; waited += kGlance) {
    std::this_thread::sleep_for(kGlance);
    int state = 0, reason = 0;
    if (virDomainGetState(seen.domain.get(), &state, &reason, 0) != 0)
      return last_error("asking for the machine's state");
    if (state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_IOERROR)
      return disk_trouble(seen.domain.get());
  }
  return {};
}

Status power_on(virConnectPtr connection, const Seen& seen, Instant now) {
  if (!seen.active) return start(seen, now);
  if (seen.state != VIR_DOMAIN_PAUSED) return {};
  if (is_wedged(seen, now)) return replace_wedged(connection, seen);
  if (seen.reason == VIR_DOMAIN_PAUSED_STARTING_UP) return {};  // somebody's start is on its way
  return resume(seen);
}

Status pull_the_plug(const Seen& seen) {
  if (virDomainDestroy(seen.domain.get()) == 0) return {};
  const Error error = last_error("stopping the machine");
  return is_off(seen) ? Status() : Status(error);
}

Status press_the_button(const Seen& seen, const StopMark& mark) {
  // Noted first: a guest that is fast takes the running definition, and the note, with it.
  virDomainSetMetadata(seen.domain.get(), VIR_DOMAIN_METADATA_ELEMENT, stop_element(mark).c_str(),
                       "charter-stop", kStopUri, VIR_DOMAIN_AFFECT_LIVE);
  if (virDomainShutdown(seen.domain.get()) == 0) return {};
  const Error error = last_error("shutting down the machine");
  return is_off(seen) ? Status() : Status(error);
}

Status power_off(const Seen& seen, const Endpoint& endpoint, Instant now) {
  if (!seen.active) return {};
  if (is_wedged(seen, now)) return {};  // no guest runs
  // A guest that does not run cannot shut down.
  if (seen.state == VIR_DOMAIN_PAUSED || seen.state == VIR_DOMAIN_CRASHED)
    return pull_the_plug(seen);
  const int64_t second = seconds_of(now);
  StopMark mark = seen.live.stop.value_or(StopMark{second, 0});
  const auto patience =
      std::chrono::duration_cast<std::chrono::seconds>(endpoint.settings.stop_timeout).count();
  if (second - mark.first_s >= patience && seen.live.stop) return pull_the_plug(seen);
  if (second - mark.last_s < limits::kShutdownRepeat.count()) return {};
  mark.last_s = second;
  return press_the_button(seen, mark);
}

/// What a resize came to while it runs.
enum class Live { Done, NotPossible };

bool has_memory(const Seen& seen, int64_t bytes) {
  virDomainInfo info{};
  if (virDomainGetInfo(seen.domain.get(), &info) != 0) return false;
  const auto now = static_cast<int64_t>(info.memory) * 1024;
  return std::abs(now - bytes) < limits::kMemoryRounding;
}

// Success only says that the balloon was asked; a guest without its driver never answers.
Live change_memory(const Seen& seen, int64_t bytes) {
  if (seen.live.memory_bytes == bytes) return Live::Done;
  if (bytes > seen.live.memory_max_bytes) return Live::NotPossible;
  const auto kib = static_cast<unsigned long>(bytes / 1024);
  const auto before = static_cast<unsigned long>(seen.live.memory_bytes / 1024);
  if (virDomainSetMemoryFlags(seen.domain.get(), kib, VIR_DOMAIN_AFFECT_LIVE) != 0)
    return Live::NotPossible;
  for (Duration waited{}; waited < limits::kBalloonPatience; waited += kGlance) {
    if (has_memory(seen, bytes)) return Live::Done;
    std::this_thread::sleep_for(kGlance);
  }
  virDomainSetMemoryFlags(seen.domain.get(), before, VIR_DOMAIN_AFFECT_LIVE);
  return Live::NotPossible;
}

Live change_vcpus(const Seen& seen, int vcpus) {
  if (seen.live.vcpus == vcpus) return Live::Done;
  if (vcpus < seen.live.vcpus || vcpus > seen.live.vcpus_max) return Live::NotPossible;
  if (virDomainSetVcpusFlags(seen.domain.get(), static_cast<unsigned>(vcpus),
                             VIR_DOMAIN_AFFECT_LIVE) == 0)
    return Live::Done;
  last_error("plugging in processors");
  return Live::NotPossible;
}

Live change_live(const Seen& seen, int vcpus, int64_t memory_bytes) {
  if (vcpus < seen.live.vcpus || vcpus > seen.live.vcpus_max) return Live::NotPossible;
  if (change_memory(seen, memory_bytes) == Live::NotPossible) return Live::NotPossible;
  return change_vcpus(seen, vcpus);
}

}  // namespace

Status power_machine(virConnectPtr connection, const Endpoint& endpoint, const std::string& uid,
                     PowerState wanted) {
  if (wanted != PowerState::On && wanted != PowerState::Off)
    return Error{Code::Invalid, "power: only On and Off can be asked for"};
  CHARTER_TRY_ASSIGN(const Seen seen, find_ours(connection, endpoint, uid));
  const Instant now = endpoint.clock->now();
  return wanted == PowerState::On ? power_on(connection, seen, now)
                                  : power_off(seen, endpoint, now);
}

Result<ResizeOutcome> resize_machine(virConnectPtr connection, const Endpoint& endpoint,
                                     const std::string& uid, int vcpus, int64_t memory_bytes) {
  if (vcpus < 1 || memory_bytes < 1)
    return Error{Code::Invalid, "vcpus and memory must be positive"};
  CHARTER_TRY_ASSIGN(const Seen seen, find_ours(connection, endpoint, uid));
  // The next start first: if we die after it, what is still to be done is plain to see.
  CHARTER_TRY_ASSIGN(DomainXml config, config_of(seen.domain));
  config.set_size(vcpus, memory_bytes);
  CHARTER_TRY(define(connection, config.text(), "resizing the machine"));
  if (!seen.active) return ResizeOutcome::Applied;
  return change_live(seen, vcpus, memory_bytes) == Live::Done ? ResizeOutcome::Applied
                                                              : ResizeOutcome::RestartRequired;
}

}  // namespace charter::libvirt
