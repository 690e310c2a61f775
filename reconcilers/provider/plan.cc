#include "reconcilers/provider/plan.h"

#include "reconcilers/common/naming.h"
#include "reconcilers/provider/endpoint.h"

#include <algorithm>
#include <map>

namespace charter::provider {
namespace {

constexpr size_t kUsersNamed = 5;  // enough to know where to look; the rest is a number

Resources resources_of(const Capacity& amount) {
  return {amount.vcpus, amount.memory_bytes, amount.storage_bytes};
}

void add(Capacity& sum, const Capacity& more) {
  sum.vcpus += more.vcpus;
  sum.memory_bytes += more.memory_bytes;
  sum.storage_bytes += more.storage_bytes;
}

Capacity used_by_ours(const Inventory& inventory) {
  Capacity used;
  for (const auto& machine : inventory.machines)
    add(used, {machine.vcpus, machine.memory_bytes, machine.disk_bytes});
  for (const auto& volume : inventory.volumes)
    add(used, {0, 0, volume.size_bytes});
  return used;
}

int64_t left(int64_t total, int64_t used, int64_t free_on_hosts) {
  return std::min(free_on_hosts, std::max<int64_t>(0, total - used));
}

std::string list_users(const std::vector<std::string>& users) {
  std::string text;
  for (size_t i = 0; i < std::min(users.size(), kUsersNamed); ++i)
    text += (text.empty() ? "" : ", ") + users[i];
  if (users.size() > kUsersNamed)
    text += " and " + std::to_string(users.size() - kUsersNamed) + " more";
  return text;
}

std::vector<Provider::HostStatus> hosts_of(const Inventory& inventory) {
  std::map<std::string, int64_t> machines;
  for (const auto& machine : inventory.machines)
    ++machines[machine.host];
  std::vector<Provider::HostStatus> hosts;
  for (const auto& host : inventory.hosts) {
    hosts.push_back({.name = host.name,
                     .state = host.state,
                     .total = resources_of(host.total),
                     .free = resources_of(host.free),
                     .machines = machines[host.name]});
  }
  return hosts;
}

// An orphan keeps the time at which it was first seen.
std::vector<Provider::Orphan> orphans_of(const Provider::Status& before, const Observed& have) {
  std::vector<Provider::Orphan> orphans;
  for (const auto& sight : have.orphans) {
    if (orphans.size() == kOrphansMax) break;
    const auto old =
        std::find_if(before.orphans.begin(), before.orphans.end(), [&](const auto& orphan) {
          return orphan.kind == sight.kind && orphan.external_id == sight.external_id;
        });
    orphans.push_back({.kind = sight.kind,
                       .external_id = sight.external_id,
                       .seen_since = old == before.orphans.end() ? have.now : old->seen_since});
  }
  return orphans;
}

Step deletion(const Provider& provider, const Observed& have) {
  Step step;
  step.status = provider.status;
  if (!have.users.empty()) {
    const auto users = "used by " + list_users(have.users) + "; delete them first";
    step.ready = ready_false("InUse", users);
    step.deletion = DeletionStep{"InUse", users};
    step.outcome = Outcome::wait({}, "InUse");
    return step;
  }
  step.ready = ready_false("Deleting", "nothing uses it any more");
  if (have.is_open) {
    step.deletion = DeletionStep{"Deleting", "closing the connection"};
    step.action = Close{};
    return step;
  }
  step.release = {std::string(kInUseFinalizer)};
  return step;
}

Step refused(const Provider& provider, std::string_view reason, const std::string& message) {
  Step step;
  step.status = provider.status;
  step.status.reachable = false;
  step.ready = ready_false(reason, message);
  step.conditions = {is_not_so("Reachable", reason, message)};
  step.outcome = Outcome::stuck(std::string(reason));
  return step;
}

// Numbers of the last successful look stay: they are the best there is, and lastLookTime dates
// them.
Step unreachable(const Provider& provider, const Error& error) {
  Step step;
  step.status = provider.status;
  step.status.reachable = false;
  const std::string message =
      error.message + "; looked at again every " + human_duration(kLookInterval);
  const std::string reason = is_about_login(error.reason) ? error.reason : "NotReachable";
  step.ready = ready_false(reason, message);
  step.conditions = {is_not_so("Reachable", reason, message)};
  step.outcome = Outcome::wait(kLookInterval, reason);
  return step;
}

Step looked(const Provider& provider, const Observed& have) {
  Step step;
  step.status = provider.status;
  auto& status = step.status;
  const auto& inventory = *have.inventory;
  status.reachable = true;
  status.driver_version = inventory.version;
  status.capacity = capacity_of(provider.spec.capacity, inventory);
  status.hosts = hosts_of(inventory);
  status.inventory = Provider::InventoryCount{static_cast<int64_t>(inventory.machines.size()),
                                              static_cast<int64_t>(inventory.volumes.size())};
  status.orphans = orphans_of(provider.status, have);
  // A look that finds nothing new is no reason to write: idle life must cost no write at all.
  if (status != provider.status || !status.last_look_time) status.last_look_time = have.now;
  step.ready = ready_true("Ready", "endpoint answers");
  step.conditions = {is_so("Reachable", "Reachable", "endpoint answers")};
  if (!status.orphans.empty()) {
    step.conditions.push_back(
        is_so("Orphaned", "Orphaned",
              std::to_string(have.orphans.size()) +
                  " things carry our stamp but belong to no object; see status.orphans, they are "
                  "never destroyed by themselves"));
  }
  if (have.counts_nothing) {
    step.conditions.push_back(is_not_so("ConsumptionMetered", "NotMetered",
                                        "the endpoint counts no consumption: what its machines "
                                        "consume is not charged, whatever its price"));
  }
  step.outcome = Outcome::wait(kLookInterval, "Ready");
  return step;
}

}  // namespace

Provider::CapacityStatus capacity_of(const std::optional<Resources>& stated,
                                     const Inventory& inventory) {
  Capacity total, free;
  for (const auto& host : inventory.hosts) {
    add(total, host.total);
    add(free, host.free);
  }
  const Capacity used = used_by_ours(inventory);
  if (stated) {
    total = {stated->vcpus.value_or(total.vcpus), stated->memory_bytes.value_or(total.memory_bytes),
             stated->storage_bytes.value_or(total.storage_bytes)};
  }
  const Capacity rest{left(total.vcpus, used.vcpus, free.vcpus),
                      left(total.memory_bytes, used.memory_bytes, free.memory_bytes),
                      left(total.storage_bytes, used.storage_bytes, free.storage_bytes)};
  return {resources_of(total), resources_of(used), resources_of(rest)};
}

Step plan(const Provider& provider, const Observed& have) {
  if (!provider.meta.deleted.empty()) return deletion(provider, have);
  if (!have.driver_known) {
    return refused(
        provider, "Unsupported",
        "driver " + std::string(to_word(provider.spec.driver)) + " is not available in this build");
  }
  if (have.refused) return refused(provider, "InvalidSettings", have.refused->message);
  if (have.failed) return unreachable(provider, *have.failed);
  if (!have.inventory)
    return unreachable(provider, {Code::ServiceUnavailable, "endpoint was not looked at"});
  return looked(provider, have);
}

std::string_view phase_of(const Conditions& conditions) {
  if (is_true(conditions, "Deleting")) return "Deleting";
  if (is_true(conditions, "Ready")) return "Ready";
  if (is_true(conditions, "Stalled")) return "Failed";
  const auto* reachable = find_condition(conditions, "Reachable");
  return reachable != nullptr && reachable->status == "False" ? "Unreachable" : "Pending";
}

}  // namespace charter::provider
