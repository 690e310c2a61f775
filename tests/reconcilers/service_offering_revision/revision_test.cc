#include "reconcilers/common/image_index.h"
#include "reconcilers/service_offering_revision/admit.h"
#include "reconcilers/service_offering_revision/plan.h"
#include "tests/reconcilers/map_view.h"
#include "tests/reconcilers/service_offering/samples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::service_offering_revision {
namespace {

Json revision_object() {
  const auto facts =
      service_offering::revision_of(service_offering::offering(), service_offering::complete());
  return {{"metadata", {{"name", facts.name}, {"generation", 1}}}, {"spec", spec_json(facts.spec)}};
}

std::string refusal(const Json& now, const Json* before = nullptr) {
  AdmitRequest request;
  request.operation =
      before == nullptr ? AdmitRequest::Operation::Create : AdmitRequest::Operation::Update;
  request.object = &now;
  request.before = before;
  const auto admitted = admit(request, MapView());
  return admitted ? "" : admitted.error().causes.at(0).field;
}

TEST(RevisionAdmit, IsImmutableButForItsMetadata) {
  const auto before = revision_object();
  auto labelled = before;
  labelled["metadata"]["labels"]["a"] = "b";
  EXPECT_EQ(refusal(labelled, &before), "");
  auto cheaper = before;
  cheaper["spec"]["rateCard"]["items"][0]["price"] = "0.01";
  EXPECT_EQ(refusal(cheaper, &before), "spec");
  auto removed = before;
  removed["spec"].erase("description");
  removed["spec"].erase("units");
  EXPECT_EQ(refusal(removed, &before), "spec");
}

TEST(RevisionAdmit, TheContentIsWhatTheHashSays) {
  auto forged = revision_object();
  EXPECT_EQ(refusal(forged), "");
  forged["spec"]["rateCard"]["items"][0]["price"] = "0.01";
  EXPECT_EQ(refusal(forged), "spec.contentHash");
}

TEST(RevisionHeader, NamesImagesAndTheFrozenRateCard) {
  const auto fields = header_fields(revision_object());
  ASSERT_NE(find_pair(fields, "rateCard"), nullptr);
  EXPECT_EQ(*find_pair(fields, "rateCard"), "std-2026");
  const auto object = Encoded::make(revision_object(), 1, fields);
  EXPECT_EQ(image_index(object->header()), std::vector<std::string>{"open-linux"});
}

ServiceOfferingRevision sample() {
  return read_service_offering_revision(revision_object()).value();
}

// What the offering sells: this revision, or another one of an edition.
OfferingFacts sells_this() {
  return {.revision = sample().meta.name, .edition = 1};
}
OfferingFacts sells_other(int64_t edition) {
  return {.revision = "other", .edition = edition};
}

TEST(RevisionPlan, FollowsItsTable) {
  const struct {
    const char* name;
    Observed have;
    const char* reason;
    bool deletes;
  } kRows[] = {
      {"sold", {.offering = sells_this()}, "Current", false},
      {"superseded, unused", {.offering = sells_other(2)}, "Deleting", true},
      {"superseded, contracted",
       {.offering = sells_other(2), .contracts = {"a/b"}},
       "Superseded",
       false},
      {"superseded, running",
       {.offering = sells_other(2), .instances = {"a/b"}},
       "Superseded",
       false},
      {"not noted yet", {.offering = sells_other(0)}, "Superseded", false},
      {"same edition", {.offering = sells_other(1)}, "Superseded", false},
      {"offering gone", {}, "Deleting", true},
      {"offering gone, contracted", {.contracts = {"a/b"}}, "Superseded", false},
  };
  for (const auto& row : kRows) {
    const auto step = plan(sample(), row.have);
    EXPECT_EQ(step.ready.reason, row.reason) << row.name;
    EXPECT_EQ(step.action.has_value(), row.deletes) << row.name;
    EXPECT_TRUE(step.release.empty()) << row.name;
  }
}

TEST(RevisionPlan, StaysWhileAnUndecidedContractMayHaveItsOffer) {
  auto offering = sells_other(2);
  offering.undecided = true;
  EXPECT_FALSE(plan(sample(), {.offering = offering}).action);
}

TEST(RevisionPlan, InDeletionStaysForItsUsers) {
  auto revision = sample();
  revision.meta.deleted = "2026-06-01T00:00:00Z";
  const auto sold = plan(revision, {.offering = sells_this()});
  ASSERT_TRUE(sold.deletion);
  EXPECT_EQ(sold.deletion->blocker, "used by service offering web");
  const auto used = plan(revision, {.contracts = {"a/b"}, .instances = {"a/c"}});
  EXPECT_EQ(used.deletion->blocker, "used by contract a/b, service instance a/c");
  EXPECT_FALSE(plan(revision, {}).release.empty());
  auto leaving = sells_this();
  leaving.deleting = true;
  EXPECT_FALSE(plan(revision, {.offering = leaving}).release.empty());
}

TEST(RevisionPhase, IsDerivedFromConditions) {
  EXPECT_EQ(phase_of({{"Ready", "True", "Current", ""}}), "Current");
  EXPECT_EQ(phase_of({{"Ready", "True", "Superseded", ""}}), "Superseded");
}

}  // namespace
}  // namespace charter::service_offering_revision
