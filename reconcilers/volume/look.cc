#include "reconcilers/volume/look.h"

#include "crds/types/contract.h"
#include "crds/types/kinds.h"
#include "crds/types/provider.h"
#include "crds/types/service_instance.h"
#include "crds/types/service_offering_revision.h"
#include "reconcilers/common/reasons.h"
#include "reconcilers/common/writers.h"
#include "reconcilers/contract/units.h"
#include "reconcilers/machine/admit.h"
#include "reconcilers/machine/reconciler.h"
#include "reconcilers/provider/endpoint.h"
#include "reconcilers/provider/reconciler.h"
#include "reconcilers/service_instance/placement.h"
#include "reconcilers/volume/admit.h"
#include "reconcilers/volume/metering.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace charter::volume {
namespace {

Target target_of(const std::string& name, const ObjectPtr& machine) {
  if (machine == nullptr) return {.name = name};
  const auto& header = machine->header();
  return {.name = name,
          .uid = header.uid,
          .exists = find_pair(header.fields, machine::kExternalField) != nullptr,
          .going = header.deleting};
}

std::vector<Target> targets_of(const Volume& volume, const Caches& caches) {
  const auto bucket = kinds::bucket(kinds::machines());
  std::map<std::string, Target> targets;
  for (const auto& reference : volume.spec.attach_to) {
    const auto machine = caches.get(bucket, {volume.meta.ns, reference.name});
    targets.emplace(reference.name, target_of(reference.name, machine));
  }
  const auto key = to_string(ObjectName{volume.meta.ns, volume.meta.name});
  for (const auto& machine : caches.list_by(bucket, machine::kByVolume, key)) {
    const auto& name = machine->header().name;
    targets.emplace(name, target_of(name, machine));
  }
  std::vector<Target> sorted;
  for (auto& [name, target] : targets)
    sorted.push_back(std::move(target));
  return sorted;
}

std::vector<std::string> names_of(const std::vector<std::string>& machine_uids,
                                  const Caches& caches) {
  std::vector<std::string> names;
  const auto bucket = kinds::bucket(kinds::machines());
  for (const auto& uid : machine_uids) {
    for (const auto& machine : caches.list_by(bucket, provider::kByUid, uid))
      names.push_back(machine->header().name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// What was bought holds even where the volume asks for less: whoever writes a Volume by hand leaves
// spec.security out.
Result<SecurityPolicy> security_of(const Volume& volume, const Caches& caches) {
  auto security = volume.spec.security;
  if (!volume.spec.contract || volume.spec.instance) return security;
  const auto contract =
      caches.get(kinds::bucket(kinds::contracts()), {volume.meta.ns, volume.spec.contract->name});
  if (contract == nullptr) return security;
  const auto name = text_at(contract->bare_tree(), {"status", "accepted", "revision"});
  if (name.empty()) return security;
  const auto revision = caches.get(kinds::bucket(kinds::service_offering_revisions()), {"", name});
  if (revision == nullptr) return security;
  CHARTER_TRY_ASSIGN(const auto sold, read_service_offering_revision(revision->bare_tree()));
  security.isolation = std::max(security.isolation, sold.spec.security.isolation);
  security.encryption_at_rest |= sold.spec.security.encryption_at_rest;
  return security;
}

Status follow_instance(const Volume& volume, const Caches& caches, Observed& have) {
  const auto& name = volume.spec.instance->name;
  const auto encoded =
      caches.get(kinds::bucket(kinds::service_instances()), {volume.meta.ns, name});
  if (encoded == nullptr) {
    have.blocker = Blocker{"ReferenceNotFound", "service instance " + name + " does not exist"};
    return {};
  }
  CHARTER_TRY_ASSIGN(const auto instance, read_service_instance(encoded->bare_tree()));
  if (instance.status.placement) {
    have.provider = instance.status.placement->provider;
  } else {
    have.blocker = Blocker{"ReferenceNotReady", "service instance " + name + " is not placed yet"};
  }
  return {};
}

Result<std::vector<Provider>> all_providers(const Caches& caches) {
  std::vector<Provider> providers;
  std::optional<Error> broken;
  caches.scan(kinds::bucket(kinds::providers()), "", [&](const ObjectPtr& encoded) {
    auto provider = read_provider(encoded->bare_tree());
    if (provider) {
      providers.push_back(*std::move(provider));
    } else {
      broken = provider.error();
    }
    return !broken;
  });
  if (broken) return *std::move(broken);
  return providers;
}

// Only what was accepted counts: a request that nobody agreed to moves nothing.
Status choose(const Volume& volume, const Contract& contract, const Caches& caches,
              Observed& have) {
  service_instance::Demand demand;
  const auto& accepted = *contract.status.accepted;
  if (accepted.placement) demand.within.push_back(*accepted.placement);
  const auto revision =
      caches.get(kinds::bucket(kinds::service_offering_revisions()), {"", accepted.revision});
  if (revision != nullptr) {
    CHARTER_TRY_ASSIGN(const auto view, read_service_offering_revision(revision->bare_tree()));
    demand.within.push_back(view.spec.placement.within);
  }
  demand.security = have.security;
  demand.volume_bytes = volume.spec.size_bytes;
  CHARTER_TRY_ASSIGN(const auto providers, all_providers(caches));
  const auto choice = service_instance::choose_provider(demand, providers);
  if (choice.placed) {
    have.provider = choice.placed->provider;
  } else {
    have.blocker = Blocker{choice.reason, choice.message};
  }
  return {};
}

// Who pays, and, when something begins or ends, who caused it: whoever asks for the volume.
void look_at_payer(const Volume& volume, const Caches& caches, Observed& have) {
  if (volume.spec.contract) {
    const auto contract =
        caches.get(kinds::bucket(kinds::contracts()), {volume.meta.ns, volume.spec.contract->name});
    const auto uid = contract == nullptr ? std::string() : contract->header().uid;
    const bool ended = contract == nullptr || contract::has_ended(contract->header());
    if (!volume.status.metering && !ended) have.contract_uid = uid;
    have.contract_ended =
        ended || (volume.status.metering && volume.status.metering->contract_uid != uid);
  }
  if (metered(volume, have) == volume.status.metering) return;
  const auto& asks = volume.spec.instance ? kinds::service_instances() : kinds::volumes();
  const auto& name = volume.spec.instance ? volume.spec.instance->name : volume.meta.name;
  const auto object = caches.get(kinds::bucket(asks), {volume.meta.ns, name});
  if (object != nullptr) have.by = last_spec_writer(object->tree());
}

}  // namespace

Status place(const Volume& volume, const Caches& caches, Observed& have) {
  if (volume.spec.contract && !volume.spec.instance) {
    const auto& name = volume.spec.contract->name;
    const auto encoded = caches.get(kinds::bucket(kinds::contracts()), {volume.meta.ns, name});
    if (encoded == nullptr) {
      have.blocker = Blocker{"ReferenceNotFound", "contract " + name + " does not exist"};
      return {};
    }
    CHARTER_TRY_ASSIGN(const auto contract, read_contract(encoded->bare_tree()));
    if (!contract.status.accepted || contract.status.terminated_at) {
      have.blocker = Blocker{"ContractNotActive", "contract " + name + " is not in force"};
      return {};
    }
    if (const auto covered = check_order(volume, contract, caches, Others::Earlier); !covered) {
      have.blocker = Blocker{std::string(reason_of(covered.error())), covered.error().message};
      return {};
    }
    if (!volume.spec.provider) return choose(volume, contract, caches, have);
  }
  if (volume.spec.provider) {
    have.provider = volume.spec.provider->name;
    return {};
  }
  if (volume.spec.instance) return follow_instance(volume, caches, have);
  have.blocker = Blocker{"Incomplete", "states neither provider, instance nor contract"};
  return {};
}

Result<Observed> look(const Volume& volume, const Runtime& rt, DriverPool& drivers) {
  const Caches& caches = rt.caches;
  Observed have;
  have.now = rt.clock.now();
  have.provider = volume.status.provider;
  CHARTER_TRY_ASSIGN(have.security, security_of(volume, caches));
  if (have.provider.empty()) {
    if (volume.meta.deleted.empty()) CHARTER_TRY(place(volume, caches, have));
    return have;
  }
  CHARTER_TRY_ASSIGN(const auto driver, provider::endpoint(rt, drivers, have.provider));
  auto ext = driver->observe_volume(volume.meta.uid);
  if (!ext) return provider::driver_error(ext.error(), have.provider);
  have.ext = *std::move(ext);
  have.targets = targets_of(volume, caches);
  if (have.ext) have.attached_names = names_of(have.ext->attached_to, caches);
  look_at_payer(volume, caches, have);
  return have;
}

}  // namespace charter::volume
