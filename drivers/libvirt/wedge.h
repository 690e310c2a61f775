#pragma once

#include "controller/base/clock.h"
#include "drivers/libvirt/domains.h"
#include "drivers/libvirt/handle.h"

// Domains that a host does not let go of. A libvirtd that is killed in the first ten milliseconds
// of a start, before it has noted the process, takes the domain for starting ever after: no QEMU
// runs, each change times out, and the daemon's restarts do not help; only the host's own does
// (seen with libvirt 9.0.0). Its definition, though, can be replaced. So the machine gets another
// domain, with a UUID of its own (names.h) and the same disks and cards, and the wedged one is
// given up: marked so, without disks and cards, and undefined by the first look that finds the host
// has let go of it.
//
// Should a QEMU run after all, its lock on the boot disk keeps the substitute from starting.
namespace charter::libvirt {

/// Whether it has been starting for longer than any start takes.
bool is_wedged(const Reading& seen, Instant now);

/// Makes the substitute, off. First tries what would prove that it is not wedged, which takes as
/// long as libvirt waits for its lock: 30 s. Errors: of these; Conflict when there was a substitute
/// before.
Status replace_wedged(virConnectPtr connection, const Seen& seen);

/// Gives it up. Idempotent.
Status give_up(virConnectPtr connection, const Seen& seen);

}  // namespace charter::libvirt
