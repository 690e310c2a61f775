#pragma once

#include "crds/types/volume.h"
#include "drivers/volume_driver.h"
#include "reconcilers/common/step.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Decides the next step for one volume. Pure: no I/O, no clock, no globals. "ext" is the external
// volume with this object's UID; "wanted" are the machines of spec.attachTo and those that name the
// volume in their spec.volumes.
//
//   deleting  placed  ext            attachments       -> next             Ready reason
//   yes       no      -              -                 -> release          Deleting
//   yes       yes     absent         -                 -> release          Deleting
//   yes       yes     there          some              -> Detach           Deleting
//   yes       yes     there          none, Delete      -> Remove           Deleting
//   yes       yes     there          none, Retain or   -> release          Deleting
//                                    Detach
//   no        no      -              -                 -> (wait)           blocker's reason
//   no        chosen  -              -                 -> (note provider)  Scheduling
//   no        yes     never made     -                 -> Create           Provisioning
//   no        yes     vanished       -                 -> Create           Provisioning  (Correct)
//                                                         (nothing)        DriftReported (Report)
//                                                         (nothing)        Lost          (Ignore)
//   no        yes     smaller        -                 -> Grow             Growing
//   no        yes     there          not wanted        -> Detach           Detaching
//   no        yes     there          missing, vm there -> Attach           Attaching
//   no        yes     there          missing, no vm    -> (wait)           Attaching
//   no        yes     larger         -                 -> (nothing)        ShrinkNotPossible
//   no        yes     less protected -                 -> (nothing)        IsolationNotPossible,
//                                                                          EncryptionNotPossible
//   no        yes     there          as wanted         -> (nothing)        Attached, Available
//
// What the volume is charged for goes with every row (metering.h); one that still is charged for is
// neither removed nor released: the end is noted first, in a pass of its own.
//
// The provider is noted in the status before anything is made there: after a crash the same
// provider is asked, not another one. A volume that was detached outside is attached again under
// driftPolicy Correct only.
namespace charter::volume {

/// Makes it.
struct Create {
  SecurityPolicy security;
  bool operator==(const Create&) const = default;
};
/// Makes it larger.
struct Grow {
  int64_t size_bytes = 0;
  bool operator==(const Grow&) const = default;
};
/// Attaches it to a machine.
struct Attach {
  std::string machine_uid;
  bool operator==(const Attach&) const = default;
};
/// Takes it off a machine.
struct Detach {
  std::string machine_uid;
  bool operator==(const Detach&) const = default;
};
/// Destroys it.
struct Remove {
  bool operator==(const Remove&) const = default;
};
using Action = std::variant<Create, Grow, Attach, Detach, Remove>;
/// The decision about a volume.
using Step = charter::Step<Volume, Action>;

/// A machine that this volume is wanted on.
struct Target {
  std::string name;
  std::string uid;      ///< empty: no such Machine
  bool exists = false;  ///< its vm is there
  bool going = false;   ///< it is being deleted
};

/// Why no provider could be chosen.
struct Blocker {
  std::string reason;  ///< a word of reasons.h
  std::string message;
};

/// The world around one volume, looked at once.
struct Observed {
  std::string provider;  ///< where it lives or shall live; empty: see `blocker`
  std::optional<Blocker> blocker;
  SecurityPolicy security;         ///< what it asks for, and at least what its contract promises
  std::optional<VolumeState> ext;  ///< only looked for once status.provider is noted
  std::vector<Target> targets;     ///< sorted by name
  std::vector<std::string> attached_names;  ///< Machines that have it, sorted
  Instant now{};
  std::string contract_uid;     ///< of the contract that spec names; empty: there is none
  bool contract_ended = false;  ///< who paid for it pays no more
  std::string by;               ///< who last changed what it is made for
};

/// The table above.
Step plan(const Volume& volume, const Observed& have);

/// The size a volume counts with, in units, on bills and in its status. Hosts keep whole blocks: what
/// that adds to what is ordered, or was before a growth that is under way, nobody has ordered.
int64_t counted_size(const Volume& volume, const VolumeState& ext);

/// Pending, Creating, Available, Attached, Deleting or Failed.
std::string_view phase_of(const Conditions& conditions);

}  // namespace charter::volume
