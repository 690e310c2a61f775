#include "reconcilers/service_instance/look.h"

#include "controller/object/yaml_scalar.h"
#include "crds/types/account.h"
#include "crds/types/kinds.h"
#include "reconcilers/account/limits.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/contract/look.h"
#include "reconcilers/service_instance/holdings.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::service_instance {
namespace {

std::string field(const Header& header, std::string_view name) {
  const auto* value = find_pair(header.fields, name);
  return value != nullptr ? *value : std::string();
}

std::vector<ObjectName> names_of(const std::vector<ObjectPtr>& objects) {
  std::vector<ObjectName> names;
  for (const auto& object : objects)
    names.push_back({object->header().ns, object->header().name});
  return names;
}

std::vector<ObjectPtr> instances_by(const Caches& caches, const char* index,
                                    const std::string& value) {
  return caches.list_by(kinds::bucket(kinds::service_instances()), index, value);
}

std::string contract_wait(const std::string& ns, const std::string& name) {
  return std::string(kWaitsForContract) + " " + ns + "/" + name;
}

ContractFacts facts_of(const Contract& contract) {
  ContractFacts facts;
  facts.active = is_true(contract.conditions, "Active") && contract.meta.deleted.empty();
  if (const auto* ready = find_condition(contract.conditions, "Ready"); ready != nullptr)
    facts.message = ready->message;
  if (!contract.status.accepted) return facts;
  facts.accepted = true;
  facts.revision = contract.status.accepted->revision;
  facts.ordered = contract.status.accepted->quantities;
  facts.placement = contract.status.accepted->placement.value_or(Placement{});
  return facts;
}

Status look_at_contract(const ServiceInstance& instance, const Caches& caches, Shelves& shelves,
                        Observed& have) {
  const auto found = caches.get(kinds::bucket(kinds::contracts()),
                                {instance.meta.ns, instance.spec.contract.name});
  CHARTER_TRY_ASSIGN(const auto contract, shelves.catalogs.contracts.get(found, read_contract));
  if (contract != nullptr) have.contract = facts_of(*contract);
  return {};
}

Status look_at_children(const ServiceInstance& instance, const Caches& caches, Observed& have) {
  const auto& uid = instance.meta.uid;
  for (const auto& machine : caches.owned_by(kinds::bucket(kinds::machines()), uid)) {
    CHARTER_TRY_ASSIGN(auto read, read_machine(machine->bare_tree()));
    have.machines.push_back(std::move(read));
  }
  for (const auto& volume : caches.owned_by(kinds::bucket(kinds::volumes()), uid)) {
    CHARTER_TRY_ASSIGN(auto read, read_volume(volume->bare_tree()));
    have.volumes.push_back(std::move(read));
  }
  for (const auto& secret : caches.owned_by(kinds::bucket(kinds::secrets()), uid)) {
    const auto& header = secret->header();
    have.secrets.push_back(
        {header.name, header.uid, header.deleting, secret_text(secret->bare_tree(), "addresses")});
  }
  return {};
}

Status look_at_providers(const Caches& caches, Shelves& shelves, Observed& have) {
  Status read_all;
  caches.scan(kinds::bucket(kinds::providers()), "", [&](const ObjectPtr& provider) {
    const auto read = shelves.providers.get(provider, read_provider);
    if (!read) {
      read_all = Error(read.error());
      return false;
    }
    have.providers.push_back(**read);
    return true;
  });
  return read_all;
}

// What only an instance without a place needs.
Status look_for_place(const ServiceInstance& instance, const Caches& caches, Shelves& shelves,
                      Observed& have) {
  CHARTER_TRY(look_at_providers(caches, shelves, have));
  if (const auto found = account_of(caches, instance.meta.ns)) {
    CHARTER_TRY_ASSIGN(const auto account, read_account(found->bare_tree()));
    have.account_placement = account.spec.placement.value_or(Placement{});
  }
  if (!have.contract || !have.contract->accepted) return {};
  const ObjectName contract{instance.meta.ns, instance.spec.contract.name};
  CHARTER_TRY_ASSIGN(const auto terms, terms_of(caches, contract, shelves.catalogs));
  const auto own =
      caches.get(kinds::bucket(kinds::service_instances()), {instance.meta.ns, instance.meta.name});
  if (!terms || own == nullptr) return {};
  for (const auto& shortage : shortages(caches, *terms, own->tree(), nullptr, shelves.catalogs))
    have.shortages.push_back(to_string(shortage));
  return {};
}

}  // namespace

