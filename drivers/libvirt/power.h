#pragma once

#include "drivers/libvirt/endpoint.h"
#include "drivers/libvirt/handle.h"
#include "drivers/machine_driver.h"

#include <string>

// Starting, stopping and resizing one machine. See machines.h.
//
// A graceful stop has no memory here: when it was first and last asked for stands in the running
// domain's metadata. Its caller asks again as long as the machine runs; after kShutdownRepeat that
// presses the button once more, after the stop timeout it pulls the plug. So a stop goes on whoever
// dies in between.
namespace charter::libvirt {

Status power_machine(virConnectPtr connection, const Endpoint& endpoint, const std::string& uid,
                     PowerState wanted);

// What runs is changed only if all of it can be, and what was done is looked at afterwards:
//
//   running  processors  memory                        -> now      next start
//   no       any         any                              -        as asked, Applied
//   yes      as is, more as is, or within what it began   as asked as asked, Applied
//            (headroom)  with and the guest gives it
//   yes      fewer, or beyond the headroom                -        as asked, RestartRequired
//   yes      any         more than it began with, or      -        as asked, RestartRequired
//                        the guest does not give it back
//
// Fewer processors always wait: QEMU without KVM takes the request, never finishes it, and dies of
// the next one.
Result<ResizeOutcome> resize_machine(virConnectPtr connection, const Endpoint& endpoint,
                                     const std::string& uid, int vcpus, int64_t memory_bytes);

}  // namespace charter::libvirt
