#include "reconcilers/contract/look.h"

#include "crds/types/kinds.h"
#include "reconcilers/account/limits.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/contract/units.h"
#include "reconcilers/invoice/bills.h"
#include "reconcilers/machine/admit.h"
#include "reconcilers/volume/admit.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace charter::contract {
namespace {

constexpr std::string_view kContractField = "spec.contractRef.name";
constexpr std::string_view kInstanceField = "spec.instanceRef.name";
constexpr size_t kNoteBytesMax = 256;  // a child's words inside a parent's message

std::string note_of(const Conditions& conditions) {
  const auto* blocked = find_condition(conditions, "Deleting");
  if (blocked == nullptr) blocked = find_condition(conditions, "Ready");
  if (blocked == nullptr) return {};
  return (blocked->reason + " (" + blocked->message + ")").substr(0, kNoteBytesMax);
}

int64_t number_in(std::string_view text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string text_in(const Header& header, std::string_view field) {
  const auto* value = find_pair(header.fields, field);
  return value != nullptr ? *value : std::string();
}

Status look_at_account(const Contract& contract, const Caches& caches, Observed& have) {
  const auto encoded = account_of(caches, contract.meta.ns);
  if (encoded == nullptr) return {};
  CHARTER_TRY_ASSIGN(auto account, read_account(encoded->bare_tree()));
  have.account =
      AccountFacts{account.meta.name, account.spec.limits,
                   account::used_units(caches, account::namespaces_of(encoded->header())),
                   std::move(account.spec.price_overrides)};
  return {};
}

Status look_at_revision(const std::string& name, const Caches& caches, Observed& have) {
  if (name.empty() || have.revisions.contains(name)) return {};
  const auto bucket = kinds::bucket(kinds::service_offering_revisions());
  const auto encoded = caches.get(bucket, {"", name});
  if (encoded == nullptr) return {};
  CHARTER_TRY_ASSIGN(auto revision, read_service_offering_revision(encoded->bare_tree()));
  have.revisions.emplace(name, std::move(revision.spec));
  return {};
}

Status look_at_offering(const Contract& contract, const Caches& caches, Observed& have) {
  const auto encoded =
      caches.get(kinds::bucket(kinds::service_offerings()), {"", contract.spec.offering.name});
  if (encoded != nullptr) {
    CHARTER_TRY_ASSIGN(const auto offering, read_service_offering(encoded->bare_tree()));
    have.offering = OfferingFacts{offering.spec.publication, offering.status.revision,
                                  encoded->header().deleting};
    CHARTER_TRY(look_at_revision(offering.status.revision, caches, have));
  }
  const auto& status = contract.status;
  if (status.accepted) CHARTER_TRY(look_at_revision(status.accepted->revision, caches, have));
  if (status.offer) CHARTER_TRY(look_at_revision(status.offer->offering_revision, caches, have));
  return {};
}

// Children are counted by their headers: a contract may have ten thousand, and none is parsed for
// it.
void look_at_instances(const std::string& key, const Caches& caches, Observed& have) {
  const auto bucket = kinds::bucket(kinds::service_instances());
  for (const auto& encoded : caches.list_by(bucket, kByContract, key)) {
    const auto& header = encoded->header();
    have.children.push_back(
        {Child::Kind::Instance, header.name, header.uid, header.deleting, std::string()});
    ++have.instances;
  }
}

// Volumes of an instance go with it. The consumer's own ones go with the contract, unless their
// policy keeps them.
void look_at_volumes(const std::string& key, const Caches& caches, Observed& have,
                     VolumeBytes& bytes) {
  const auto bucket = kinds::bucket(kinds::volumes());
  for (const auto& encoded : caches.list_by(bucket, kByContract, key)) {
    const auto& header = encoded->header();
    bytes[std::string(text_in(header, volume::kClassField))] +=
        number_in(text_in(header, volume::kMadeField));
    if (!text_in(header, volume::kStaysField).empty() && !header.deleting) {
      have.kept.push_back("volume " + header.name);
    } else if (text_in(header, kInstanceField).empty() || header.deleting) {
      have.children.push_back(
          {Child::Kind::Volume, header.name, header.uid, header.deleting, std::string()});
    }
  }
}

void look_at_machines(const std::string& key, const Caches& caches,
                      std::vector<MachineSize>& sizes) {
  const auto bucket = kinds::bucket(kinds::machines());
  for (const auto& encoded : caches.list_by(bucket, kByContract, key)) {
    const auto* runs = find_pair(encoded->header().fields, machine::kRunsField);
    if (runs == nullptr) continue;
    const auto space = runs->find(' ');
    sizes.push_back({number_in(std::string_view(*runs).substr(0, space)),
                     number_in(std::string_view(*runs).substr(space + 1))});
  }
}

// What the plan may have to name as the one that holds up the end, as clear_away chooses it.
void note_blocker(const Contract& contract, const Caches& caches, Observed& have) {
  if (have.children.empty()) return;
  auto blocker = std::find_if(have.children.begin(), have.children.end(),
                              [](const Child& child) { return !child.deleting; });
  if (blocker == have.children.end()) blocker = have.children.begin();
  const auto& resource =
      blocker->kind == Child::Kind::Instance ? kinds::service_instances() : kinds::volumes();
  const auto encoded = caches.get(kinds::bucket(resource), {contract.meta.ns, blocker->name});
  if (encoded != nullptr) blocker->note = note_of(read_conditions(encoded->bare_tree()));
}

// Whether managedFields' fieldsV1 holds this path, e.g. f:spec, f:acceptance.
bool owns(const Json& entry, std::initializer_list<std::string_view> path) {
  const auto* fields = at(entry, {"fieldsV1"});
  return fields != nullptr && at(*fields, path) != nullptr;
}

const SoldUnits* sold_under(const Contract& contract, const Observed& have) {
  auto name = have.offering ? have.offering->revision : std::string();
  if (contract.status.accepted) name = contract.status.accepted->revision;
  const auto found = have.revisions.find(name);
  return found == have.revisions.end() ? nullptr : &found->second.units;
}

}  // namespace

std::vector<std::string> contract_index(const Header& header) {
  const auto* name = find_pair(header.fields, kContractField);
  if (name == nullptr || name->empty()) return {};
  return {header.ns + "/" + *name};
}

std::vector<ObjectName> contract_of(const Encoded& object, const Caches&) {
  const auto* name = find_pair(object.header().fields, kContractField);
  if (name == nullptr || name->empty()) return {};
  return {{object.header().ns, *name}};
}

std::vector<ObjectName> contracts_of_account(const Encoded& account, const Caches& caches) {
  std::vector<ObjectName> names;
  const auto namespaces = account::namespaces_of(account.header());
  for (const auto& contract : account::contracts_of(caches, namespaces)) {
    names.push_back({contract->header().ns, contract->header().name});
  }
  return names;
}

namespace {

std::vector<ObjectName> under_offering(const std::string& offering, const Caches& caches) {
  std::vector<ObjectName> names;
  const auto bucket = kinds::bucket(kinds::contracts());
  for (const auto& contract : caches.list_by(bucket, kByOffering, offering)) {
    names.push_back({contract->header().ns, contract->header().name});
  }
  return names;
}

}  // namespace

std::vector<ObjectName> contracts_of_offering(const Encoded& offering, const Caches& caches) {
  return under_offering(offering.header().name, caches);
}

std::vector<ObjectName> contracts_of_revision(const Encoded& revision, const Caches& caches) {
  const auto* offering = find_pair(revision.header().fields, "spec.offeringRef.name");
  return offering == nullptr ? std::vector<ObjectName>() : under_offering(*offering, caches);
}

AcceptanceFacts acceptance_of(const Json& contract) {
  AcceptanceFacts facts;
  const auto* entries = at(contract, {"metadata", "managedFields"});
  if (entries == nullptr || !entries->is_array()) return facts;
  for (const auto& entry : *entries) {
    if (!owns(entry, {"f:spec", "f:acceptance"})) continue;
    facts.by = text_at(entry, {"manager"});
    facts.at = parse_time(text_at(entry, {"time"}));
  }
  return facts;
}

Result<Observed> look(const Contract& contract, const Caches& caches, Instant now) {
  Observed have;
  have.now = now;
  const ObjectName name{contract.meta.ns, contract.meta.name};
  const auto encoded = caches.get(kinds::bucket(kinds::contracts()), name);
  if (contract.spec.acceptance && encoded != nullptr) {
    have.acceptance = acceptance_of(encoded->tree());
  }
  CHARTER_TRY(look_at_account(contract, caches, have));
  CHARTER_TRY(look_at_offering(contract, caches, have));
  const auto key = to_string(name);
  look_at_instances(key, caches, have);
  std::vector<MachineSize> machines;
  VolumeBytes volumes;
  look_at_volumes(key, caches, have, volumes);
  look_at_machines(key, caches, machines);
  note_blocker(contract, caches, have);
  CHARTER_TRY_ASSIGN(const auto bill, invoice::billing_of(contract, caches));
  have.bill = {bill.is_charged, bill.is_settled, bill.text};
  if (const auto* sold = sold_under(contract, have)) {
    have.provisioned = count_units(*sold, machines, volumes);
  }
  return have;
}

}  // namespace charter::contract
