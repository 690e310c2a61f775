#include "reconcilers/service_offering/admit.h"

#include "crds/types/kinds.h"
#include "tests/reconcilers/map_view.h"
#include "tests/reconcilers/service_offering/samples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::service_offering {
namespace {

MapView catalog() {
  MapView view;
  view.put(kinds::bucket(kinds::service_templates()), template_object());
  view.put(kinds::bucket(kinds::rate_cards()), rate_card_object());
  return view;
}

Json patched(const char* patch) {
  auto object = offering_object();
  object.merge_patch(parse_yaml(patch).value());
  return object;
}

std::string refusal(const Json& now, const Json* before = nullptr,
                    const MapView& view = catalog()) {
  AdmitRequest request;
  request.operation =
      before == nullptr ? AdmitRequest::Operation::Create : AdmitRequest::Operation::Update;
  request.object = &now;
  request.before = before;
  const auto admitted = admit(request, view);
  return admitted ? "" : admitted.error().causes.at(0).field;
}

TEST(OfferingAdmit, PublishesOnlyWhatHasServiceLevelPriceAndResourceSpecification) {
  const std::pair<const char*, const char*> kRows[] = {
      {"{}", ""},
      {"{spec: {serviceLevel: null}}", "spec.serviceLevel.availability"},
      {"{spec: {serviceLevel: {availability: null}}}", "spec.serviceLevel.availability"},
      {"{spec: {billing: null}}", "spec.billing"},
      {"{spec: {units: null}}", "spec.units"},
  };
  for (const auto& [patch, field] : kRows) {
    EXPECT_EQ(refusal(patched(patch)), field) << patch;
    auto draft = patched(patch);
    draft["spec"]["publication"] = "Draft";
    EXPECT_EQ(refusal(draft), "") << patch;
  }
}

TEST(OfferingAdmit, EachUnitNeedsAPriceOfTheCard) {
  MapView view = catalog();
  auto card = rate_card_object();
  card["spec"]["items"].erase(1);
  view.put(kinds::bucket(kinds::rate_cards()), card);
  EXPECT_EQ(refusal(offering_object(), nullptr, view), "spec.units.storage");
}

TEST(OfferingAdmit, JudgesTheShapeOfUnitsVisibilityAndPolicy) {
  const std::pair<const char*, const char*> kRows[] = {
      {"{spec: {units: {compute: {equals: 100GB}}}}", "spec.units.compute.equals"},
      {"{spec: {units: {storage: {equals: {vcpus: 1, memory: 1GB}}}}}",
       "spec.units.storage.equals"},
      {"{spec: {units: {compute: {equals: {memory: null}}}}}", "spec.units.compute.equals.memory"},
      {"{spec: {units: {compute: {equals: {vcpus: 0}}}}}", "spec.units.compute.equals.vcpus"},
      {"{spec: {units: {compute: {equals: {gpus: 1}}}}}", "spec.units.compute.equals.gpus"},
      {"{spec: {units: {archive: {per: Capacity, equals: 1TB}}}}", "spec.units.storage.class"},
      {"{spec: {units: {archive: {per: Capacity, equals: 1TB, class: slow}}}}", ""},
      {"{spec: {units: {compute: {class: slow}}}}", "spec.units.compute.class"},
      {"{spec: {units: {large: {per: Machine, equals: {vcpus: 16, memory: 64GB}}}}}", ""},
      {"{spec: {visibility: {audience: Accounts}}}", "spec.visibility.accounts"},
      {"{spec: {visibility: {audience: Accounts, accounts: [a]}}}", ""},
      {"{spec: {visibility: {audience: Public, accounts: [a]}}}", "spec.visibility.accounts"},
      {"{spec: {contractPolicy: {quoteTTL: 0s}}}", "spec.contractPolicy.quoteTTL"},
  };
  for (const auto& [patch, field] : kRows)
    EXPECT_EQ(refusal(patched(patch)), field) << patch;
}

TEST(OfferingAdmit, ParametersOnlyNarrowTheTemplate) {
  EXPECT_EQ(refusal(patched("{spec: {parameters: [{name: vcpus, allowed: [4]}]}}")), "");
  EXPECT_EQ(refusal(patched("{spec: {parameters: [{name: vcpus, allowed: [2, 8]}]}}")),
            "spec.parameters[0].allowed[1]");
  EXPECT_EQ(refusal(patched("{spec: {parameters: [{name: cores, locked: 4}]}}")),
            "spec.parameters[0].name");
}

TEST(OfferingAdmit, ObjectsArriveInAnyOrder) {
  EXPECT_EQ(refusal(patched("{spec: {parameters: [{name: cores, locked: 4}]}}"), nullptr, {}), "");
}

TEST(OfferingAdmit, TheEditionNeverFallsAndNothingBecomesADraftAgain) {
  const auto second = patched("{spec: {edition: 2}}");
  EXPECT_EQ(refusal(offering_object(), &second), "spec.edition");
  const auto draft = patched("{spec: {publication: Draft}}");
  const auto published = offering_object();
  EXPECT_EQ(refusal(draft, &published), "spec.publication");
  EXPECT_EQ(refusal(published, &draft), "");
  EXPECT_EQ(refusal(patched("{spec: {publication: Retired}}"), &published), "");
}

TEST(OfferingAdmit, AWriteThatLeavesTheSpecIsNotJudged) {
  const auto broken = patched("{spec: {billing: null}}");
  auto labelled = broken;
  labelled["metadata"]["labels"]["a"] = "b";
  EXPECT_EQ(refusal(labelled, &broken), "");
}

}  // namespace
}  // namespace charter::service_offering
