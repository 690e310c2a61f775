#include "reconcilers/machine/plan.h"

#include "reconcilers/common/metering.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/machine/differences.h"
#include "reconcilers/machine/metering.h"

#include <algorithm>

namespace charter::machine {
namespace {

constexpr std::string_view kRestarting = "Restarting";
constexpr std::string_view kReplacing = "Replacing";
// Volumes announce their attachment; this only covers an announcement that was missed.
constexpr Duration kVolumeWait = std::chrono::seconds(30);

bool is_off(PowerState power) {
  return power == PowerState::Off || power == PowerState::Crashed;
}

Statement scheduled(const Machine& machine) {
  return is_so("Scheduled", "Scheduled", "on provider " + machine.spec.provider.name);
}

Statement drift_statement(const Machine& machine, const std::vector<Drift>& drift) {
  std::string text;
  for (const auto& entry : drift) {
    text += (text.empty() ? "" : ", ") + entry.field + " is " + entry.found + ", wanted " +
            entry.wanted;
  }
  const bool correct = machine.spec.drift_policy.mode == DriftMode::Correct;
  return is_so("DriftDetected", correct ? "DriftDetected" : "DriftReported",
               text + (correct ? "; is put right" : "; left as it is by driftPolicy Report"));
}

// --- deletion
// -------------------------------------------------------------------------------------

Step released(const Machine& machine, Announcement event) {
  Step step;
  step.status = machine.status;
  step.ready = ready_false("Deleting", "nothing is left outside");
  step.release = {std::string(kReclaimFinalizer)};
  step.events = {std::move(event)};
  return step;
}

Step deletion(const Machine& machine, const Observed& have) {
  const auto& vm = have.vm;
  const std::string on = " on provider " + machine.spec.provider.name;
  if (!vm) {
    return released(
        machine, {Announcement::Type::Normal, "Reclaimed", "machine and boot disk are gone" + on});
  }
  if (vm->owner != machine.meta.uid) {
    return released(machine, {Announcement::Type::Warning, "NotYours",
                              vm->external_id + on + " was not made by us and is left alone"});
  }
  Step step;
  step.status = machine.status;
  step.status.state = "Deleting";
  step.status.power = observed_power(vm->power);
  step.ready = ready_false("Deleting", "is being deleted");
  step.outcome = Outcome::again(kPollInterval);
  if (is_off(vm->power)) {
    step.deletion = DeletionStep{"DeletingMachine", "removing " + vm->external_id + on};
    step.action = Remove{};
    return step;
  }
  step.deletion = DeletionStep{"StoppingMachine", "shutting down " + vm->external_id + on};
  step.status.power = ObservedPower::Unknown;
  if (vm->power != PowerState::Stopping) step.action = PowerOff{};
  return step;
}

// --- no vm
// ----------------------------------------------------------------------------------------

Step creation(const Machine& machine, std::vector<Drift> drift) {
  Step step;
  step.status.state = "Creating";
  step.status.drift = std::move(drift);
  step.action = Create{};
  step.passing = step.status.drift.empty();
  step.outcome = Outcome::again();
  step.ready = ready_unknown("Provisioning", "making the machine");
  step.conditions = {scheduled(machine),
                     is_unknown("Provisioned", "CreatingMachine", "making the machine")};
  if (!step.status.drift.empty())
    step.conditions.push_back(drift_statement(machine, step.status.drift));
  return step;
}

Step vanished(const Machine& machine) {
  const std::string was = machine.status.external_id + " on provider " + machine.spec.provider.name;
  const std::vector<Drift> drift = {{std::string(fields::kExistence), "present", "absent"}};
  if (machine.spec.drift_policy.mode == DriftMode::Correct) return creation(machine, drift);
  Step step;
  step.status = machine.status;
  step.status.state = "Unknown";
  step.status.power = ObservedPower::Unknown;
  step.status.booted_at.reset();
  step.status.attached_volumes.clear();
  const bool report = machine.spec.drift_policy.mode == DriftMode::Report;
  step.status.drift = report ? drift : std::vector<Drift>();
  const std::string message = was +
                              " is gone though nobody asked us to delete it; set driftPolicy "
                              "Correct to have it made again";
  const std::string_view reason = report ? "DriftReported" : "Lost";
  step.ready = ready_false(reason, message);
  step.conditions = {scheduled(machine), is_not_so("Provisioned", "NotProvisioned", message)};
  if (report) step.conditions.push_back(drift_statement(machine, drift));
  step.outcome = Outcome::wait({}, std::string(reason));
  return step;
}

Step not_ours(const Machine& machine, const MachineState& vm) {
  Step step;
  step.status = machine.status;
  step.status.state = "Unknown";
  step.ready = ready_false("NotYours", vm.external_id +
                                           " carries the UID of this object but not "
                                           "our stamp; it is never touched. Remove it "
                                           "at the provider");
  step.conditions = {scheduled(machine)};
  step.outcome = Outcome::wait({}, "NotYours");
  return step;
}

// --- a vm of ours
// ---------------------------------------------------------------------------------

/// Decides about a vm that is there and ours.
class Present {
 public:
  Present(const Machine& machine, const Observed& have)
      : machine_(machine), have_(have), vm_(*have.vm), all_(differences(machine, vm_)) {}

