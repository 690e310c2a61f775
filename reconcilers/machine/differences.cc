#include "reconcilers/machine/differences.h"

#include "reconcilers/provider/endpoint.h"

#include <algorithm>

namespace charter::machine {
namespace {

bool is_known_drift(const Machine& machine, const Drift& shown) {
  const auto& known = machine.status.drift;
  return std::any_of(known.begin(), known.end(), [&](const Drift& old) {
    return old.field == shown.field && old.wanted == shown.wanted;
  });
}

/// Collects differences of one machine.
class Comparison {
 public:
  explicit Comparison(const Machine& machine) : machine_(machine) {}

  /// `reached`: the status shows that the vm once had the wanted value.
  void note(std::string_view field, std::string wanted, std::string found, bool reached) {
    if (wanted == found) return;
    Drift shown{std::string(field), std::move(wanted), std::move(found)};
    const bool drift = reached || is_known_drift(machine_, shown);
    all_.push_back({std::move(shown), drift ? Cause::Drift : Cause::SpecChanged});
  }
  std::vector<Difference> take() { return std::move(all_); }

 private:
  const Machine& machine_;
  std::vector<Difference> all_;
};

// What the power would have to be called to equal the wanted one.
std::string found_power(Power wanted, PowerState found) {
  const bool on_its_way =
      found == PowerState::Stopping || (found == PowerState::Starting && wanted == Power::On);
  if (on_its_way) return std::string(to_word(wanted));
  // A crashed machine does not run, which is all that Off asks for.
  if (found == PowerState::Crashed && wanted == Power::Off) return "Off";
  return std::string(power_word(found));
}

}  // namespace

std::string_view power_word(PowerState power) {
  switch (power) {
    case PowerState::Off:
      return "Off";
    case PowerState::Starting:
      return "Starting";
    case PowerState::On:
      return "On";
    case PowerState::Stopping:
      return "Stopping";
    case PowerState::Paused:
      return "Paused";
    case PowerState::Crashed:
      return "Crashed";
  }
  return "Unknown";
}

ObservedPower observed_power(PowerState power) {
  if (power == PowerState::On) return ObservedPower::On;
  const bool off = power == PowerState::Off || power == PowerState::Crashed;
  return off ? ObservedPower::Off : ObservedPower::Unknown;
}

std::vector<Difference> differences(const Machine& machine, const MachineState& vm) {
  const auto& spec = machine.spec;
  const auto& seen = machine.status;
  Comparison compare(machine);
  const auto wanted_power = spec.power == Power::On ? ObservedPower::On : ObservedPower::Off;
  compare.note(fields::kPower, std::string(to_word(spec.power)), found_power(spec.power, vm.power),
               seen.power == wanted_power);
  compare.note(fields::kVcpus, std::to_string(spec.vcpus), std::to_string(vm.vcpus),
               seen.vcpus == spec.vcpus);
  compare.note(fields::kMemory, bytes_text(spec.memory_bytes), bytes_text(vm.memory_bytes),
               seen.memory_bytes == spec.memory_bytes);
  // A driver that cannot tell which image a disk was made from says nothing about it.
  if (!vm.image_digest.empty())
    compare.note(fields::kImage, spec.image.digest, vm.image_digest,
                 seen.image_digest == spec.image.digest);
  compare.note(fields::kBootDisk, bytes_text(spec.boot_disk.size_bytes), bytes_text(vm.disk_bytes),
               false);
  if (!spec.boot_disk.disk_class.empty())
    compare.note(fields::kDiskClass, spec.boot_disk.disk_class, vm.disk_class, false);
  if (!provider::check_protected(spec.security, vm.protection)) {
    compare.note(fields::kSecurity,
                 describe(provider::protection_of(machine.meta.ns, spec.security)),
                 describe(vm.protection), false);
  }
  return compare.take();
}

const Difference* find(const std::vector<Difference>& all, std::string_view field) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Difference& difference) {
    return difference.shown.field == field;
  });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace charter::machine
