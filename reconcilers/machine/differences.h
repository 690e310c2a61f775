#pragma once

#include "crds/types/machine.h"
#include "drivers/machine_driver.h"

#include <string>
#include <vector>

// What differs between a Machine's spec and its vm, and why. Pure.
namespace charter::machine {

/// Why a vm differs from the spec.
enum class Cause { SpecChanged, Drift };

/// One difference.
struct Difference {
  Drift shown;
  Cause cause = Cause::SpecChanged;
};

/// Names of fields in Difference::shown.
namespace fields {
inline constexpr std::string_view kExistence = "existence";
inline constexpr std::string_view kPower = "power";
inline constexpr std::string_view kVcpus = "vcpus";
inline constexpr std::string_view kMemory = "memory";
inline constexpr std::string_view kImage = "image.digest";
inline constexpr std::string_view kBootDisk = "bootDisk.size";
inline constexpr std::string_view kDiskClass = "bootDisk.class";
inline constexpr std::string_view kSecurity = "security";
}  // namespace fields

/// "On", "Off", "Starting", …: a power state as status.state shows it.
std::string_view power_word(PowerState power);
/// What status.power says of it.
ObservedPower observed_power(PowerState power);

/// All differences, in the order of the names above. A vm that is on its way (starting, stopping)
/// has no difference in power; one that is protected better than asked has none in security.
std::vector<Difference> differences(const Machine& machine, const MachineState& vm);
/// The one about a field, or nullptr.
const Difference* find(const std::vector<Difference>& all, std::string_view field);

}  // namespace charter::machine
