#include "reconcilers/volume/admit.h"

#include "controller/object/causes.h"
#include "controller/object/conditions.h"
#include "crds/types/contract.h"
#include "crds/types/kinds.h"
#include "crds/types/service_offering_revision.h"
#include "crds/types/volume.h"
#include "reconcilers/contract/units.h"
#include "reconcilers/parameters/bounds.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace charter::volume {
namespace {

constexpr std::string_view kImmutable = "field is immutable: make another Volume";

Error invalid(std::vector<Cause> causes) {
  std::string text;
  for (const auto& cause : causes)
    text += (text.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  return Error{Code::Invalid, std::move(text), {}, std::move(causes)};
}

std::string name_of(const std::optional<NameRef>& reference) {
  return reference ? reference->name : std::string();
}

void check_change(const Volume& before, const Volume& now, std::vector<Cause>& causes) {
  if (now.spec.size_bytes < before.spec.size_bytes) {
    causes.push_back(
        invalid_cause("spec.size", bytes_text(now.spec.size_bytes),
                      "a volume never shrinks; it has " + bytes_text(before.spec.size_bytes)));
  }
  if (now.spec.contract != before.spec.contract)
    causes.push_back(
        invalid_cause("spec.contractRef.name", name_of(now.spec.contract), kImmutable));
  if (now.spec.instance != before.spec.instance)
    causes.push_back(forbidden_cause("spec.instanceRef", kImmutable));
  if (now.spec.volume_class != before.spec.volume_class)
    causes.push_back(invalid_cause("spec.class", now.spec.volume_class, kImmutable));
  if (now.spec.shared != before.spec.shared)
    causes.push_back(invalid_cause("spec.shared", now.spec.shared, kImmutable));
  const std::string provider = name_of(now.spec.provider);
  const bool placed = !before.status.provider.empty() || before.spec.provider;
  const bool same = now.spec.provider == before.spec.provider ||
                    (!before.status.provider.empty() && provider == before.status.provider);
  if (placed && !same)
    causes.push_back(invalid_cause("spec.providerRef.name", provider, kImmutable));
}

void check_contract(const Volume& volume, const View& view, std::vector<Cause>& causes) {
  if (volume.spec.instance) return;
  if (!volume.spec.contract) {
    causes.push_back(
        required_cause("spec.contractRef", "a volume of no instance needs a contract"));
    return;
  }
  const auto& name = volume.spec.contract->name;
  if (view.get(kinds::bucket(kinds::contracts()), {volume.meta.ns, name}) == nullptr)
    causes.push_back(invalid_cause("spec.contractRef.name", name, "there is no such contract"));
}

// A locked parameter allows its value alone.
TemplateParameter only(const RevisionParameter& parameter) {
  TemplateParameter bounds;
  bounds.name = parameter.bounds.name;
  bounds.type = parameter.bounds.type;
  bounds.allowed = {*parameter.locked};
  return bounds;
}

/// Size by header, so that a turn of the writer parses nothing but the contract.
contract::VolumeBytes bytes_of_contract(const View& view, const ObjectName& except,
                                        const std::string& contract, Others others) {
  contract::VolumeBytes bytes;
  view.scan(kinds::bucket(kinds::volumes()), except.ns, [&](const ObjectPtr& volume) {
    const auto& header = volume->header();
    const auto* owner = find_pair(header.fields, kContractField);
    const auto* size = find_pair(header.fields, kBytesField);
    if (header.name == except.name || owner == nullptr || *owner != contract || size == nullptr)
      return true;
    const bool later =
        find_pair(header.fields, kProviderField) == nullptr && header.name > except.name;
    if (later && others == Others::Earlier) return true;
    int64_t amount = 0;
    std::from_chars(size->data(), size->data() + size->size(), amount);
    const auto* volume_class = find_pair(header.fields, kClassField);
    bytes[volume_class == nullptr ? "" : *volume_class] += amount;
    return true;
  });
  return bytes;
}

// Where the offering's template sizes a volume by a parameter, its bounds hold for a volume that is
// made under the contract itself as for one of an instance.
std::optional<Cause> size_problem(const ServiceOfferingRevision::Spec& sold, int64_t bytes) {
  std::optional<Cause> problem;
  for (const auto& component : sold.frozen_template.components.volumes) {
    for (const auto& parameter : sold.parameters) {
      if (parameter.bounds.name != component.size.from_parameter) continue;
      auto found = parameters::finding(parameter.locked ? only(parameter) : parameter.bounds,
                                       ParameterValue{bytes_text(bytes)}, "spec.size");
      if (!found) return std::nullopt;
      if (!problem) problem = std::move(found);
    }
  }
  return problem;
}

}  // namespace

Status check_order(const Volume& volume, const Contract& contract, const View& view,
                   Others others) {
  const std::string where = "contract " + contract.meta.name;
  const auto& accepted = *contract.status.accepted;
  const auto encoded =
      view.get(kinds::bucket(kinds::service_offering_revisions()), {"", accepted.revision});
  if (encoded == nullptr)
    return Error{Code::Forbidden, where + ": its revision " + accepted.revision + " is not there"};
  CHARTER_TRY_ASSIGN(const auto revision, read_service_offering_revision(encoded->bare_tree()));
  if (auto problem = size_problem(revision.spec, volume.spec.size_bytes))
    return invalid({*std::move(problem)});
  const ObjectName self{volume.meta.ns, volume.meta.name};
  auto bytes = bytes_of_contract(view, self, contract.meta.name, others);
  const auto used = contract::count_units(revision.spec.units, {}, bytes);
  bytes[volume.spec.volume_class] += volume.spec.size_bytes;
  const auto asked = contract::count_units(revision.spec.units, {}, bytes);
  for (const auto& [unit, count] : asked) {
    const auto ordered = accepted.quantities.find(unit);
    const int64_t most = ordered == accepted.quantities.end() ? 0 : ordered->second;
    const auto own = contract::unit_of_volumes(revision.spec.units, volume.spec.volume_class);
    if (unit != own || count <= most) continue;
    const std::string text = unit + ": ordered " + std::to_string(most) + ", used " +
                             std::to_string(used.at(unit)) + ", asked " + std::to_string(count);
    return Error{
        Code::Forbidden, where + ": " + text, "TooManyUnits", {forbidden_cause("spec.size", text)}};
  }
  return {};
}

Status admit(const AdmitRequest& request, const View& view) {
  if (request.object == nullptr || request.subresource == "status") return {};
  CHARTER_TRY_ASSIGN(const auto now, read_volume(*request.object));
  if (!now.meta.deleted.empty()) return {};
  std::vector<Cause> causes;
  if (request.before != nullptr) {
    CHARTER_TRY_ASSIGN(const auto before, read_volume(*request.before));
    if (before.spec == now.spec) return {};
    check_change(before, now, causes);
  } else {
    check_contract(now, view, causes);
  }
  if (now.spec.attach_to.size() > 1 && !now.spec.shared) {
    causes.push_back(forbidden_cause(
        "spec.attachTo", "only a volume with shared: true can be attached to several machines"));
  }
  if (!causes.empty()) return invalid(std::move(causes));
  return {};
}

Status guard(const AdmitRequest& request, const View& view) {
  if (request.object == nullptr || request.subresource == "status") return {};
  CHARTER_TRY_ASSIGN(const auto now, read_volume(*request.object));
  // What belongs to an instance was counted when the instance was admitted.
  if (!now.meta.deleted.empty() || now.spec.instance || !now.spec.contract) return {};
  if (request.before != nullptr) {
    CHARTER_TRY_ASSIGN(const auto before, read_volume(*request.before));
    if (before.spec.size_bytes >= now.spec.size_bytes) return {};
  }
  const auto encoded =
      view.get(kinds::bucket(kinds::contracts()), {now.meta.ns, now.spec.contract->name});
  if (encoded == nullptr) return {};  // admit says it better
  CHARTER_TRY_ASSIGN(const auto contract, read_contract(encoded->bare_tree()));
  if (!contract.status.accepted) return {};  // waits, and is judged by `place` once it is accepted
  return check_order(now, contract, view, Others::All);
}

Pairs header_fields(const Json& volume) {
  Pairs fields;
  const auto size = parse_bytes(text_at(volume, {"spec", "size"}));
  if (size) fields.emplace_back(kBytesField, std::to_string(*size));
  if (auto volume_class = text_at(volume, {"spec", "class"}); !volume_class.empty())
    fields.emplace_back(kClassField, std::move(volume_class));
  if (auto contract = text_at(volume, {"spec", "contractRef", "name"}); !contract.empty())
    fields.emplace_back(kContractField, std::move(contract));
  auto provider = text_at(volume, {"status", "provider"});
  if (provider.empty()) provider = text_at(volume, {"spec", "providerRef", "name"});
  if (!condition_is_true(volume, "Ready"))
    fields.emplace_back(kWaitsForField, provider.empty() ? std::string(kAnyProvider) : provider);
  if (!provider.empty()) fields.emplace_back(kProviderField, std::move(provider));
  if (!text_at(volume, {"status", "externalID"}).empty()) {
    auto bytes = parse_bytes(text_at(volume, {"status", "size"}));
    if (!bytes) bytes = size;
    fields.emplace_back(kMadeField, std::to_string(bytes ? *bytes : 0));
  }
  auto policy = text_at(volume, {"spec", "reclaimPolicy"});
  if (!policy.empty() && policy != "Delete") fields.emplace_back(kStaysField, std::move(policy));
  const auto* targets = at(volume, {"spec", "attachTo"});
  if (targets != nullptr && targets->is_array()) {
    for (const auto& target : *targets) {
      auto name = text_at(target, {"name"});
      fields.emplace_back(std::string(kAttachField) + name, std::move(name));
    }
  }
  std::sort(fields.begin(), fields.end());
  return fields;
}

std::vector<std::string> targets_of(const Header& volume) {
  std::vector<std::string> names;
  for (const auto& [field, value] : volume.fields) {
    if (field.starts_with(kAttachField)) names.push_back(value);
  }
  return names;
}

}  // namespace charter::volume
