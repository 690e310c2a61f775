#include "tests/support/world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

// Scenario S1 in a World: the real manifests through the real API, all reconcilers running.
namespace charter {
namespace {

using std::chrono::seconds;
using test::World;

void apply_folder(World& world, const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(CHARTER_SOURCE_DIR "/manifests/" + folder))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    world.apply(text.str());
  }
}

void apply_catalog(World& world) {
  apply_folder(world, "s1-catalog");
}

constexpr const char* kAccountAndContract = R"(
apiVersion: charter.dev/v1alpha1
kind: Account
metadata: {name: consumerco}
spec:
  namespaces: [shop]
  limits: {compute: 5, storage: 5}
  billing: {email: bills@consumerco.example}
---
apiVersion: charter.dev/v1alpha1
kind: Contract
metadata: {name: orders, namespace: shop}
spec:
  offeringRef: {name: compute-highspeed}
  quantities: {compute: 3, storage: 5}
)";

TEST(Catalog, BecomesReadyAndPublishedAndThenQuiet) {
  World world;
  apply_catalog(world);
  world.settle_for(seconds(30));
  const auto offerings = world.names("ServiceOffering");
  EXPECT_EQ(offerings.size(), 13u);
  for (const auto& name : offerings) {
    EXPECT_TRUE(world.is("ServiceOffering", name, "Ready"))
        << name << ": " << world.explain("ServiceOffering", name);
    EXPECT_TRUE(world.is("ServiceOffering", name, "Published")) << name;
    EXPECT_EQ(world.field("ServiceOffering", name, "status.phase"), "Published");
    EXPECT_NE(world.field("ServiceOffering", name, "status.fromPrice"), "") << name;
    EXPECT_NE(world.field("ServiceOffering", name, "status.sla"), "") << name;
    const auto revision = world.field("ServiceOffering", name, "status.revision");
    EXPECT_EQ(world.reason("ServiceOfferingRevision", revision), "Current") << name;
  }
  EXPECT_EQ(world.names("ServiceOfferingRevision").size(), 13u);
  for (const char* kind : {"ServiceTemplate", "Image", "RateCard"}) {
    for (const auto& name : world.names(kind))
      EXPECT_TRUE(world.is(kind, name, "Ready")) << kind << " " << name;
  }
  world.expect_quiet();
}

TEST(Catalog, TheQuickstartConvergesFromCatalogToRunningMachines) {
  World world;
  apply_folder(world, "quickstart");
  world.settle_for(seconds(30));
  const auto contract = "consumerco/orders";
  const auto hash = world.field("Contract", contract, "status.offer.hash");
  ASSERT_NE(hash, "") << world.explain("Contract", contract);
  world.edit("Contract", contract, "{spec: {acceptance: {offerHash: '" + hash + "'}}}");
  const auto instances = world.names("ServiceInstance");
  ASSERT_EQ(instances.size(), 1u);
  EXPECT_TRUE(world.settle_until([&] { return world.is("ServiceInstance", instances[0], "Ready"); },
                                 seconds(120)))
      << world.explain("ServiceInstance", instances[0]);
  world.settle_for(seconds(30));
  const auto revision = world.field("Contract", contract, "status.accepted.revision");
  EXPECT_EQ(world.field("ServiceOfferingRevision", revision, "status.contracts"), "1");
  for (const char* kind : {"Provider", "Image", "ServiceTemplate", "RateCard", "ServiceOffering",
                           "ServiceOfferingRevision", "Account", "Contract", "Machine"}) {
    for (const auto& name : world.names(kind))
      EXPECT_TRUE(world.is(kind, name, "Ready")) << kind << " " << world.explain(kind, name);
  }
  world.expect_quiet();
}

TEST(Catalog, MayArriveInAnyOrder) {
  World forward, backward;
  apply_catalog(forward);
  forward.settle_for(seconds(30));
  for (const char* kind : {"ServiceOffering", "RateCard", "ServiceTemplate", "Image"}) {
    for (const auto& name : forward.names(kind)) {
      auto object = forward.get(kind, name);
      auto meta = Json{{"name", object["metadata"]["name"]}};
      if (object["metadata"].contains("namespace")) {
        meta["namespace"] = object["metadata"]["namespace"];
        backward.apply("{apiVersion: v1, kind: Namespace, metadata: {name: catalog}}");
      }
      object["metadata"] = meta;
      object.erase("status");
      backward.apply(to_yaml(object));
    }
    backward.settle_for(seconds(5));
  }
  for (const auto& name : backward.names("ServiceOffering")) {
    EXPECT_TRUE(backward.is("ServiceOffering", name, "Ready"))
        << name << ": " << backward.explain("ServiceOffering", name);
  }
}