  Step decide() {
    take_over();
    note_drift();
    state_conditions();
    if (!(replaces() || resizes() || restarts_when_asked() || changes_power() || waits())) settle();
    return std::move(step_);
  }

 private:
  bool corrects() const { return machine_.spec.drift_policy.mode == DriftMode::Correct; }
  /// A difference that is ours to put right.
  const Difference* open(std::string_view field) const {
    const auto* difference = find(all_, field);
    const bool ours =
        difference != nullptr && (difference->cause == Cause::SpecChanged || corrects());
    return ours ? difference : nullptr;
  }
  bool is_running() const { return vm_.power == PowerState::On; }
  bool wants_on() const { return machine_.spec.power == Power::On; }

  // Everything seen goes into the status as it is.
  void take_over() {
    auto& status = step_.status;
    status = machine_.status;
    status.state = vm_.power == PowerState::On ? "Running" : std::string(power_word(vm_.power));
    status.external_id = vm_.external_id;
    status.host = vm_.host;
    status.power = observed_power(vm_.power);
    status.vcpus = vm_.vcpus;
    status.memory_bytes = vm_.memory_bytes;
    status.address = vm_.address;
    status.image_deployed = vm_.image_deployed;
    status.image_digest = vm_.image_digest;
    status.attached_volumes = have_.attached;
    status.booted_at.reset();
    if (vm_.booted_at_s > 0) status.booted_at = Instant(std::chrono::seconds(vm_.booted_at_s));
    status.staged.clear();
  }

  void note_drift() {
    auto& drift = step_.status.drift;
    drift.clear();
    if (machine_.spec.drift_policy.mode == DriftMode::Ignore) return;
    // What vanished or stood still is right again when it runs, not when it was started.
    for (const auto& old : machine_.status.drift) {
      const bool lasts = old.field == fields::kExistence || old.field == fields::kPower;
      if (lasts && corrects() && wants_on() && !is_running() && find(all_, old.field) == nullptr)
        drift.push_back(old);
    }
    for (const auto& difference : all_) {
      if (difference.cause == Cause::Drift) drift.push_back(difference.shown);
    }
    if (drift.empty() && !machine_.status.drift.empty()) {
      step_.events.push_back({Announcement::Type::Normal, "DriftCorrected",
                              "the machine is again as this object says"});
    }
  }

  void state_conditions() {
    auto& list = step_.conditions;
    list = {scheduled(machine_),
            is_so("Provisioned", "Provisioned",
                  vm_.external_id + " on host " + vm_.host + ", " + describe(vm_.protection))};
    list.push_back(vm_.image_deployed
                       ? is_so("ImageDeployed", "ImageDeployed", machine_.spec.image.name)
                       : is_unknown("ImageDeployed", "DeployingImage",
                                    "copying " + machine_.spec.image.name + " to the boot disk"));
    list.push_back(vm_.address.empty()
                       ? is_unknown("Configured", "NotConfigured", "it has not answered yet")
                       : is_so("Configured", "Configured", "answered at " + vm_.address));
    if (!step_.status.drift.empty()) list.push_back(drift_statement(machine_, step_.status.drift));
  }

