#include "reconcilers/service_offering/content.h"

#include "tests/reconcilers/service_offering/samples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::service_offering {
namespace {

Result<ServiceOfferingRevision::Spec> made(const ServiceOffering& from, const Observed& have) {
  return make_revision(from, have.sources, have.now);
}

std::string reason(const ServiceOffering& from, const Observed& have = complete()) {
  const auto revision = made(from, have);
  return revision ? "" : revision.error().reason;
}

TEST(RevisionContent, IsSelfContained) {
  const auto revision = made(offering(), complete()).value();
  EXPECT_EQ(revision.offering.uid, "u-web");
  EXPECT_EQ(revision.frozen_template.components.machines.size(), 1u);
  EXPECT_EQ(revision.rates.currency, "USD");
  ASSERT_EQ(revision.parameters.size(), 3u);
  EXPECT_EQ(revision.parameters[2].locked, ParameterValue{"linux"});
  EXPECT_EQ(revision.parameters[2].bounds.fallback, ParameterValue{"bsd"});
  EXPECT_EQ(revision.content_hash, hash_of(revision));
}

TEST(RevisionContent, FreezesTheImagesThatCanStillBeChosen) {
  const auto locked = made(offering(), complete()).value();
  ASSERT_EQ(locked.images.size(), 1u);
  EXPECT_EQ(locked.images[0].name, "open-linux");
  EXPECT_EQ(locked.images[0].digest, "sha256:" + std::string(64, 'a'));
  EXPECT_EQ(made(offering("{spec: {parameters: []}}"), complete()).value().images.size(), 2u);
}

TEST(RevisionContent, HasOneHashForOneContentWhateverTheEdition) {
  const auto hash = made(offering(), complete()).value().content_hash;
  EXPECT_EQ(made(offering("{spec: {edition: 2}}"), complete()).value().content_hash, hash);
  EXPECT_NE(made(offering("{metadata: {uid: other}}"), complete()).value().content_hash, hash);
  auto dearer = complete();
  dearer.sources.rates->items[0].price = "0.14";
  EXPECT_NE(made(offering(), dearer).value().content_hash, hash);
  auto moved = complete();
  moved.sources.images.at("open-linux").source.sha256 = std::string(64, 'b');
  EXPECT_NE(made(offering(), moved).value().content_hash, hash);
  EXPECT_EQ(revision_name("web", hash), "web-" + hash.substr(7, 12));
}

TEST(RevisionContent, WaitsForWhatDoesNotExist) {
  auto no_template = complete();
  no_template.sources.sold.reset();
  auto no_card = complete();
  no_card.sources.rates.reset();
  auto no_image = complete();
  no_image.sources.images.erase("open-linux");
  for (const auto& have : {no_template, no_card, no_image})
    EXPECT_EQ(reason(offering(), have), "ReferenceNotFound");
  auto unused = complete();
  unused.sources.images.erase("open-bsd");
  EXPECT_EQ(reason(offering(), unused), "");
}

TEST(RevisionContent, IsNotMadeAtPricesThatDoNotHold) {
  auto early = complete();
  early.now = parse_time("2025-12-31T00:00:00Z").value();
  EXPECT_EQ(reason(offering(), early), "NotYetEffective");
  auto late = complete();
  late.sources.rates->valid_until = late.now;
  EXPECT_EQ(reason(offering(), late), "Expired");
}

TEST(RevisionContent, NeedsServiceLevelPriceAndResourceSpecification) {
  EXPECT_EQ(reason(offering("{spec: {serviceLevel: null}}")), "Incomplete");
  EXPECT_EQ(reason(offering("{spec: {units: null}}")), "Incomplete");
  EXPECT_EQ(reason(offering("{spec: {billing: null}}")), "Incomplete");
  auto no_storage_price = complete();
  no_storage_price.sources.rates->items.pop_back();
  EXPECT_EQ(reason(offering(), no_storage_price), "NoPrice");
}

TEST(RevisionContent, IsSound) {
  EXPECT_EQ(reason(offering("{spec: {parameters: [{name: vcpus, allowed: [8]}]}}")), "InvalidSpec");
  auto small = complete();
  small.sources.images.at("open-linux").min_disk_bytes = 200'000'000'000;
  EXPECT_EQ(reason(offering(), small), "InvalidSpec");
  EXPECT_EQ(reason(offering("{spec: {parameters: [{name: os, locked: linux}, {name: disk, min: "
                            "200GB, default: 200GB}]}}"),
                   small),
            "");
  auto broken = complete();
  broken.sources.sold->components.machines[0].volumes = {"nowhere"};
  const auto refused = made(offering(), broken);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("template catalog/server"), std::string::npos);
}

TEST(FromPrice, IsThatOfTheCheapestMachineUnit) {
  auto revision = made(offering(), complete()).value();
  // 4 vCPUs x 720 h x $0.13
  EXPECT_EQ(from_price(revision).value(), "374.40 USD per compute and month");
  revision.units.erase("compute");
  // 0.1 TB x 30 days x $5.00
  EXPECT_EQ(from_price(revision).value(), "15.00 USD per storage and month");
}

TEST(ServiceLevels, AreToldInOneLine) {
  EXPECT_EQ(level_text(offering().spec.service_level), "99.9 %, ready within 10m");
  EXPECT_EQ(level_text(ServiceLevel{"99", std::nullopt}), "99 %");
  EXPECT_EQ(level_text(std::nullopt), "");
}

}  // namespace
}  // namespace charter::service_offering
