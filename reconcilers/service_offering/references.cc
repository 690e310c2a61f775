#include "reconcilers/service_offering/references.h"

#include "crds/types/kinds.h"
#include "reconcilers/common/image_index.h"

namespace charter::service_offering {
namespace {

std::vector<ObjectName> by_index(const Caches& caches, const Gvr& resource, const char* index,
                                 const std::string& value) {
  return names_of(caches.list_by(kinds::bucket(resource), index, value));
}

}  // namespace

std::string field_of(const Header& header, std::string_view field) {
  const auto* value = find_pair(header.fields, field);
  return value == nullptr ? std::string() : *value;
}

std::vector<ObjectName> names_of(const std::vector<ObjectPtr>& objects) {
  std::vector<ObjectName> names;
  names.reserve(objects.size());
  for (const auto& object : objects)
    names.push_back({object->header().ns, object->header().name});
  return names;
}

std::vector<std::string> template_index(const Header& offering) {
  const auto name = field_of(offering, "spec.templateRef.name");
  if (name.empty()) return {};
  return {field_of(offering, "spec.templateRef.namespace") + "/" + name};
}

std::vector<ObjectName> template_of(const Encoded& offering, const Caches&) {
  const auto name = field_of(offering.header(), "spec.templateRef.name");
  if (name.empty()) return {};
  return {{field_of(offering.header(), "spec.templateRef.namespace"), name}};
}

IndexFunction rate_card_index() {
  return index_by_field("spec.billing.rateCardRef");
}

IndexFunction offering_index() {
  return index_by_field("spec.offeringRef.name");
}

IndexFunction frozen_rate_card_index() {
  return index_by_field(kFrozenRateCardField);
}

std::vector<ObjectName> offering_of(const Encoded& object, const Caches&) {
  const auto name = field_of(object.header(), "spec.offeringRef.name");
  if (name.empty()) return {};
  return {{"", name}};
}

std::vector<ObjectName> offerings_of_template(const Encoded& object, const Caches& caches) {
  return by_index(caches, kinds::service_offerings(), kByTemplate,
                  object.header().ns + "/" + object.header().name);
}

std::vector<ObjectName> offerings_of_image(const Encoded& image, const Caches& caches) {
  std::vector<ObjectName> all;
  const auto templates =
      caches.list_by(kinds::bucket(kinds::service_templates()), kByImage, image.header().name);
  for (const auto& one : templates) {
    const auto names = offerings_of_template(*one, caches);
    all.insert(all.end(), names.begin(), names.end());
  }
  return all;
}

std::vector<ObjectName> offerings_of_rate_card(const Encoded& card, const Caches& caches) {
  return by_index(caches, kinds::service_offerings(), kByRateCard, card.header().name);
}

std::vector<ObjectName> revisions_of_offering(const Encoded& offering, const Caches& caches) {
  return by_index(caches, kinds::service_offering_revisions(), kByOffering, offering.header().name);
}

std::vector<ObjectName> revisions_of_contract(const Encoded& contract, const Caches& caches) {
  return by_index(caches, kinds::service_offering_revisions(), kByOffering,
                  field_of(contract.header(), "spec.offeringRef.name"));
}

}  // namespace charter::service_offering
