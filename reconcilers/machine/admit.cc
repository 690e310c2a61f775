#include "reconcilers/machine/admit.h"

#include "controller/object/causes.h"
#include "controller/object/conditions.h"
#include "crds/types/machine.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::machine {
namespace {

constexpr std::string_view kImmutable = "field is immutable: make another Machine";

Error invalid(std::vector<Cause> causes) {
  std::string text;
  for (const auto& cause : causes)
    text += (text.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  return Error{Code::Invalid, std::move(text), {}, std::move(causes)};
}

}  // namespace

Status admit(const AdmitRequest& request, const View&) {
  if (request.object == nullptr || request.before == nullptr) return {};
  if (request.subresource == "status") return {};
  CHARTER_TRY_ASSIGN(const auto now, read_machine(*request.object));
  if (!now.meta.deleted.empty()) return {};
  CHARTER_TRY_ASSIGN(const auto before, read_machine(*request.before));
  std::vector<Cause> causes;
  if (now.spec.provider != before.spec.provider)
    causes.push_back(invalid_cause("spec.providerRef.name", now.spec.provider.name, kImmutable));
  if (now.spec.instance != before.spec.instance)
    causes.push_back(invalid_cause("spec.instanceRef.name", now.spec.instance.name, kImmutable));
  if (now.spec.component != before.spec.component)
    causes.push_back(invalid_cause("spec.component", now.spec.component, kImmutable));
  if (now.spec.index != before.spec.index)
    causes.push_back(invalid_cause("spec.index", now.spec.index, kImmutable));
  if (!causes.empty()) return invalid(std::move(causes));
  return {};
}

namespace {

// What it was last seen to have, else what it was asked to have.
std::string running_size(const Json& machine) {
  const auto* status = at(machine, {"status"});
  const auto* spec = at(machine, {"spec"});
  if (status == nullptr || spec == nullptr || text_at(*status, {"power"}) != "On") return {};
  auto vcpus = int_at(*status, {"vcpus"});
  if (!vcpus) vcpus = int_at(*spec, {"vcpus"});
  auto bytes = parse_bytes(text_at(*status, {"memory"}));
  if (!bytes) bytes = parse_bytes(text_at(*spec, {"memory"}));
  return std::to_string(vcpus.value_or(0)) + " " + std::to_string(bytes ? *bytes : 0);
}

}  // namespace

Pairs header_fields(const Json& machine) {
  Pairs fields;
  if (auto size = running_size(machine); !size.empty())
    fields.emplace_back(kRunsField, std::move(size));
  // One that vanished keeps its last id for people, but nothing can be attached to it.
  auto external = text_at(machine, {"status", "externalID"});
  if (!external.empty() && condition_is_true(machine, "Provisioned"))
    fields.emplace_back(kExternalField, std::move(external));
  if (!condition_is_true(machine, "Ready"))
    fields.emplace_back(kWaitsForField, text_at(machine, {"spec", "providerRef", "name"}));
  auto read_at = text_at(machine, {"status", "metering", "consumption", "readAt"});
  if (!read_at.empty()) fields.emplace_back(kConsumesField, std::move(read_at));
  const auto* volumes = at(machine, {"spec", "volumes"});
  if (volumes != nullptr && volumes->is_array()) {
    for (const auto& volume : *volumes) {
      auto name = text_at(volume, {"name"});
      fields.emplace_back(std::string(kVolumeField) + name, std::move(name));
    }
  }
  std::sort(fields.begin(), fields.end());
  return fields;
}

std::vector<std::string> volumes_of(const Header& machine) {
  std::vector<std::string> names;
  for (const auto& [field, value] : machine.fields) {
    if (field.starts_with(kVolumeField)) names.push_back(value);
  }
  return names;
}

}  // namespace charter::machine
