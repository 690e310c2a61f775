#pragma once

#include "crds/types/machine.h"
#include "drivers/counter_readings.h"
#include "reconcilers/common/step.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Decides the next step for one machine. Pure: no I/O, no clock, no globals. "vm" is the external
// machine with this object's UID; one that is incomplete counts as absent, except that deletion
// removes its parts as it does one that is off. Rows are tried from the top; `diff` is what differs
// between spec and vm and may be put right: changes of the spec always, drift only under policy
// Correct.
//
//   deleting  vm                diff                -> next                   Ready reason
//   yes       absent, foreign   -                   -> release                Deleting
//   yes       on, starting      -                   -> PowerOff               Deleting
//   yes       stopping          -                   -> (wait)                 Deleting
//   yes       off, crashed      -                   -> Remove                 Deleting
//   no        foreign stamp     -                   -> (stuck)                NotYours
//   no        never made        -                   -> Create                 Provisioning
//   no        vanished          Correct             -> Create                 Provisioning
//   no        vanished          Report              -> (nothing)              DriftReported
//   no        vanished          Ignore              -> (nothing)              Lost
//   no        any               image, boot disk,   -> (note), PowerOff,      Replacing
//                               its class, security    Remove
//                               and AllowReplace
//   no        on, off, crashed  size, not staged    -> Resize                 Resizing
//   no        on                size, staged, and   -> (note), PowerOff       Restarting
//                               a restart allowed
//   no        on                staged, no diff     -> Resize (to what is)    Resizing
//   no        on                booted before       -> (note), PowerOff       Restarting
//                               restartAt
//   no        on, starting      wanted off          -> PowerOff               Stopping
//   no        off, no image     wanted on           -> (wait)                 Provisioning
//   no        off, crashed      wanted on           -> PowerOn                Provisioning,
//                                                                             Starting
//   no        starting          -                   -> (wait)                 Provisioning,
//                                                                             Starting
//   no        stopping          -                   -> (wait)                 Stopping
//   no        on, no address    -                   -> (wait)                 Provisioning
//   no        any               volumes missing     -> (wait)                 Attaching
//   no        any               needs what policy   -> (nothing)              InPlaceNotPossible,
//                               forbids                                       ReplaceNotAllowed
//   no        off, crashed      power drift, not    -> (nothing)              DriftReported,
//                               corrected                                     Crashed, Stopped
//   no        on, off as wanted -                   -> (nothing)              Running, Stopped
//
// Drift or change? A difference is drift when the status shows that the wanted value had been
// reached (or that it is drift already); else the spec changed. Before the machine itself stops or
// removes a vm to start or make it again, the status notes it ("(note)", a pass without an action),
// so that no crash in between makes our own work look like somebody else's.
//
// Volumes are attached by their own reconciler: one writer per attachment. What the machine is
// charged for goes with every row (metering.h). One that still is charged for is neither removed
// nor released: the end is noted first, in a pass of its own.
namespace charter::machine {

/// Makes the vm, powered off.
struct Create {
  bool operator==(const Create&) const = default;
};
/// Starts the vm.
struct PowerOn {
  bool operator==(const PowerOn&) const = default;
};
/// Shuts it down gracefully.
struct PowerOff {
  bool operator==(const PowerOff&) const = default;
};
/// Live where possible; else the driver stages it for the next start.
struct Resize {
  int64_t vcpus = 0;
  int64_t memory_bytes = 0;
  bool operator==(const Resize&) const = default;
};
/// Removes vm and boot disk.
struct Remove {
  bool operator==(const Remove&) const = default;
};
using Action = std::variant<Create, PowerOn, PowerOff, Resize, Remove>;
/// The decision about a machine.
using Step = charter::Step<Machine, Action>;

/// Time between looks at a machine that is starting, stopping or getting its image. Short against a
/// boot; ten thousand booting machines still leave the workers idle most of the time.
inline constexpr Duration kPollInterval = std::chrono::seconds(1);

/// The world around one machine, looked at once.
struct Observed {
  std::optional<MachineState> vm;     ///< nothing: there is none, for sure
  std::vector<std::string> attached;  ///< names of Volumes that the vm has, sorted
  Instant now{};
  std::string contract_uid;               ///< of the contract that spec names; empty: there is none
  std::string by;                         ///< who last changed what the instance asks for
  std::optional<CounterReading> reading;  ///< of its counters, if there is a newer one
  bool consumption_is_priced = false;     ///< looked at with a reading, and when it is made
};

/// The table above.
Step plan(const Machine& machine, const Observed& have);

/// Pending, Creating, Running, Stopped, Deleting or Failed.
std::string_view phase_of(const Conditions& conditions);

}  // namespace charter::machine
