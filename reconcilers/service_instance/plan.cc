#include "reconcilers/service_instance/plan.h"

#include "reconcilers/common/reasons.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/service_instance/converge.h"
#include "reconcilers/service_instance/holdings.h"
#include "reconcilers/service_instance/lease.h"
#include "reconcilers/service_instance/placement.h"
#include "reconcilers/service_instance/summary.h"
#include "reconcilers/service_instance/tear_down.h"

#include <algorithm>

namespace charter::service_instance {
namespace {

/// What stands between an instance and its machines, or nothing.
using Obstacle = std::optional<Statement>;

std::string contract_text(const ServiceInstance& instance) {
  return "contract " + instance.spec.contract.name;
}

Obstacle judge_contract(const Pass& pass) {
  const auto& contract = pass.have.contract;
  const auto text = contract_text(pass.instance);
  if (!contract) return ready_false(reasons::kReferenceNotFound, text + " does not exist");
  if (!contract->accepted) {
    return ready_unknown("WaitForAcceptance",
                         text +
                             " is not accepted: read its status.offer and commit the hash to "
                             "its spec.acceptance.offerHash");
  }
  if (!contract->active) {
    return ready_unknown("ContractNotActive", text + " is not in force: " + contract->message);
  }
  return std::nullopt;
}

Obstacle pin_revision(Pass& pass) {
  auto& revision = pass.step.status.revision;
  if (revision.empty()) revision = pass.have.contract->revision;
  if (pass.have.revision != nullptr) return std::nullopt;
  return ready_unknown("RevisionNotFound", "service offering revision " + revision +
                                               " does not exist; it is needed to make machines");
}

Obstacle design(Pass& pass, Blueprint& blueprint) {
  auto made = make_blueprint(*pass.have.revision, pass.instance.spec);
  if (!made) return ready_false(reason_of(made.error()), made.error().message);
  blueprint = std::move(*made);
  return std::nullopt;
}

bool may_replace(const ServiceInstance& instance) {
  return instance.spec.update_policy.strategy == UpdateStrategy::AllowReplace;
}

Obstacle place(Pass& pass, const Blueprint& blueprint) {
  const auto& have = pass.have;
  auto& placement = pass.step.status.placement;
  const bool lost = placement && have.provider_gone;
  if (lost && !may_replace(pass.instance)) {
    return ready_false("ReplaceNotAllowed",
                       "provider " + placement->provider +
                           " does not exist any more; updatePolicy AllowReplace lets the instance "
                           "be made anew elsewhere");
  }
  if (placement && !lost) return std::nullopt;
  if (!have.shortages.empty()) {
    std::string text;
    for (const auto& shortage : have.shortages)
      text += (text.empty() ? "" : ", ") + shortage;
    return ready_false("TooManyUnits", contract_text(pass.instance) + " has too few: " + text);
  }
  const auto demand = demand_of(
      pass.instance.spec, blueprint, have.revision->security,
      {have.contract->placement, have.revision->placement.within, have.account_placement});
  auto choice = choose_provider(demand, have.providers);
  if (!choice.placed) {
    const auto cls = class_of(choice.reason);
    return cls && is_stalled(*cls) ? ready_false(choice.reason, choice.message)
                                   : ready_unknown(choice.reason, choice.message);
  }
  placement = std::move(choice.placed);
  placement->since = std::chrono::floor<std::chrono::seconds>(have.now);
  return std::nullopt;
}

Wanted wanted_now(const Pass& pass, const Blueprint& blueprint) {
  Circumstances now;
  now.provider = pass.step.status.placement->provider;
  now.security = pass.have.revision->security;
  now.activation = pass.activation;
  const auto& restart = pass.instance.spec.restart_at;
  now.restarts = restart && *restart <= pass.have.now;
  now.replicas_max =
      replicas_covered(pass.have.revision->units, pass.have.contract->ordered, blueprint.machines);
  now.volumes_made = !pass.have.volumes.empty();
  for (const auto& machine : pass.have.machines)
    now.made.emplace(machine.spec.component, machine.spec.index);
  return wanted_of(pass.instance, blueprint, now);
}

void say_scheduled(Pass& pass, const Obstacle& obstacle) {
  const auto& placement = pass.step.status.placement;
  if (placement && !(obstacle && obstacle->reason == "ReplaceNotAllowed")) {
    pass.say(is_so("Scheduled", "Placed",
                   "placed on provider " + placement->provider + " (" + placement->region + ", " +
                       placement->jurisdiction + ")"));
  } else if (obstacle) {
    pass.say(is_not_so("Scheduled", obstacle->reason, obstacle->message));
  }
}

// Nothing new may be made. What runs is shown, and stops when it should.
void hold(Pass& pass, Statement obstacle) {
  say_scheduled(pass, obstacle);
  stop_only(pass);
  count_children(pass);
  pass.step.ready = std::move(obstacle);
  const auto cls = class_of(pass.step.ready.reason);
  const bool by_contract = cls && *cls == ReasonClass::WaitForAcceptance;
  pass.step.outcome =
      Outcome::wait(by_contract ? Duration::zero() : Duration(kWaitRetry), pass.step.ready.reason);
}

void run(Pass& pass) {
  Blueprint blueprint;
  auto obstacle = judge_contract(pass);
  if (!obstacle) obstacle = pin_revision(pass);
  if (!obstacle) obstacle = design(pass, blueprint);
  if (!obstacle) obstacle = place(pass, blueprint);
  mirror(pass);
  if (obstacle) return hold(pass, std::move(*obstacle));
  say_scheduled(pass, obstacle);
  const auto wanted = wanted_now(pass, blueprint);
  converge(pass, blueprint, wanted);
  // Nothing is made under a placement or revision that a crash could still forget.
  const auto& noted = pass.instance.status;
  if (noted.placement != pass.step.status.placement ||
      noted.revision != pass.step.status.revision) {
    pass.step.action.reset();
    pass.step.outcome = Outcome::again();
  }
}

// The lease ends, and machines restart, on time, whatever else the instance waits for.
void wake_for(Pass& pass, const std::optional<Instant>& due, const char* reason) {
  using OutcomeKind = Outcome::Kind;
  if (!due || pass.step.outcome.kind == OutcomeKind::Again) return;
  const auto left = *due - pass.have.now;
  const bool sooner = pass.step.outcome.kind == OutcomeKind::Wait &&
                      pass.step.outcome.after > Duration::zero() && pass.step.outcome.after < left;
  if (!sooner) pass.step.outcome = Outcome::wait(left, reason);
}

bool says(const Conditions& conditions, std::string_view type, std::string_view reason) {
  const auto* condition = find_condition(conditions, type);
  return condition != nullptr && condition->reason == reason;
}

}  // namespace

Step plan(const ServiceInstance& instance, const Observed& have) {
  Pass pass{instance, have};
  pass.step.status = instance.status;
  pass.step.status.selector = machine_selector(instance.meta.name);
  if (pass.is_deleting()) {
    tear_down(pass);
    return std::move(pass.step);
  }
  const auto due = apply_lease(pass);
  if (pass.step.action) {
    count_children(pass);
    pass.step.ready = ready_false("LeaseExpired", "the lease is over and the instance is deleted");
    return std::move(pass.step);
  }
  run(pass);
  wake_for(pass, due, "LeaseRunning");
  const auto& restart = pass.instance.spec.restart_at;
  if (restart && *restart > pass.have.now) wake_for(pass, restart, "RestartPlanned");
  return std::move(pass.step);
}

std::string_view phase_of(const Conditions& conditions) {
  if (find_condition(conditions, "Deleting") != nullptr) return "Deleting";
  if (says(conditions, "Ready", "Deactivated") || says(conditions, "Ready", "LeaseExpired"))
    return "Deactivated";
  if (is_true(conditions, "Ready")) return "Running";
  for (const char* word : {"Scaling", "Deactivating", "Reactivating"}) {
    if (says(conditions, "Ready", word)) return "Scaling";
  }
  const auto* ready = find_condition(conditions, "Ready");
  const auto cls = ready != nullptr ? class_of(ready->reason) : std::nullopt;
  if (is_true(conditions, "Scheduled"))
    return cls && *cls == ReasonClass::Progressing ? "Provisioning" : "Degraded";
  return "Pending";
}

}  // namespace charter::service_instance