  bool replaces() {
    std::vector<const Difference*> large;
    for (const auto field :
         {fields::kImage, fields::kBootDisk, fields::kDiskClass, fields::kSecurity}) {
      if (const auto* difference = open(field)) large.push_back(difference);
    }
    if (large.empty()) return false;
    if (machine_.spec.update_policy.strategy != UpdateStrategy::AllowReplace) {
      for (const auto* difference : large)
        stage(*difference, ChangeNeeds::Replace);
      return false;
    }
    const bool noted = machine_.status.external_id.empty() && machine_.status.state == kReplacing;
    // Without an external id the vm's absence will read "never made", not "vanished".
    step_.status.external_id.clear();
    step_.status.state = kReplacing;
    step_.status.power = ObservedPower::Unknown;
    progress("Replacing", "is made anew: " + std::string(large.front()->shown.field) + " changed");
    if (!noted) {
      step_.outcome = Outcome::again();
    } else if (is_off(vm_.power)) {
      step_.action = Remove{};
    } else if (vm_.power != PowerState::Stopping) {
      step_.action = PowerOff{};
    }
    return true;
  }

  bool resizes() {
    const Resize actual{vm_.vcpus, vm_.memory_bytes};
    const auto* vcpus = open(fields::kVcpus);
    const auto* memory = open(fields::kMemory);
    const Resize wanted{vcpus ? machine_.spec.vcpus : actual.vcpus,
                        memory ? machine_.spec.memory_bytes : actual.memory_bytes};
    const Resize staged{
        vm_.staged_vcpus > 0 ? vm_.staged_vcpus : actual.vcpus,
        vm_.staged_memory_bytes > 0 ? vm_.staged_memory_bytes : actual.memory_bytes};
    const bool stays = wanted == actual;
    // What somebody else staged is drift that shows only after a restart.
    if (stays && (staged == actual || (machine_.status.staged.empty() && !corrects())))
      return false;
    if (wanted != staged) return act(wanted, "Resizing", resize_text(wanted));
    for (const auto* difference : {vcpus, memory}) {
      if (difference) stage(*difference, ChangeNeeds::Restart);
    }
    return restarts();
  }

  static std::string resize_text(const Resize& size) {
    return "to " + std::to_string(size.vcpus) + " vcpus and " + bytes_text(size.memory_bytes);
  }

  // The size is staged: it counts from the next start on.
  bool restarts() {
    const bool allowed = machine_.spec.update_policy.strategy != UpdateStrategy::InPlaceOnly;
    if (!allowed || !is_running() || !wants_on()) return false;
    return restart("stops and starts to get its new size");
  }

  // What is off, or about to be, starts after that time in any case.
  bool restarts_when_asked() {
    const auto& asked = machine_.spec.restart_at;
    if (!asked || !is_running() || !wants_on() || vm_.booted_at_s == 0) return false;
    if (Instant(std::chrono::seconds(vm_.booted_at_s)) >= *asked) return false;
    if (have_.now >= *asked) return restart("stops and starts because restartAt asks for it");
    until_restart_ = *asked - have_.now;
    return false;
  }

  bool restart(std::string why) {
    const bool noted = machine_.status.state == kRestarting;
    step_.status.state = kRestarting;
    step_.status.power = ObservedPower::Unknown;
    progress("Restarting", std::move(why));
    if (noted) {
      step_.action = PowerOff{};
    } else {
      step_.outcome = Outcome::again();
    }
    return true;
  }

  bool changes_power() {
    if (open(fields::kPower) == nullptr) return false;
    if (!wants_on()) return act(PowerOff{}, "Stopping", "shutting down");
    if (!vm_.image_deployed) return false;
    step_.status.state = "Starting";
    // Booting for the first time: the next look comes when there may be an address to tell of.
    step_.passing = vm_.address.empty() && step_.status.drift.empty();
    return act(PowerOn{}, starting_reason(), "starting");
  }

  // While it becomes ready for the first time one reason says it all: each change would be an
  // event.
  std::string_view starting_reason() const {
    return vm_.address.empty() ? "Provisioning" : "Starting";
  }

  bool waits() {
    if (!vm_.image_deployed) {
      step_.status.state = "DeployingImage";
      return progress("Provisioning", "copying the image to the boot disk");
    }
    if (vm_.power == PowerState::Starting && wants_on())
      return progress(starting_reason(), "starting");
    if (vm_.power == PowerState::Stopping) {
      if (machine_.status.state == kRestarting) step_.status.state = kRestarting;
      return progress("Stopping", "shutting down");
    }
    if (is_running() && vm_.address.empty())
      return progress("Provisioning", "waiting for its first address");
    const auto missing = missing_volumes();
    if (missing.empty()) return false;
    progress("Attaching", "waiting for volumes: " + missing);
    step_.outcome = Outcome::wait(kVolumeWait, "Attaching");
    return true;
  }

