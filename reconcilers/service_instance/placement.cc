#include "reconcilers/service_instance/placement.h"

#include <algorithm>
#include <tuple>

namespace charter::service_instance {
namespace {

constexpr size_t kProvidersNamed = 4;  // in a message, which must stay below 1 KiB

bool holds(const std::vector<std::string>& list, const std::string& entry) {
  return std::find(list.begin(), list.end(), entry) != list.end();
}

std::string join(const std::vector<std::string>& list) {
  std::string text;
  for (const auto& entry : list)
    text += (text.empty() ? "" : ", ") + entry;
  return text;
}

/// Room on one host, or on a provider that names no hosts. What is not stated has no bound.
struct Room {
  int64_t vcpus = INT64_MAX, memory_bytes = INT64_MAX;
};

Room room_of(const Resources& resources) {
  return {resources.vcpus.value_or(INT64_MAX), resources.memory_bytes.value_or(INT64_MAX)};
}

bool fits(const MachineDesign& machine, const Room& room) {
  return machine.vcpus <= room.vcpus && machine.memory_bytes <= room.memory_bytes;
}

const Provider::MachineClass* class_of_machine(const Provider& provider,
                                               const MachineDesign& machine) {
  for (const auto& offered : provider.spec.machine_classes) {
    if (offered.name == machine.machine_class) return &offered;
  }
  return nullptr;
}

// A provider without a list of classes takes every one.
std::string class_problem(const Provider& provider, const MachineDesign& machine) {
  if (machine.machine_class.empty() || provider.spec.machine_classes.empty()) return {};
  const auto* offered = class_of_machine(provider, machine);
  if (offered == nullptr) return "has no machine class " + machine.machine_class;
  if (machine.vcpus > offered->vcpus_max.value_or(INT64_MAX)) {
    return "class " + offered->name + " has at most " + std::to_string(*offered->vcpus_max) +
           " vcpus, asked " + std::to_string(machine.vcpus);
  }
  if (machine.memory_bytes > offered->memory_max_bytes.value_or(INT64_MAX)) {
    return "class " + offered->name + " has at most " + bytes_text(*offered->memory_max_bytes) +
           ", asked " + bytes_text(machine.memory_bytes);
  }
  return {};
}

std::string security_problem(const SecurityPolicy& wanted, const Provider& provider) {
  const auto& can = provider.spec.security;
  if (std::find(can.isolation.begin(), can.isolation.end(), wanted.isolation) ==
      can.isolation.end()) {
    return "can't isolate by " + std::string(to_word(wanted.isolation));
  }
  if (wanted.encryption_at_rest && !can.encryption_at_rest) return "can't encrypt at rest";
  return {};
}

// Hosts as they would be when empty. None are known before the first look.
bool never_fits(const Provider& provider, const MachineDesign& machine) {
  const auto& hosts = provider.status.hosts;
  return !hosts.empty() && std::none_of(hosts.begin(), hosts.end(), [&](const auto& host) {
    return fits(machine, room_of(host.total));
  });
}

// First fit of the largest first: close to the best packing, and never promises what is not there.
bool all_fit(std::vector<MachineDesign> machines, std::vector<Room> rooms) {
  std::sort(machines.begin(), machines.end(), [](const auto& a, const auto& b) {
    return std::tuple(a.vcpus, a.memory_bytes) > std::tuple(b.vcpus, b.memory_bytes);
  });
  return std::all_of(machines.begin(), machines.end(), [&rooms](const MachineDesign& machine) {
    const auto room = std::find_if(rooms.begin(), rooms.end(),
                                   [&machine](const Room& r) { return fits(machine, r); });
    if (room == rooms.end()) return false;
    room->vcpus -= machine.vcpus;
    room->memory_bytes -= machine.memory_bytes;
    return true;
  });
}

int64_t storage_of(const Demand& demand) {
  int64_t bytes = demand.volume_bytes;
  for (const auto& machine : demand.machines)
    bytes += machine.boot_disk.size_bytes;
  return bytes;
}

std::string free_text(const Resources& free) {
  const auto storage =
      free.storage_bytes ? ", " + bytes_text(*free.storage_bytes) + " storage" : "";
  return std::to_string(free.vcpus.value_or(0)) + " vcpus, " +
         bytes_text(free.memory_bytes.value_or(0)) + " memory" + storage + " free";
}

// Why not now, or empty.
std::string delay(const Demand& demand, const Provider& provider) {
  if (!provider.meta.deleted.empty()) return "is being removed";
  if (!is_true(provider.conditions, "Ready")) return "is not ready";
  const auto& capacity = provider.status.capacity;
  if (!capacity) return "has not stated its capacity yet";
  std::vector<Room> rooms;
  for (const auto& host : provider.status.hosts)
    rooms.push_back(room_of(host.free));
  if (rooms.empty()) rooms.push_back(room_of(capacity->free));
  const bool storage = storage_of(demand) <= capacity->free.storage_bytes.value_or(INT64_MAX);
  if (storage && all_fit(demand.machines, std::move(rooms))) return {};
  return free_text(capacity->free);
}

auto rank(const Provider& provider) {
  const auto& free = provider.status.capacity->free;
  return std::tuple(-free.vcpus.value_or(0), -free.memory_bytes.value_or(0), provider.meta.name);
}

void note(std::vector<std::string>& notes, const Provider& provider, const std::string& why) {
  notes.push_back("provider " + provider.meta.name + " " + why);
}

std::string text_of(std::vector<std::string> notes) {
  const auto count = notes.size();
  if (count > kProvidersNamed) {
    notes.resize(kProvidersNamed);
    notes.push_back(std::to_string(count - kProvidersNamed) + " more");
  }
  return join(notes);
}

std::string demand_text(const Demand& demand) {
  int64_t vcpus = 0, memory = 0;
  for (const auto& machine : demand.machines) {
    vcpus += machine.vcpus;
    memory += machine.memory_bytes;
  }
  return std::to_string(demand.machines.size()) + " machines with " + std::to_string(vcpus) +
         " vcpus, " + bytes_text(memory) + " memory and " + bytes_text(storage_of(demand)) +
         " storage";
}

ServiceInstance::Placed placed_on(const Provider& provider) {
  const auto& location = provider.spec.location;
  return {provider.meta.name, location.region, location.jurisdiction, std::nullopt};
}

Choice refusal(const Demand& demand, const std::vector<std::string>& never,
               const std::vector<std::string>& later) {
  if (!later.empty()) {
    return {std::nullopt, "WaitForCapacity",
            "no room for " + demand_text(demand) + ": " + text_of(later)};
  }
  if (!demand.provider.empty() && never.empty()) {
    return {std::nullopt, "ReferenceNotFound", "there is no provider " + demand.provider};
  }
  if (!demand.provider.empty()) return {std::nullopt, "ProviderNotAllowed", text_of(never)};
  if (never.empty()) return {std::nullopt, "WaitForCapacity", "there is no provider yet"};
  return {std::nullopt, "Infeasible",
          "no provider can ever take " + demand_text(demand) + ": " + text_of(never)};
}

}  // namespace

Demand demand_of(const ServiceInstance::Spec& spec, const Blueprint& blueprint,
                 const SecurityPolicy& security, std::vector<Placement> within) {
  Demand demand{std::move(within), spec.provider ? spec.provider->name : "", security, {}, 0};
  const auto replicas = replicas_of(spec);
  for (const auto& machine : blueprint.machines)
    demand.machines.insert(demand.machines.end(), static_cast<size_t>(replicas), machine);
  for (const auto& volume : blueprint.volumes) {
    const auto copies = is_per_machine(blueprint, volume)
                            ? replicas * static_cast<int64_t>(attached_to(blueprint, volume).size())
                            : 1;
    demand.volume_bytes += volume.size_bytes * copies;
  }
  return demand;
}

std::string outside(const Placement& placement, const std::string& provider,
                    const std::string& jurisdiction) {
  const auto& places = placement.jurisdictions;
  if (!places.empty() && !holds(places, jurisdiction)) {
    return "is in jurisdiction " + jurisdiction + ", allowed are " + join(places);
  }
  const auto& names = placement.providers;
  if (!names.empty() && !holds(names, provider)) return "is not one of " + join(names);
  return {};
}

std::string exclusion(const Demand& demand, const Provider& provider) {
  const auto& name = provider.meta.name;
  for (const auto& placement : demand.within) {
    if (auto why = outside(placement, name, provider.spec.location.jurisdiction); !why.empty())
      return why;
  }
  if (auto why = security_problem(demand.security, provider); !why.empty()) return why;
  for (const auto& machine : demand.machines) {
    if (auto why = class_problem(provider, machine); !why.empty()) return why;
    if (never_fits(provider, machine)) {
      return "has no host for " + std::to_string(machine.vcpus) + " vcpus and " +
             bytes_text(machine.memory_bytes);
    }
  }
  return {};
}

Choice choose_provider(const Demand& demand, const std::vector<Provider>& providers) {
  const Provider* best = nullptr;
  std::vector<std::string> never, later;
  for (const auto& provider : providers) {
    if (!demand.provider.empty() && provider.meta.name != demand.provider) continue;
    if (const auto why = exclusion(demand, provider); !why.empty()) {
      note(never, provider, why);
    } else if (const auto wait = delay(demand, provider); !wait.empty()) {
      note(later, provider, wait);
    } else if (best == nullptr || rank(provider) < rank(*best)) {
      best = &provider;
    }
  }
  if (best == nullptr) return refusal(demand, never, later);
  return {placed_on(*best), "Placed", {}};
}

}  // namespace charter::service_instance
