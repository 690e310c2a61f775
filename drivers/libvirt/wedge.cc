#include "drivers/libvirt/wedge.h"

#include "controller/base/log.h"
#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/names.h"

#include <libvirt/virterror.h>

namespace charter::libvirt {
namespace {

bool is_starting(const Reading& seen) {
  return seen.state == VIR_DOMAIN_PAUSED && seen.reason == VIR_DOMAIN_PAUSED_STARTING_UP;
}

}  // namespace

bool is_wedged(const Reading& seen, Instant now) {
  if (!is_starting(seen)) return false;
  const auto second = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  return second.count() - seen.live.started_s.value_or(0) > limits::kStartPatience.count();
}

Status give_up(virConnectPtr connection, const Seen& seen) {
  CHARTER_TRY_ASSIGN(DomainXml config, config_of(seen.domain));
  config.give_up();
  return define(connection, config.text(), "giving up a machine's interrupted start");
}

Status replace_wedged(virConnectPtr connection, const Seen& seen) {
  if (virDomainDestroy(seen.domain.get()) == 0) return {};
  if (last_code() != VIR_ERR_OPERATION_TIMEOUT) return last_error("ending an interrupted start");
  const std::string& uid = seen.config.stamp->uid;
  if (seen.config.uuid != uid) {
    return Error{Code::Conflict,
                 "the host was interrupted twice while it started this machine and does not let go "
                 "of it: restart the host"};
  }
  CHARTER_TRY_ASSIGN(DomainXml config, config_of(seen.domain));
  const std::string substitute = substitute_of(uid);
  if (substitute.empty())
    return Error{Code::Conflict, "the host does not let go of this machine: restart the host"};
  config.set_identity(substitute, substitute_name(uid));
  CHARTER_TRY(define(connection, config.text(), "making another domain for the machine"));
  CHARTER_TRY(give_up(connection, seen));
  log_warn("libvirt", "another domain stands in for one whose start was interrupted",
           {{"machine", uid}, {"domain", substitute_name(uid)}});
  return {};
}

}  // namespace charter::libvirt
