#include "reconcilers/provider/look.h"

#include "controller/runtime/caches.h"
#include "crds/types/kinds.h"
#include "crds/types/machine.h"
#include "crds/types/service_instance.h"
#include "crds/types/volume.h"
#include "drivers/counter_readings.h"
#include "reconcilers/provider/endpoint.h"
#include "reconcilers/provider/reconciler.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace charter::provider {
namespace {

/// An external thing that no cached object claims: perhaps an orphan.
struct Suspect {
  OrphanKind kind;
  std::string uid;
  std::string external_id;
};

const Gvr& resource_of(OrphanKind kind) {
  return kind == OrphanKind::Machine ? kinds::machines() : kinds::volumes();
}

std::vector<Suspect> suspects_in(const Inventory& inventory, const Caches& caches) {
  std::vector<Suspect> suspects;
  const auto check = [&](OrphanKind kind, const std::string& uid, const std::string& external_id) {
    if (caches.list_by(kinds::bucket(resource_of(kind)), kByUid, uid).empty())
      suspects.push_back({kind, uid, external_id});
  };
  for (const auto& machine : inventory.machines)
    check(OrphanKind::Machine, machine.uid, machine.external_id);
  for (const auto& volume : inventory.volumes)
    check(OrphanKind::Volume, volume.uid, volume.external_id);
  return suspects;
}

Result<std::set<std::string>> live_uids(Client& client, OrphanKind kind) {
  CHARTER_TRY_ASSIGN(const ObjectList list, client.list(resource_of(kind), {}));
  std::set<std::string> uids;
  for (const auto& object : list.objects)
    uids.insert(object->header().uid);
  return uids;
}

// Still there, after its object was seen to be gone: objects go last, so this is no thing that is
// just being removed.
Result<bool> is_still_there(ProviderDriver& driver, const Suspect& suspect) {
  if (suspect.kind == OrphanKind::Machine) {
    CHARTER_TRY_ASSIGN(const auto machine, driver.observe(suspect.uid));
    return machine && machine->owner == suspect.uid;
  }
  CHARTER_TRY_ASSIGN(const auto volume, driver.observe_volume(suspect.uid));
  return volume.has_value();
}

// A cache may be behind, so the API itself is asked before anything is called an orphan.
Result<std::vector<OrphanSight>> orphans_among(const std::vector<Suspect>& suspects, Client& client,
                                               ProviderDriver& driver) {
  std::vector<OrphanSight> orphans;
  if (suspects.empty()) return orphans;
  CHARTER_TRY_ASSIGN(const auto machines, live_uids(client, OrphanKind::Machine));
  CHARTER_TRY_ASSIGN(const auto volumes, live_uids(client, OrphanKind::Volume));
  for (const auto& suspect : suspects) {
    if (orphans.size() == kOrphansMax) break;
    const auto& live = suspect.kind == OrphanKind::Machine ? machines : volumes;
    if (live.contains(suspect.uid)) continue;
    CHARTER_TRY_ASSIGN(const bool there, is_still_there(driver, suspect));
    if (there) orphans.push_back({suspect.kind, suspect.external_id});
  }
  return orphans;
}

template <class K>
void collect_users(const Caches& caches, const Gvr& resource, const std::string& word,
                   Result<K> (*read)(const Json&), bool (*lives_on)(const K&, const std::string&),
                   const std::string& provider, std::vector<std::string>& users) {
  caches.scan(kinds::bucket(resource), "", [&](const ObjectPtr& encoded) {
    const auto object = read(encoded->bare_tree());
    // What cannot be read may be a user: better to keep a provider than to lose what is on it.
    if (!object || lives_on(*object, provider))
      users.push_back(word + " " + encoded->header().ns + "/" + encoded->header().name);
    return true;
  });
}

std::vector<std::string> users_of(const std::string& provider, const Caches& caches) {
  std::vector<std::string> users;
  collect_users<Machine>(
      caches, kinds::machines(), "machine", read_machine,
      [](const Machine& m, const std::string& name) { return m.spec.provider.name == name; },
      provider, users);
  collect_users<Volume>(
      caches, kinds::volumes(), "volume", read_volume,
      [](const Volume& v, const std::string& name) {
        return v.status.provider == name || (v.spec.provider && v.spec.provider->name == name);
      },
      provider, users);
  collect_users<ServiceInstance>(
      caches, kinds::service_instances(), "service instance", read_service_instance,
      [](const ServiceInstance& i, const std::string& name) {
        return i.status.placement && i.status.placement->provider == name;
      },
      provider, users);
  return users;
}

// Failures of the endpoint are facts about the provider, not failures of the pass.
Status look_at_endpoint(ProviderDriver& driver, const Runtime& rt, Observed& have) {
  auto inventory = driver.look();
  if (!inventory) {
    have.failed = inventory.error();
    return {};
  }
  auto orphans = orphans_among(suspects_in(*inventory, rt.caches), rt.client, driver);
  if (!orphans) {
    have.failed = orphans.error();
    return {};
  }
  have.orphans = std::move(*orphans);
  have.inventory = std::move(*inventory);
  return {};
}

}  // namespace

Result<Observed> look(const Provider& provider, const Runtime& rt, DriverPool& drivers) {
  Observed have;
  have.now = rt.clock.now();
  const std::string& name = provider.meta.name;
  if (!provider.meta.deleted.empty()) {
    have.users = users_of(name, rt.caches);
    have.is_open = drivers.get(name).has_value();
    return have;
  }
  have.driver_known = drivers.knows(std::string(to_word(provider.spec.driver)));
  if (!have.driver_known) return have;
  const auto settings = driver_settings(provider, rt.client, drivers);
  if (!settings) {
    have.failed = settings.error();  // what is open stays so
    return have;
  }
  const auto opened = drivers.open(*settings);
  if (!opened) {
    (opened.error().code == Code::Invalid ? have.refused : have.failed) = opened.error();
    return have;
  }
  have.counts_nothing = drivers.readings().counts_nothing(name);
  CHARTER_TRY(look_at_endpoint(**opened, rt, have));
  return have;
}

}  // namespace charter::provider