TEST(Catalog, EditingATemplateTellsAnUpdateAndARaisedEditionPublishesIt) {
  World world;
  apply_catalog(world);
  world.settle_for(seconds(30));
  const auto before = world.field("ServiceOffering", "compute-highspeed", "status.revision");
  world.edit("ServiceTemplate", "catalog/server-open", "{spec: {description: edited}}");
  world.settle_for(seconds(5));
  EXPECT_EQ(world.field("ServiceOffering", "compute-highspeed", "status.revision"), before);
  EXPECT_TRUE(world.is("ServiceOffering", "compute-highspeed", "UpdateAvailable"));
  world.expect_quiet();
  world.edit("ServiceOffering", "compute-highspeed", "{spec: {edition: 2}}");
  world.settle_for(seconds(5));
  const auto after = world.field("ServiceOffering", "compute-highspeed", "status.revision");
  EXPECT_NE(after, before);
  EXPECT_FALSE(world.is("ServiceOffering", "compute-highspeed", "UpdateAvailable"));
  EXPECT_FALSE(world.exists("ServiceOfferingRevision", before)) << "nobody used it";
  EXPECT_EQ(world.reason("ServiceOfferingRevision", after), "Current");
}

TEST(Catalog, WhatIsInUseStaysAndSaysByWhom) {
  World world;
  apply_catalog(world);
  world.settle_for(seconds(30));
  const std::pair<const char*, const char*> kUsed[] = {{"ServiceTemplate", "catalog/server-open"},
                                                       {"RateCard", "std-2026"},
                                                       {"Image", "open-linux"}};
  for (const auto& [kind, name] : kUsed) {
    world.remove(kind, name);
    world.settle_for(seconds(5));
    ASSERT_TRUE(world.exists(kind, name)) << kind;
    EXPECT_EQ(world.reason(kind, name, "Deleting"), "InUse") << kind;
    EXPECT_NE(world.explain(kind, name, "Deleting").find("used by service "), std::string::npos);
  }
  world.expect_quiet();
}

TEST(Catalog, GoesAltogetherWhenNobodyUsesItAnyMore) {
  World world;
  apply_catalog(world);
  world.settle_for(seconds(30));
  for (const char* kind : {"Image", "RateCard", "ServiceTemplate", "ServiceOffering"}) {
    for (const auto& name : world.names(kind))
      world.remove(kind, name);
  }
  world.settle_for(seconds(60));
  for (const char* kind :
       {"ServiceOffering", "ServiceOfferingRevision", "ServiceTemplate", "RateCard", "Image"})
    EXPECT_TRUE(world.names(kind).empty()) << kind << " " << world.names(kind)[0];
}

TEST(Catalog, AnOfferingUnderContractCanBeRetiredButNotDestroyed) {
  World world;
  apply_catalog(world);
  world.settle_for(seconds(30));
  world.apply(kAccountAndContract);
  world.settle_for(seconds(5));
  EXPECT_EQ(world.field("ServiceOffering", "compute-highspeed", "status.contracts"), "1");
  world.edit("ServiceOffering", "compute-highspeed", "{spec: {publication: Retired}}");
  world.settle_for(seconds(5));
  EXPECT_EQ(world.reason("ServiceOffering", "compute-highspeed"), "Retired");
  EXPECT_FALSE(world.try_apply(R"(
apiVersion: charter.dev/v1alpha1
kind: Contract
metadata: {name: more, namespace: shop}
spec: {offeringRef: {name: compute-highspeed}, quantities: {compute: 1}}
)"));
  world.remove("ServiceOffering", "compute-highspeed");
  world.settle_for(seconds(5));
  ASSERT_TRUE(world.exists("ServiceOffering", "compute-highspeed"));
  EXPECT_NE(world.explain("ServiceOffering", "compute-highspeed", "Deleting")
                .find("used by contract shop/orders"),
            std::string::npos);
}

TEST(Pauses, OfTheObjectAndItsSourcesAreToldAndEnd) {
  World world;
  apply_catalog(world);
  world.settle_for(seconds(30));
  world.edit("RateCard", "std-2026", "{metadata: {annotations: {charter.dev/paused: 'true'}}}");
  world.settle_for(seconds(5));
  EXPECT_TRUE(world.is("RateCard", "std-2026", "Paused"));
  EXPECT_TRUE(world.is("RateCard", "std-2026", "Ready")) << "it was reached for this generation";
  world.edit("RateCard", "std-2026", "{spec: {validUntil: '2099-01-01T00:00:00Z'}}");
  world.settle_for(seconds(5));
  EXPECT_EQ(world.reason("RateCard", "std-2026"), "Paused");
  world.edit("RateCard", "std-2026", "{metadata: {annotations: {charter.dev/paused: null}}}");
  world.settle_for(seconds(5));
  EXPECT_FALSE(world.condition("RateCard", "std-2026", "Paused"));
  EXPECT_TRUE(world.is("RateCard", "std-2026", "Ready"));
  world.edit("Namespace", "catalog", "{metadata: {annotations: {charter.dev/paused: 'true'}}}");
  world.settle_for(seconds(5));
  EXPECT_TRUE(world.is("ServiceTemplate", "catalog/server-open", "Paused"));
  world.edit("Namespace", "catalog", "{metadata: {annotations: {charter.dev/paused: null}}}");
  world.settle_for(seconds(5));
  EXPECT_FALSE(world.condition("ServiceTemplate", "catalog/server-open", "Paused"));
}

}  // namespace
}  // namespace charter
