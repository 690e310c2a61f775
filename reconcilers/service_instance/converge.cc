#include "reconcilers/service_instance/converge.h"

#include "reconcilers/service_instance/summary.h"

#include <algorithm>

namespace charter::service_instance {
namespace {

using Kind = DeleteObject::Kind;

/// Looks for the first difference. Each search returns true when it found one, or found that
/// something has to go before the next can be looked for.
class Convergence {
 public:
  Convergence(Pass& pass, const Blueprint& blueprint, const Wanted& wanted)
      : pass_(pass), have_(pass.have), blueprint_(blueprint), wanted_(wanted) {}

  Pending run() {
    const bool changed = replace_misplaced() || create_secrets() || create_volumes() ||
                         create_machines() || set_power() || remove_machines() ||
                         update_volumes() || update_machines() || remove_volumes();
    if (changed) return Pending::Change;
    return write_addresses() ? Pending::Addresses : Pending::Nothing;
  }

 private:
  bool act(Action action) {
    pass_.step.action = std::move(action);
    return true;
  }

  template <class Object>
  bool remove(Kind kind, const Object& object) {
    if (!object.meta.deleted.empty()) return true;
    return act(DeleteObject{kind, object.meta.name, object.meta.uid});
  }

  const std::string& provider() const { return pass_.step.status.placement->provider; }

  // Only after the instance was placed again, because its provider is gone for good.
  bool replace_misplaced() {
    for (const auto& machine : have_.machines) {
      if (machine.spec.provider.name != provider()) return remove(Kind::Machine, machine);
    }
    for (const auto& volume : have_.volumes) {
      if (volume.spec.provider && volume.spec.provider->name != provider())
        return remove(Kind::Volume, volume);
    }
    return false;
  }

  const SecretFacts* find_secret(const std::string& name) const {
    const auto found = std::find_if(have_.secrets.begin(), have_.secrets.end(),
                                    [&name](const SecretFacts& s) { return s.name == name; });
    return found == have_.secrets.end() ? nullptr : &*found;
  }

  bool create_secrets() {
    if (wanted_.machines.empty()) return false;
    const auto access = access_name(pass_.instance.meta.name);
    const auto* found = find_secret(access);
    if (found == nullptr) return act(CreateAccess{access});
    if (found->deleting) return true;
    for (const auto& machine : blueprint_.machines) {
      const auto name = user_data_name(pass_.instance.meta.name, blueprint_, machine.component);
      if (const auto* secret = find_secret(name)) {
        if (secret->deleting) return true;
        continue;
      }
      return act(CreateCloudInit{name, access, machine.user_data});
    }
    return false;
  }

  bool create_volumes() {
    for (const auto& want : wanted_.volumes) {
      const auto* volume = find_volume(have_.volumes, want.name);
      if (volume == nullptr) return act(CreateVolume{want});
      if (!volume->meta.deleted.empty()) return true;
    }
    return false;
  }

  bool create_machines() {
    for (const auto& want : wanted_.machines) {
      const auto* machine = find_machine(have_.machines, want.name);
      if (machine == nullptr) return act(CreateMachine{want});
      if (!machine->meta.deleted.empty()) return true;
    }
    return false;
  }

  bool differs_in_power(const WantedMachine& want, Power wanted_power) const {
    return want.spec.power == wanted_power &&
           find_machine(have_.machines, want.name)->spec.power != wanted_power;
  }

  bool switch_power(const WantedMachine& want) {
    auto spec = find_machine(have_.machines, want.name)->spec;
    spec.power = want.spec.power;
    return act(UpdateMachine{want.name, std::move(spec)});
  }

  // The highest index is stopped first and the lowest started first, across all components.
  bool set_power() {
    const WantedMachine *stop = nullptr, *start = nullptr;
    for (const auto& want : wanted_.machines) {
      if (differs_in_power(want, Power::Off) &&
          (stop == nullptr || want.spec.index > stop->spec.index)) {
        stop = &want;
      }
      if (differs_in_power(want, Power::On) &&
          (start == nullptr || want.spec.index < start->spec.index)) {
        start = &want;
      }
    }
    if (stop != nullptr) return switch_power(*stop);
    return start != nullptr && switch_power(*start);
  }

