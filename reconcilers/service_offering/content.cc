#include "reconcilers/service_offering/content.h"

#include "controller/object/causes.h"
#include "reconcilers/common/findings.h"
#include "reconcilers/common/money.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/contract/offer.h"
#include "reconcilers/parameters/bounds.h"
#include "reconcilers/parameters/narrowing.h"
#include "reconcilers/service_template/consistency.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace charter::service_offering {
namespace {

constexpr size_t kHashDigits = 12;
constexpr std::string_view kHashPrefix = "sha256:";

Error missing(const std::string& what) {
  return {Code::NotFound, what + " does not exist", "ReferenceNotFound"};
}

const RevisionParameter* find(const std::vector<RevisionParameter>& parameters,
                              const std::string& name) {
  const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const auto& parameter) {
    return parameter.bounds.name == name;
  });
  return found == parameters.end() ? nullptr : &*found;
}

// Whether a parameter can have this word once the offering narrowed it.
bool can_be(const RevisionParameter* parameter, const std::string& word) {
  if (parameter == nullptr) return true;
  const ParameterValue value{word};
  if (parameter->locked) return parameters::same(ParameterType::String, *parameter->locked, value);
  return !parameters::finding(parameter->bounds, value, "").has_value();
}

// Images that this machine may boot from under the narrowed parameters.
std::set<std::string> images_of(const MachineComponent& machine,
                                const std::vector<RevisionParameter>& parameters) {
  if (machine.image) return {machine.image->name};
  std::set<std::string> names;
  if (!machine.image_from) return names;
  const auto* choice = find(parameters, machine.image_from->parameter);
  for (const auto& [word, image] : machine.image_from->images) {
    if (can_be(choice, word)) names.insert(image);
  }
  return names;
}

int64_t least_disk(const MachineComponent& machine,
                   const std::vector<RevisionParameter>& parameters) {
  const auto& size = machine.boot_disk.size;
  if (size.value_bytes) return *size.value_bytes;
  const auto* parameter = find(parameters, size.from_parameter);
  if (parameter == nullptr) return 0;
  const auto& bounds = parameter->bounds;
  const auto least = parameter->locked ? parameters::number_of(bounds.type, *parameter->locked)
                                       : parameters::smallest(bounds);
  return least.value_or(0);
}

RevisionImage freeze(const std::string& name, const Image::Spec& image) {
  return {name,
          "sha256:" + image.source.sha256,
          image.source.url,
          image.format,
          image.architecture,
          image.os,
          image.contains,
          image.min_disk_bytes};
}

Status freeze_images(const Sources& sources, ServiceOfferingRevision::Spec& spec) {
  std::map<std::string, RevisionImage> frozen;
  std::vector<Cause> causes;
  for (const auto& machine : spec.frozen_template.components.machines) {
    const auto disk = least_disk(machine, spec.parameters);
    for (const auto& name : images_of(machine, spec.parameters)) {
      const auto image = sources.images.find(name);
      if (image == sources.images.end()) return missing("image " + name);
      if (image->second.source.sha256.empty()) {
        return Error{Code::Invalid, "image " + name + " has no digest", "ImageNotReady"};
      }
      frozen.emplace(name, freeze(name, image->second));
      const auto need = image->second.min_disk_bytes.value_or(0);
      if (disk >= need) continue;
      causes.push_back(invalid_cause("spec.parameters", bytes_text(disk),
                                     "image " + name + " needs a boot disk of at least " +
                                         bytes_text(need) + ", machine entry " + machine.name +
                                         " allows less"));
    }
  }
  for (auto& [name, image] : frozen)
    spec.images.push_back(std::move(image));
  return verdict(std::move(causes), "InvalidSpec");
}

Status check_sources(const ServiceOffering::Spec& spec, const Sources& sources, Instant now) {
  const auto& ref = spec.template_ref;
  std::vector<Cause> causes;
  check_complete(spec, nullptr, causes);
  CHARTER_TRY(verdict(causes, "Incomplete"));
  if (!sources.sold) return missing("service template " + ref.ns + "/" + ref.name);
  const auto card = "rate card " + spec.billing->rate_card;
  if (!sources.rates) return missing(card);
  if (sources.rates->effective_from > now) {
    return Error{Code::Invalid, card + " holds from " + format_time(sources.rates->effective_from),
                 "NotYetEffective"};
  }
  if (sources.rates->valid_until && *sources.rates->valid_until <= now) {
    return Error{Code::Invalid, card + " held until " + format_time(*sources.rates->valid_until),
                 "Expired"};
  }
  check_complete(spec, &*sources.rates, causes);
  CHARTER_TRY(verdict(causes, "NoPrice"));
  service_template::check_template(*sources.sold, causes);
  for (auto& cause : causes)
    cause.field = "template " + ref.ns + "/" + ref.name + " " + cause.field;
  check_alone(spec, causes);
  check_against_template(spec, *sources.sold, causes);
  return verdict(std::move(causes), "InvalidSpec");
}

}  // namespace

std::string hash_of(const ServiceOfferingRevision::Spec& spec) {
  auto tree = spec_json(spec);
  tree.erase("edition");
  tree.erase("contentHash");
  return content_hash(tree);
}

std::string revision_name(const std::string& offering, const std::string& hash) {
  const auto digits = hash.substr(std::min(hash.size(), kHashPrefix.size()), kHashDigits);
  return child_subdomain({offering, digits});
}

Result<ServiceOfferingRevision::Spec> make_revision(const ServiceOffering& offering,
                                                    const Sources& sources, Instant now) {
  const auto& from = offering.spec;
  CHARTER_TRY(check_sources(from, sources, now));
  ServiceOfferingRevision::Spec spec;
  spec.offering = {offering.meta.name, offering.meta.uid};
  spec.edition = from.edition;
  spec.description = from.description;
  spec.template_ref = from.template_ref;
  spec.frozen_template = *sources.sold;
  spec.parameters = parameters::merge_all(sources.sold->parameters, from.parameters);
  spec.units = from.units;
  spec.service_level = from.service_level;
  spec.security = from.security;
  spec.billing = *from.billing;
  spec.rates = *sources.rates;
  spec.placement = from.placement;
  spec.contract_policy = from.contract_policy;
  CHARTER_TRY(freeze_images(sources, spec));
  spec.content_hash = hash_of(spec);
  return spec;
}

Result<std::string> from_price(const ServiceOfferingRevision::Spec& spec) {
  std::string text;
  std::optional<Decimal> least;
  const bool sells_machines =
      std::any_of(spec.units.begin(), spec.units.end(),
                  [](const auto& entry) { return entry.second.per == UnitPer::Machine; });
  for (const auto& [name, unit] : spec.units) {
    if (sells_machines && unit.per != UnitPer::Machine) continue;
    const contract::Terms terms{.revision = {}, .spec = &spec, .agreed = {}, .in_force = {}};
    CHARTER_TRY_ASSIGN(const auto price, contract::monthly_price(terms, {{name, 1}}));
    CHARTER_TRY_ASSIGN(const auto amount, Decimal::parse(price.substr(0, price.find(' '))));
    if (least && *least <= amount) continue;
    least = amount;
    text = price + " per " + name + " and month";
  }
  return text;
}

std::string level_text(const std::optional<ServiceLevel>& level) {
  if (!level) return {};
  std::string text = level->availability.empty() ? "" : level->availability + " %";
  if (level->provisioning_time) {
    text +=
        (text.empty() ? "" : ", ") + ("ready within " + duration_text(*level->provisioning_time));
  }
  return text;
}

}  // namespace charter::service_offering
