#pragma once

#include "controller/base/result.h"

#include <string>

// What a failed libvirt call means to its caller. libvirt's own text goes to the log: it may name
// paths and addresses of the host.
//
//   libvirt's code                             becomes
//   NO_DOMAIN, NO_STORAGE_VOL                  NotFound
//   NO_STORAGE_POOL, NO_NETWORK                ServiceUnavailable: the host lacks what we name
//   OPERATION_INVALID, RESOURCE_BUSY           Conflict: wrong state, or in use
//   OPERATION_FAILED, STORAGE_VOL_EXIST        Conflict
//   OPERATION_TIMEOUT                          Timeout
//   NO_SUPPORT, ..._UNSUPPORTED, INVALID_ARG   Invalid: never on this host
//   XML_ERROR                                  Invalid
//   AUTH_FAILED, ACCESS_DENIED                 Forbidden
//   OPERATION_DENIED                           Forbidden
//   any that says ENOSPC                       TooManyRequests, reason WaitForCapacity
//   others, and none at all                    ServiceUnavailable: when lost it may say nothing
namespace charter::libvirt {

/// The code of this thread's last failed call; 0 when libvirt left none.
int last_code();

/// This thread's last failed call as an error of ours. `doing` completes "failed: …", e.g.
/// "starting the machine". Logs libvirt's text.
Error last_error(const std::string& doing);

/// As last_error, for a failure that is logged by who knows whether it is news.
Error last_error_unlogged(const std::string& doing);
/// libvirt's text of this thread's last failed call, for the log only.
std::string last_text();

/// Whether the last failed call says that the thing does not exist.
bool last_was_absence();
/// Whether the last failed call is one that this hypervisor does not have.
bool last_was_unsupported();

}  // namespace charter::libvirt