  bool is_wanted(const Machine& machine) const {
    return std::any_of(wanted_.machines.begin(), wanted_.machines.end(),
                       [&](const auto& want) { return want.name == machine.meta.name; });
  }

  bool remove_machines() {
    for (const auto& machine : have_.machines) {
      if (!is_wanted(machine)) return remove(Kind::Machine, machine);
    }
    return false;
  }

  bool update_volumes() {
    for (const auto& want : wanted_.volumes) {
      const auto* volume = find_volume(have_.volumes, want.name);
      if (volume->spec != want.spec) return act(UpdateVolume{want.name, want.spec});
    }
    return false;
  }

  // Off is settled: a machine that is kept must not hold up those that run.
  static bool is_settled(const Machine& machine) {
    return machine.spec.power == Power::Off ||
           is_true(machine.conditions, "Ready", machine.meta.generation);
  }

  // One at a time: the next machine is touched once those that have their new spec are back.
  bool update_machines() {
    const WantedMachine* next = nullptr;
    bool all_back = true;
    for (const auto& want : wanted_.machines) {
      const auto* machine = find_machine(have_.machines, want.name);
      if (machine->spec == want.spec) {
        all_back &= is_settled(*machine);
      } else if (next == nullptr) {
        next = &want;
      }
    }
    if (next == nullptr) return false;
    return !all_back || act(UpdateMachine{next->name, next->spec});
  }

  bool is_attached(const Volume& volume) const {
    return std::any_of(have_.machines.begin(), have_.machines.end(), [&](const Machine& machine) {
      const auto& attached = machine.status.attached_volumes;
      return std::find(attached.begin(), attached.end(), volume.meta.name) != attached.end();
    });
  }

  bool remove_volumes() {
    for (const auto& volume : have_.volumes) {
      if (std::any_of(wanted_.volumes.begin(), wanted_.volumes.end(),
                      [&](const auto& want) { return want.name == volume.meta.name; })) {
        continue;
      }
      return is_attached(volume) || remove(Kind::Volume, volume);
    }
    return false;
  }

  bool write_addresses() {
    if (wanted_.machines.empty()) return false;
    const auto access = access_name(pass_.instance.meta.name);
    const auto lines = address_lines(wanted_, have_.machines);
    if (lines.empty() || find_secret(access)->addresses == lines) return false;
    return act(WriteAddresses{access, lines});
  }

  Pass& pass_;
  const Observed& have_;
  const Blueprint& blueprint_;
  const Wanted& wanted_;
};

}  // namespace

void converge(Pass& pass, const Blueprint& blueprint, const Wanted& wanted) {
  const auto pending = Convergence(pass, blueprint, wanted).run();
  if (!wanted.machines.empty())
    pass.step.status.access_secret = NameRef{access_name(pass.instance.meta.name)};
  describe(pass, wanted, pending);
  if (pass.step.ready.status != "True" && pass.step.outcome.kind == Outcome::Kind::Done)
    pass.step.outcome = Outcome::wait({}, pass.step.ready.reason);
}

void stop_only(Pass& pass) {
  const auto replicas = pass.activation == Activation::Active ? replicas_of(pass.instance.spec) : 0;
  const Machine* stop = nullptr;
  for (const auto& machine : pass.have.machines) {
    if (machine.spec.index < replicas || machine.spec.power == Power::Off) continue;
    if (stop == nullptr || machine.spec.index > stop->spec.index) stop = &machine;
  }
  if (stop == nullptr) return;
  auto spec = stop->spec;
  spec.power = Power::Off;
  pass.step.action = UpdateMachine{stop->meta.name, std::move(spec)};
}

}  // namespace charter::service_instance
