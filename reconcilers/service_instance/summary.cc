#include "reconcilers/service_instance/summary.h"

#include "reconcilers/common/reasons.h"
#include "reconcilers/service_instance/lease.h"

#include <algorithm>
#include <array>

namespace charter::service_instance {
namespace {

constexpr size_t kNoteBytesMax = 512;     // a child's words inside our message of 1 KiB
constexpr size_t kChildrenShown = 1'024;  // the CRD's bound for status.machines and volumes
constexpr size_t kDriftShown = 3;
constexpr const char* kPendingState = "Pending";

bool is_ready(const Conditions& conditions, const Meta& meta) {
  return is_true(conditions, "Ready", meta.generation);
}

// What an earlier generation said says nothing about the present one.
const Condition* blocking(const Conditions& conditions, const Meta& meta) {
  const auto* ready = find_condition(conditions, "Ready");
  if (ready == nullptr || ready->status == "True") return nullptr;
  if (ready->observed_generation != meta.generation) return nullptr;
  const auto cls = class_of(ready->reason);
  if (!cls || *cls == ReasonClass::Fine || *cls == ReasonClass::Progressing) return nullptr;
  return ready;
}

bool is_stopped(const Machine& machine) {
  return machine.status.external_id.empty() || machine.status.power == ObservedPower::Off;
}

bool is_wanted_on(const WantedMachine& wanted) {
  return wanted.spec.power == Power::On;
}

ServiceInstance::MachineSummary summary_of(const Machine& machine) {
  const auto& status = machine.status;
  return {machine.meta.name,
          machine.spec.component,
          machine.spec.index,
          status.state.empty() ? kPendingState : status.state,
          is_ready(machine.conditions, machine.meta),
          status.address};
}

ServiceInstance::VolumeSummary summary_of(const Volume& volume) {
  const auto& status = volume.status;
  return {volume.meta.name, status.size_bytes ? status.size_bytes : volume.spec.size_bytes,
          status.state.empty() ? kPendingState : status.state,
          is_ready(volume.conditions, volume.meta)};
}

/// How far the wanted things have come.
struct Progress {
  bool provisioned = true, deployed = true, running = true, stopped = true;
  bool reactivating = false, changing = false;
  const char* making = "Provisioning";  ///< or Scaling, for an instance that was complete before
};

// Whether a machine is on its way to another state of an instance that was complete.
bool is_changing(const Machine& machine) {
  const auto* ready = find_condition(machine.conditions, "Ready");
  if (ready == nullptr) return false;
  constexpr std::array<std::string_view, 5> kChanges = {"Resizing", "Restarting", "Replacing",
                                                        "Updating", "CorrectingDrift"};
  return std::find(kChanges.begin(), kChanges.end(), ready->reason) != kChanges.end();
}

bool was_complete(const Pass& pass) {
  const auto& said = pass.instance.conditions;
  const auto* ready = find_condition(said, "Ready");
  return is_true(said, "Configured") ||
         (ready != nullptr && (ready->reason == "Scaling" || ready->reason == "Reactivating"));
}

Progress progress_of(const Pass& pass, const Wanted& wanted) {
  Progress progress;
  // A machine that was never started is off, too.
  const bool complete = was_complete(pass);
  if (complete) progress.making = "Scaling";
  const auto& have = pass.have;
  for (const auto& want : wanted.machines) {
    const auto* machine = find_machine(have.machines, want.name);
    if (!is_wanted_on(want)) {
      progress.stopped &= machine == nullptr || is_stopped(*machine);
      continue;
    }
    const bool made = machine != nullptr && !machine->status.external_id.empty();
    progress.provisioned &= made;
    progress.deployed &= made && machine->status.image_deployed;
    const bool ready = machine != nullptr && is_ready(machine->conditions, machine->meta);
    progress.running &= ready;
    progress.changing |= machine != nullptr && !ready && is_changing(*machine);
    progress.reactivating |=
        complete && made && !ready && machine->status.power == ObservedPower::Off;
  }
  for (const auto& want : wanted.volumes) {
    const auto* volume = find_volume(have.volumes, want.name);
    progress.provisioned &= volume != nullptr && !volume->status.external_id.empty();
    progress.running &= volume != nullptr && is_ready(volume->conditions, volume->meta);
  }
  return progress;
}

/// A child that keeps the instance from being ready.
struct Blocker {
  std::string text;
  const Condition* ready = nullptr;
};

std::optional<Blocker> blocker_of(const Pass& pass, const Wanted& wanted) {
  for (const auto& want : wanted.volumes) {
    const auto* volume = find_volume(pass.have.volumes, want.name);
    if (volume == nullptr) continue;
    if (const auto* ready = blocking(volume->conditions, volume->meta))
      return Blocker{"volume " + child_text(want.name, volume->conditions), ready};
  }
  for (const auto& want : wanted.machines) {
    const auto* machine = find_machine(pass.have.machines, want.name);
    if (machine == nullptr || (!is_wanted_on(want) && is_stopped(*machine))) continue;
    if (const auto* ready = blocking(machine->conditions, machine->meta))
      return Blocker{"machine " + child_text(want.name, machine->conditions), ready};
  }
  return std::nullopt;
}

Statement step_statement(const char* type, bool reached, const char* reached_reason,
                         const char* on_the_way, const std::string& text) {
  if (reached) return is_so(type, reached_reason, text);
  return is_not_so(type, on_the_way, text);
}

std::string things_text(const Pass& pass, const Wanted& wanted) {
  const auto on = std::count_if(wanted.machines.begin(), wanted.machines.end(), is_wanted_on);
  const auto& placement = pass.step.status.placement;
  return std::to_string(on) + " machines and " + std::to_string(wanted.volumes.size()) +
         " volumes" + (placement ? " on provider " + placement->provider : std::string());
}

void say_steps(Pass& pass, const Wanted& wanted, const Progress& progress, bool configured) {
  const auto things = things_text(pass, wanted);
  pass.say(
      step_statement("Provisioned", progress.provisioned, "Provisioned", progress.making, things));
  pass.say(step_statement(
      "ImageDeployed", progress.deployed, "ImageDeployed", "DeployingImage",
      progress.deployed ? "every machine has its image" : "images are being copied to boot disks"));
  pass.say(step_statement("Configured", configured, "Configured", "Configuring",
                          configured ? "every machine runs and can be reached"
                                     : "waits for machines to run and to have addresses"));
}

const char* progress_word(const Progress& progress, Pending pending) {
  if (!progress.provisioned) return progress.making;
  if (!progress.stopped) return "Deactivating";
  if (!progress.deployed) return "DeployingImage";
  if (progress.reactivating) return "Reactivating";
  if (progress.changing || pending == Pending::Change) return "Updating";
  return "Configuring";
}

Statement ready_of(const Pass& pass, const Wanted& wanted, const Progress& progress,
                   Pending pending) {
  if (const auto blocker = blocker_of(pass, wanted)) {
    const auto cls = class_of(blocker->ready->reason);
    const bool stalled = cls && is_stalled(*cls);
    const std::string reason = stalled ? blocker->ready->reason : "ChildNotReady";
    if (blocker->ready->status == "Unknown") return ready_unknown(reason, blocker->text);
    return ready_false(reason, blocker->text);
  }
  const bool reached = progress.provisioned && progress.deployed && progress.running &&
                       progress.stopped && pending == Pending::Nothing;
  const auto things = things_text(pass, wanted);
  if (!reached) return ready_unknown(progress_word(progress, pending), things);
  if (lease_is_over(pass)) {
    return ready_false("LeaseExpired", "the lease ended at " +
                                           format_time(*pass.step.status.lease_expires) +
                                           "; change spec.lease to go on");
  }
  if (pass.activation == Activation::Deactivated)
    return ready_true("Deactivated", "deactivated: machines are stopped and kept");
  return ready_true("Ready", things);
}

bool says_the_same(const Conditions& conditions, const Statement& statement, int64_t generation) {
  const auto* said = find_condition(conditions, statement.type);
  return said != nullptr && said->status == statement.status && said->reason == statement.reason &&
         said->message == statement.message && said->observed_generation == generation;
}

// On the way, status is written when a stage is reached and not for each step of each machine:
// three machines would cost a dozen durable writes that nobody waits for.
bool is_same_stage(const Pass& pass) {
  const auto& ready = pass.step.ready;
  const auto cls = class_of(ready.reason);
  if (ready.status == "True" || !cls || *cls != ReasonClass::Progressing) return false;
  const auto& said = pass.instance.conditions;
  const auto generation = pass.instance.meta.generation;
  const auto& conditions = pass.step.conditions;
  return says_the_same(said, ready, generation) &&
         std::all_of(conditions.begin(), conditions.end(), [&](const Statement& statement) {
           return says_the_same(said, statement, generation);
         });
}

// Most instances are Ready within seconds. While that may still be, no stage on the way is told:
// each would be a durable write that the next one makes obsolete.
constexpr Duration kStagesUntold = std::chrono::seconds(5);

bool passes_untold(Pass& pass) {
  auto& step = pass.step;
  const auto cls = class_of(step.ready.reason);
  if (step.ready.status == "True" || !cls || *cls != ReasonClass::Progressing) return false;
  const auto& before = pass.instance;
  const auto* said = find_condition(before.conditions, "Ready");
  if (said == nullptr || said->reason != "Provisioning" || !before.status.placement ||
      said->observed_generation != before.meta.generation) {
    return false;
  }
  const auto since = before.status.placement->since.value_or(Instant{});
  const Duration left = since + kStagesUntold - pass.have.now;
  if (left <= Duration::zero() || left > kStagesUntold) return false;
  // What else the conditions say is not about stages and is stated as it is now.
  if (before.conditions.size() != step.conditions.size() + 2) return false;
  step.ready = {said->type, said->status, said->reason, said->message};
  for (auto& statement : step.conditions) {
    const auto* old = find_condition(before.conditions, statement.type);
    if (old == nullptr) return false;
    statement = {old->type, old->status, old->reason, old->message};
  }
  step.outcome = Outcome::wait(left, step.ready.reason);
  return true;
}

void list_wanted(Pass& pass, const Wanted& wanted) {
  auto& status = pass.step.status;
  status.machines.clear();
  status.volumes.clear();
  for (const auto& want : wanted.machines) {
    if (status.machines.size() == kChildrenShown) break;
    const auto* machine = find_machine(pass.have.machines, want.name);
    status.machines.push_back(machine != nullptr ? summary_of(*machine)
                                                 : ServiceInstance::MachineSummary{
                                                       want.name, want.spec.component,
                                                       want.spec.index, kPendingState, false, ""});
  }
  for (const auto& want : wanted.volumes) {
    if (status.volumes.size() == kChildrenShown) break;
    const auto* volume = find_volume(pass.have.volumes, want.name);
    status.volumes.push_back(volume != nullptr
                                 ? summary_of(*volume)
                                 : ServiceInstance::VolumeSummary{want.name, want.spec.size_bytes,
                                                                  kPendingState, false});
  }
}

// `desired` counts machines that are to be active.
void count_active(Pass& pass, int64_t desired) {
  auto& status = pass.step.status;
  status.replicas = 0;
  for (const auto& machine : pass.have.machines) {
    if (machine.spec.power == Power::On && is_ready(machine.conditions, machine.meta))
      ++status.replicas;
  }
  status.summary.active = std::to_string(status.replicas) + "/" + std::to_string(desired);
}

}  // namespace

const Machine* find_machine(const std::vector<Machine>& machines, const std::string& name) {
  const auto found = std::find_if(machines.begin(), machines.end(),
                                  [&name](const Machine& m) { return m.meta.name == name; });
  return found == machines.end() ? nullptr : &*found;
}

const Volume* find_volume(const std::vector<Volume>& volumes, const std::string& name) {
  const auto found = std::find_if(volumes.begin(), volumes.end(),
                                  [&name](const Volume& v) { return v.meta.name == name; });
  return found == volumes.end() ? nullptr : &*found;
}

std::string child_text(const std::string& name, const Conditions& conditions) {
  const auto* said = find_condition(conditions, "Deleting");
  if (said == nullptr) said = find_condition(conditions, "Ready");
  if (said == nullptr) return name;
  const auto cls = class_of(said->reason);
  const auto word = cls ? std::string(to_word(*cls)) : said->reason;
  const auto reason = word == said->reason ? "" : said->reason + ": ";
  auto note = reason + said->message;
  if (note.size() > kNoteBytesMax) {
    size_t end = kNoteBytesMax - 3;
    while (end > 0 && (static_cast<unsigned char>(note[end]) & 0xC0) == 0x80)
      --end;
    note = note.substr(0, end) + "...";
  }
  return name + ": " + word + " (" + note + ")";
}

void count_children(Pass& pass) {
  auto& status = pass.step.status;
  status.machines.clear();
  status.volumes.clear();
  for (const auto& machine : pass.have.machines) {
    if (status.machines.size() < kChildrenShown) status.machines.push_back(summary_of(machine));
  }
  for (const auto& volume : pass.have.volumes) {
    if (status.volumes.size() < kChildrenShown) status.volumes.push_back(summary_of(volume));
  }
  const auto on = std::count_if(pass.have.machines.begin(), pass.have.machines.end(),
                                [](const Machine& m) { return m.spec.power == Power::On; });
  count_active(pass, on);
}

void mirror(Pass& pass) {
  std::string text, reason;
  size_t shown = 0;
  const auto take = [&](const char* word, const Meta& meta, const Conditions& conditions) {
    const auto* drift = find_condition(conditions, "DriftDetected");
    if (drift == nullptr || drift->status != "True") return;
    if (reason.empty()) reason = drift->reason;
    if (++shown > kDriftShown) return;
    text += (text.empty() ? "" : "; ") + std::string(word) + meta.name + ": " + drift->message;
  };
  for (const auto& machine : pass.have.machines)
    take("machine ", machine.meta, machine.conditions);
  for (const auto& volume : pass.have.volumes)
    take("volume ", volume.meta, volume.conditions);
  if (shown > kDriftShown) text += "; " + std::to_string(shown - kDriftShown) + " more";
  if (shown > 0) pass.say(is_so("DriftDetected", reason, text));
  const auto& contract = pass.have.contract;
  const auto& pinned = pass.step.status.revision;
  if (!contract || contract->revision.empty() || pinned.empty() || pinned == contract->revision)
    return;
  pass.say(is_so(
      "UpdateAvailable", "UpdateAvailable",
      "the contract accepted revision " + contract->revision + "; this instance keeps " + pinned));
}

std::string address_lines(const Wanted& wanted, const std::vector<Machine>& machines) {
  std::string lines;
  for (const auto& want : wanted.machines) {
    const auto* machine = find_machine(machines, want.name);
    if (machine == nullptr || machine->status.address.empty()) continue;
    lines += want.name + " " + machine->status.address + "\n";
  }
  return lines;
}

void describe(Pass& pass, const Wanted& wanted, Pending pending) {
  const auto progress = progress_of(pass, wanted);
  const bool configured =
      progress.provisioned && progress.deployed && progress.running && pending == Pending::Nothing;
  say_steps(pass, wanted, progress, configured);
  pass.step.ready = ready_of(pass, wanted, progress, pending);
  if (is_same_stage(pass) || passes_untold(pass)) return;
  list_wanted(pass, wanted);
  count_active(pass, std::count_if(wanted.machines.begin(), wanted.machines.end(), is_wanted_on));
}

}  // namespace charter::service_instance