std::vector<std::string> wait_index(const Header& header) {
  const auto waits = field(header, kWaitsField);
  if (waits.empty()) return {};
  if (waits != kWaitsForContract) return {waits};
  return {contract_wait(header.ns, field(header, "spec.contractRef.name"))};
}

std::vector<ObjectName> instances_of_contract(const Encoded& contract, const Caches& caches) {
  const auto& header = contract.header();
  auto names = names_of(instances_by(caches, kByWait, contract_wait(header.ns, header.name)));
  const auto accepted = text_at(contract.bare_tree(), {"status", "accepted", "revision"});
  // Those pinned to another revision say that there is a newer one; the rest have heard it all.
  const auto key = header.ns + "/" + header.name;
  for (const auto& instance : instances_by(caches, contract::kByContract, key)) {
    const auto pinned = field(instance->header(), kRevisionField);
    if (!pinned.empty() && pinned != accepted)
      names.push_back({instance->header().ns, instance->header().name});
  }
  return names;
}

std::vector<ObjectName> instances_of_provider(const Encoded& provider, const Caches& caches) {
  const auto& name = provider.header().name;
  auto names = names_of(instances_by(caches, kByWait, kWaitsForProvider));
  if (caches.get(kinds::bucket(kinds::providers()), {"", name}) != nullptr) return names;
  for (const auto& instance : instances_by(caches, kByProvider, name))
    names.push_back({instance->header().ns, instance->header().name});
  return names;
}

std::vector<ObjectName> instances_of_revision(const Encoded& revision, const Caches& caches) {
  std::vector<ObjectName> names;
  for (const auto& instance : instances_by(caches, kByRevision, revision.header().name)) {
    if (field(instance->header(), kWaitsField) == kWaitsForContract)
      names.push_back({instance->header().ns, instance->header().name});
  }
  return names;
}

std::vector<ObjectName> instances_of_account(const Encoded& account, const Caches& caches) {
  std::vector<ObjectName> names;
  const auto namespaces = account::namespaces_of(account.header());
  for (const auto& instance : instances_by(caches, kByWait, kWaitsForProvider)) {
    const auto& header = instance->header();
    if (std::find(namespaces.begin(), namespaces.end(), header.ns) != namespaces.end())
      names.push_back({header.ns, header.name});
  }
  return names;
}

std::string secret_text(const Json& secret, std::string_view key) {
  auto decoded = decode_yaml_binary(text_at(secret, {"data", key}));
  return decoded ? std::move(*decoded) : std::string();
}

Result<Observed> look(const ServiceInstance& instance, const Caches& caches, Instant now,
                      Shelves& shelves) {
  Observed have;
  have.now = now;
  CHARTER_TRY(look_at_children(instance, caches, have));
  if (!instance.meta.deleted.empty()) return have;
  CHARTER_TRY(look_at_contract(instance, caches, shelves, have));
  auto name = instance.status.revision;
  if (name.empty() && have.contract) name = have.contract->revision;
  CHARTER_TRY_ASSIGN(have.revision, revision_spec(caches, name, shelves.catalogs));
  const auto& placement = instance.status.placement;
  have.provider_gone = placement && caches.get(kinds::bucket(kinds::providers()),
                                               {"", placement->provider}) == nullptr;
  if (!placement || have.provider_gone)
    CHARTER_TRY(look_for_place(instance, caches, shelves, have));
  return have;
}

}  // namespace charter::service_instance
