#pragma once

#include "controller/base/clock.h"
#include "controller/base/command.h"
#include "controller/base/result.h"

#include <string>
#include <vector>

// A change of the server's own CA without a moment in which anybody is not trusted. Each step
// changes files in `data_dir`/pki, which a running server reads again by itself:
//
//   prepare   ca.crt  old, new     the old one signs, both are trusted; kubeconfigs name both
//             (hand out the new kubeconfig or ca.crt to every client)
//   switch    ca.crt  new, old     the new one signs; server and admin certificates are issued anew
//             (issue clients' certificates anew, or wait until those of the old one have ended)
//   finish    ca.crt  new          nothing of the old one is trusted any more
//
// A step that was cut off can be repeated. Not thread-safe: one administrator.
namespace charter {

/// Makes the next CA. Errors: Conflict when one is prepared already, InternalError naming the file.
Status prepare_ca(const std::string& data_dir, Instant now);
/// Lets the prepared CA sign; the old one's key is gone then. Errors: NotFound when none is
/// prepared.
Status switch_ca(const std::string& data_dir);
/// Trusts the signing CA alone. Errors: Conflict while one is prepared.
Status finish_ca(const std::string& data_dir);

/// `charter ca prepare | switch | finish`.
std::vector<Command> ca_commands();

}  // namespace charter
