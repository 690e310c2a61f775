#include "reconcilers/service_offering_revision/plan.h"

#include "reconcilers/common/in_use.h"

namespace charter::service_offering_revision {
namespace {

std::vector<std::string> users_of(const ServiceOfferingRevision& revision, const Observed& have) {
  std::vector<std::string> users;
  const auto& offering = have.offering;
  if (offering && !offering->deleting && offering->revision == revision.meta.name) {
    users.push_back("service offering " + revision.spec.offering.name);
  }
  for (const auto& name : have.contracts)
    users.push_back("contract " + name);
  for (const auto& name : have.instances)
    users.push_back("service instance " + name);
  return users;
}

bool is_garbage(const ServiceOfferingRevision& revision, const Observed& have) {
  if (!have.offering) return true;
  return !have.offering->undecided && have.offering->edition > revision.spec.edition &&
         have.offering->revision != revision.meta.name;
}

}  // namespace

Step plan(const ServiceOfferingRevision& revision, const Observed& have) {
  Step step;
  const auto users = users_of(revision, have);
  step.status = revision.status;
  step.status.current = have.offering && have.offering->revision == revision.meta.name;
  step.status.contracts = static_cast<int64_t>(have.contracts.size());
  if (plan_in_use_deletion(revision.meta, users, step)) return step;
  if (users.empty() && is_garbage(revision, have)) {
    step.ready = ready_unknown(reasons::kDeleting, "superseded, and nobody uses it any more");
    step.action = DeleteSelf{};
  } else if (step.status.current) {
    step.ready = ready_true("Current", "new contracts get it");
  } else {
    step.ready = ready_true("Superseded", "kept for those who pinned it");
  }
  return step;
}

std::string_view phase_of(const Conditions& conditions) {
  const auto* ready = find_condition(conditions, "Ready");
  return ready != nullptr && ready->reason == "Current" ? "Current" : "Superseded";
}

}  // namespace charter::service_offering_revision