  std::string missing_volumes() const {
    std::string missing;
    for (const auto& volume : machine_.spec.volumes) {
      if (std::binary_search(have_.attached.begin(), have_.attached.end(), volume.name)) continue;
      missing += (missing.empty() ? "" : ", ") + volume.name;
    }
    return missing;
  }

  void settle() {
    step_.outcome = until_restart_ ? Outcome::again(*until_restart_) : Outcome::done();
    if (!step_.status.staged.empty()) return block();
    const auto* power = find(all_, fields::kPower);
    if (power != nullptr) return stand_still(*power);
    step_.ready = wants_on() ? ready_true("Running", "runs at " + vm_.address)
                             : ready_true("Stopped", "is stopped as wanted; disks are kept");
  }

  void block() {
    const auto& first = step_.status.staged.front();
    const bool in_place_only = machine_.spec.update_policy.strategy == UpdateStrategy::InPlaceOnly;
    const auto reason = in_place_only ? "InPlaceNotPossible" : "ReplaceNotAllowed";
    const auto* needed = first.needs == ChangeNeeds::Restart ? "AllowRestart" : "AllowReplace";
    step_.ready = ready_false(reason, first.field + " cannot change from " + first.from + " to " +
                                          first.to + " in place; set updatePolicy.strategy " +
                                          needed + " or take the change back");
    step_.outcome = Outcome::wait({}, reason);
  }

  // Somebody else stopped it, and the policy is to leave that alone.
  void stand_still(const Difference& power) {
    const bool report = machine_.spec.drift_policy.mode == DriftMode::Report;
    const bool crashed = vm_.power == PowerState::Crashed;
    const std::string_view reason = report ? "DriftReported" : crashed ? "Crashed" : "Stopped";
    step_.ready = ready_false(reason, "power is " + power.shown.found + ", wanted " +
                                          power.shown.wanted + "; left alone by driftPolicy");
    step_.outcome = Outcome::wait({}, std::string(reason));
  }

  void stage(const Difference& difference, ChangeNeeds needs) {
    const auto& shown = difference.shown;
    step_.status.staged.push_back({shown.field, shown.found, shown.wanted, needs});
  }
  bool progress(std::string_view reason, std::string message) {
    step_.ready = ready_unknown(reason, std::move(message));
    step_.outcome = Outcome::again(kPollInterval);
    return true;
  }
  bool act(Action action, std::string_view reason, std::string message) {
    // What we start now must not look like somebody else's work to the next pass.
    if (!std::holds_alternative<Resize>(action)) step_.status.power = ObservedPower::Unknown;
    step_.action = std::move(action);
    return progress(reason, std::move(message));
  }

  const Machine& machine_;
  const Observed& have_;
  const MachineState& vm_;
  const std::vector<Difference> all_;
  std::optional<Duration> until_restart_;  ///< when it is to be looked at again
  Step step_;
};

Step decide(const Machine& machine, const Observed& have) {
  if (!machine.meta.deleted.empty()) return deletion(machine, have);
  if (have.vm && have.vm->owner != machine.meta.uid) return not_ours(machine, *have.vm);
  // Parts are no machine: they are looked for by deletion alone.
  if (have.vm && !have.vm->incomplete) return Present(machine, have).decide();
  if (!machine.status.external_id.empty()) return vanished(machine);
  return creation(machine, machine.status.drift);
}

}  // namespace

Step plan(const Machine& machine, const Observed& have) {
  Step step = decide(machine, have);
  step.status.metering = metered(machine, have);
  const bool over = is_charged(machine.status.metering) && !is_charged(step.status.metering);
  if (over && !machine.meta.deleted.empty()) note_end_first<Remove>(step);
  return step;
}

std::string_view phase_of(const Conditions& conditions) {
  if (is_true(conditions, "Deleting")) return "Deleting";
  if (is_true(conditions, "Stalled")) return "Failed";
  const auto* ready = find_condition(conditions, "Ready");
  if (ready != nullptr && ready->status == "True")
    return ready->reason == "Stopped" ? "Stopped" : "Running";
  if (ready != nullptr && ready->reason == "Stopped") return "Stopped";
  return find_condition(conditions, "Provisioned") != nullptr ? "Creating" : "Pending";
}

}  // namespace charter::machine
