#pragma once

#include "controller/base/result.h"

#include <string>

// What a failed libvirt call means to its caller. libvirt's own text goes to the log: it may name
// paths and addresses of the host.
//
//   libvirt's code                        becomes
//   NO_DOMAIN, NO_STORAGE_VOL             NotFound
//   NO_STORAGE_POOL, NO_NETWORK           ServiceUnavailable: the host lacks what the Provider
//   names OPERATION_INVALID, RESOURCE_BUSY      Conflict: wrong state, or in use OPERATION_FAILED,
//   STORAGE_VOL_EXIST   Conflict OPERATION_TIMEOUT                     Timeout NO_SUPPORT,
//   CONFIG_UNSUPPORTED,       Invalid: never on this host ARGUMENT_UNSUPPORTED,
//   OPERATION_UNSUPPORTED, INVALID_ARG, XML_ERROR
//   AUTH_FAILED, ACCESS_DENIED,           Forbidden
//   OPERATION_DENIED
//   SYSTEM_ERROR with ENOSPC              TooManyRequests, reason WaitForCapacity
//   others, and none at all               ServiceUnavailable: a lost connection may say nothing
namespace charter::libvirt {

/// The code of this thread's last failed call; 0 when libvirt left none.
int last_code();

/// This thread's last failed call as an error of ours. `doing` completes "failed: …", e.g.
/// "starting the machine". Logs libvirt's text.
Error last_error(const std::string& doing);

/// Whether the last failed call says that the thing does not exist.
bool last_was_absence();
/// Whether the last failed call is one that this hypervisor does not have.
bool last_was_unsupported();

}  // namespace charter::libvirt
