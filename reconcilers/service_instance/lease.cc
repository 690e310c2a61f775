#include "reconcilers/service_instance/lease.h"

namespace charter::service_instance {
namespace {

constexpr const char* kLeaseCondition = "Lease";

// The message is the record of which duration the end was worked out from.
std::string opening(const ServiceInstance::Lease& lease) {
  return duration_text(lease.duration) + " lease ";
}

std::string text_of(const ServiceInstance::Lease& lease, Instant end) {
  return opening(lease) + "ends at " + format_time(end) + "; then the instance is " +
         (lease.action == LeaseAction::Delete ? "deleted" : "deactivated") +
         "; change spec.lease.duration to prolong it";
}

// Without status the instance is new. A lease that came or changed later counts from when it is
// first seen.
Instant end_of(const Pass& pass, const ServiceInstance::Lease& lease) {
  const auto& instance = pass.instance;
  const auto* said = find_condition(instance.conditions, kLeaseCondition);
  if (instance.status.lease_expires && said != nullptr &&
      said->message.starts_with(opening(lease))) {
    return *instance.status.lease_expires;
  }
  const bool is_new = instance.status.observed_generation == 0;
  const auto created = parse_time(instance.meta.created);
  const auto start = is_new && created ? *created : pass.have.now;
  return std::chrono::floor<std::chrono::seconds>(start + lease.duration);
}

bool said_before(const Pass& pass, std::string_view reason) {
  const auto* said = find_condition(pass.instance.conditions, kLeaseCondition);
  return said != nullptr && said->reason == reason;
}

void announce(Pass& pass, const char* reason, const std::string& text) {
  if (said_before(pass, reason)) return;
  pass.step.events.push_back({Announcement::Type::Warning, reason, text});
}

void expire(Pass& pass, const ServiceInstance::Lease& lease, Instant end) {
  const auto text = text_of(lease, end);
  pass.say(is_not_so(kLeaseCondition, "LeaseExpired", text));
  announce(pass, "LeaseExpired", text);
  if (lease.action == LeaseAction::Deactivate) {
    pass.activation = Activation::Deactivated;
    return;
  }
  pass.step.action =
      DeleteObject{DeleteObject::Kind::Instance, pass.instance.meta.name, pass.instance.meta.uid};
}

}  // namespace

bool lease_is_over(const Pass& pass) {
  const auto& end = pass.step.status.lease_expires;
  return pass.instance.spec.lease && end && *end <= pass.have.now;
}

std::optional<Instant> apply_lease(Pass& pass) {
  pass.activation = pass.instance.spec.activation;
  const auto& lease = pass.instance.spec.lease;
  auto& expires = pass.step.status.lease_expires;
  if (!lease) {
    expires.reset();
    return std::nullopt;
  }
  expires = end_of(pass, *lease);
  if (lease_is_over(pass)) {
    expire(pass, *lease, *expires);
    return std::nullopt;
  }
  const auto text = text_of(*lease, *expires);
  const auto warning = *expires - lease->warn_before;
  if (warning > pass.have.now) {
    pass.say(is_so(kLeaseCondition, "LeaseRunning", text));
    return warning;
  }
  pass.say(is_so(kLeaseCondition, "LeaseExpiring", text));
  announce(pass, "LeaseExpiring", text);
  return expires;
}

}  // namespace charter::service_instance
