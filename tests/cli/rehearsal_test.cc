#include "controller/cli/rehearsal.h"

#include "drivers/simulated/sim_rehearsal.h"
#include "reconcilers/preview/consents.h"
#include "reconcilers/preview/effects.h"
#include "reconcilers/preview/hosts.h"
#include "reconcilers/preview/prices.h"
#include "reconcilers/preview/report.h"
#include "reconcilers/register.h"
#include "tests/support/world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>

// A plan is right when what it says is what happens: both are compared here, in one World.
namespace charter {
namespace {

using namespace std::chrono_literals;
using preview::Effect;
using test::World;

/// The product as controller/main.cc composes it.
Product make_product() {
  struct Hold {
    SimWorlds hosts{""};
    DriverPool drivers;
  };
  Product product;
  product.definitions = embedded::crds();
  product.hooks = make_hooks();
  product.planning.add_controllers =
      [](Manager& manager, const Clock& clock,
         const std::vector<Json>& objects) -> Result<ControllerHold> {
    CHARTER_TRY_ASSIGN(auto inventories, preview::inventories_of(objects));
    auto hold = std::make_shared<Hold>();
    hold->drivers.add_factory("simulated",
                              rehearsal_driver_factory(hold->hosts, std::move(inventories), clock));
    add_controllers(manager, {hold->drivers});
    return ControllerHold(hold);
  };
  product.planning.consents = preview::consents;
  product.planning.report = preview::report;
  return product;
}

Manifest manifest_of(const std::string& source, const char* yaml) {
  return {source, std::make_shared<const Json>(*parse_yaml(yaml))};
}

std::vector<Manifest> quickstart() {
  auto read = read_manifests(std::string(CHARTER_SOURCE_DIR) + "/manifests/quickstart");
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  return std::move(*read);
}

std::vector<Json> objects_of(World& world) {
  std::vector<Json> objects;
  for (const auto& type : world.kinds().table()->all()) {
    if (!type->storage || type->kind == "Event") continue;
    world.store().view().scan(type->bucket(), "", [&](const ObjectPtr& object) {
      objects.push_back(object->tree());
      return true;
    });
  }
  std::sort(objects.begin(), objects.end(), [](const Json& a, const Json& b) {
    const auto key = [](const Json& o) {
      return std::tuple(text_at(o, {"kind"}), text_at(o, {"metadata", "namespace"}),
                        text_at(o, {"metadata", "name"}));
    };
    return key(a) < key(b);
  });
  return objects;
}

/// "Changed Machine order-mgmt-1" …, without what is in no plan (uids of generated names stay out).
std::vector<std::string> told(const std::vector<Json>& before, const std::vector<Json>& after) {
  std::vector<std::string> lines;
  for (const auto& effect : preview::effects_between(before, after)) {
    lines.push_back(std::string(to_word(effect.effect)) + " " + effect.kind + " " +
                    to_string(effect.name));
  }
  return lines;
}

/// The quickstart, accepted and running in a World.
class RehearsalTest : public testing::Test {
 protected:
  RehearsalTest() {
    for (const Manifest& manifest : quickstart())
      world_.apply(to_yaml(*manifest.tree));
    world_.settle_for(30s);
    world_.edit("Contract", kContract,
                "{spec: {acceptance: {offerHash: '" +
                    world_.field("Contract", kContract, "status.offer.hash") + "'}}}");
    world_.settle_for(60s);
    EXPECT_TRUE(world_.is("ServiceInstance", kInstance, "Ready"))
        << world_.explain("ServiceInstance", kInstance);
  }

  Rehearsed plan(std::vector<Manifest> manifests, Consent consent = Consent::Wait) {
    auto seen = rehearse(product_, world_.clock().now(),
                         {objects_of(world_), std::move(manifests), "default", consent});
    EXPECT_TRUE(seen) << (seen ? "" : seen.error().message);
    return seen ? std::move(*seen) : Rehearsed{};
  }

  /// The document of the quickstart with this kind, changed.
  Manifest changed(const std::string& kind, const char* patch) {
    for (const Manifest& manifest : quickstart()) {
      if (text_at(*manifest.tree, {"kind"}) != kind) continue;
      Json tree = *manifest.tree;
      tree.merge_patch(*parse_yaml(patch));
      return {manifest.source, std::make_shared<const Json>(std::move(tree))};
    }
    ADD_FAILURE() << "no " << kind;
    return {};
  }

  /// Plans a change, then makes it, and expects that both did the same.
  Rehearsed plan_and_do(const Manifest& manifest) {
    const auto before = objects_of(world_);
    auto seen = plan({manifest});
    world_.apply(to_yaml(*manifest.tree));
    world_.settle_for(120s);
    EXPECT_EQ(told(seen.before, seen.after), told(before, objects_of(world_)));
    return seen;
  }

  static constexpr const char* kContract = "consumerco/orders";
  static constexpr const char* kInstance = "consumerco/order-mgmt";
  const Product product_ = make_product();
  World world_;
};

TEST_F(RehearsalTest, OfWhatRunsAlreadyChangesNothing) {
  const auto seen = plan(quickstart());
  EXPECT_EQ(told(seen.before, seen.after), std::vector<std::string>{});
  for (const auto& document : seen.documents) {
    EXPECT_NE(document.outcome, RehearsedDocument::Outcome::Refused)
        << document.source << document.message;
  }
  EXPECT_EQ(preview::waits_between(seen.before, seen.after), std::vector<preview::Wait>{});
}

TEST_F(RehearsalTest, BeginsWithMachinesWhereTheyAreAndDoesNotTouchThem) {
  const auto seen = plan(quickstart());
  for (const Json& object : seen.after) {
    if (text_at(object, {"kind"}) != "Machine") continue;
    const std::string name = "consumerco/" + text_at(object, {"metadata", "name"});
    EXPECT_EQ(text_at(object, {"metadata", "uid"}), world_.uid("Machine", name));
    EXPECT_EQ(text_at(object, {"status", "host"}), world_.field("Machine", name, "status.host"));
    EXPECT_EQ(text_at(object, {"status", "address"}),
              world_.field("Machine", name, "status.address"));
    EXPECT_EQ(text_at(object, {"status", "bootedAt"}),
              world_.field("Machine", name, "status.bootedAt"));
  }
}

TEST_F(RehearsalTest, TellsAScaleDownAsItHappens) {
  const auto seen = plan_and_do(changed("ServiceInstance", "{spec: {replicas: 1}}"));
  EXPECT_EQ(told(seen.before, seen.after).size(), 3U) << "the instance and two machines";
}

TEST_F(RehearsalTest, TellsALiveResizeAsItHappens) {
  const auto seen = plan_and_do(changed("ServiceInstance", "{spec: {parameters: {vcpus: 2}}}"));
  const auto lines = told(seen.before, seen.after);
  EXPECT_EQ(lines.size(), 4U);
  for (const auto& line : lines)
    EXPECT_EQ(line.find("changed in place"), 0U) << line;
}

TEST_F(RehearsalTest, TellsAResizeThatNeedsARestartAsItHappens) {
  world_.edit("Provider", world_.names("Provider").front(),
              "{spec: {simulated: {liveResize: false}}}");
  world_.settle_for(30s);
  const auto seen = plan_and_do(
      changed("ServiceInstance",
              "{spec: {parameters: {vcpus: 2}, updatePolicy: {strategy: AllowRestart}}}"));
  const auto lines = told(seen.before, seen.after);
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const auto& l) { return l.starts_with("restarted Machine"); }),
            3);
}

TEST_F(RehearsalTest, TellsWhyAStepWouldWait) {
  world_.edit("Provider", world_.names("Provider").front(),
              "{spec: {simulated: {liveResize: false}}}");
  world_.settle_for(30s);
  const auto seen = plan_and_do(changed("ServiceInstance", "{spec: {parameters: {vcpus: 2}}}"));
  const auto waits = preview::waits_between(seen.before, seen.after);
  ASSERT_FALSE(waits.empty());
  EXPECT_EQ(waits.back().reason, "InPlaceNotPossible");
}

TEST_F(RehearsalTest, RefusesWhatTheServerWouldRefuseInTheSameWords) {
  const auto document = changed("Contract", "{spec: {quantities: {compute: 6}}}");
  const auto seen = plan({document});
  const auto refused = world_.try_apply(to_yaml(*document.tree));
  ASSERT_FALSE(refused);
  ASSERT_EQ(seen.documents[0].outcome, RehearsedDocument::Outcome::Refused);
  EXPECT_EQ(seen.documents[0].message,
            std::string(reason_word(refused.error().code)) + ": " + refused.error().message);
  EXPECT_EQ(told(seen.before, seen.after), std::vector<std::string>{});
}

TEST_F(RehearsalTest, PricesAnAmendmentAsAnOffer) {
  const auto seen = plan({changed("Contract", "{spec: {quantities: {compute: 4}}}")});
  const auto prices = preview::price_changes(seen.before, seen.after);
  ASSERT_TRUE(prices);
  EXPECT_EQ((*prices)[0].before, world_.field("Contract", kContract, "status.monthlyEstimate"));
  EXPECT_TRUE((*prices)[0].offered);
  EXPECT_NE((*prices)[0].after, (*prices)[0].before);
}

TEST_F(RehearsalTest, RemovesAFieldThatAClientSideApplyNoLongerSets) {
  const Manifest first = changed("ServiceInstance", "{metadata: {labels: {tier: gold}}}");
  Json applied = *first.tree;
  applied["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] =
      encode(*first.tree);
  world_.apply(to_yaml(applied));
  world_.settle_for(10s);
  const auto seen = plan({changed("ServiceInstance", "{}")});
  const auto effects = preview::effects_between(seen.before, seen.after);
  ASSERT_EQ(effects.size(), 1U);
  EXPECT_EQ(effects[0].fields[0].from, "{\"labels\":{\"tier\":\"gold\"}}");
}

TEST(EmptyRehearsal, OfTheQuickstartWaitsForAcceptanceOrGoesOnWithConsent) {
  const Product product = make_product();
  const Instant now = *parse_time("2026-06-01T00:00:00Z");
  const auto waits = rehearse(product, now, {{}, quickstart(), "default", Consent::Wait});
  ASSERT_TRUE(waits) << waits.error().message;
  const auto why = preview::waits_between(waits->before, waits->after);
  EXPECT_TRUE(std::any_of(why.begin(), why.end(),
                          [](const auto& w) { return w.reason == "WaitForAcceptance"; }));
  EXPECT_TRUE(preview::new_placements(waits->before, waits->after).empty());

  const auto goes_on = rehearse(product, now, {{}, quickstart(), "default", Consent::Give});
  ASSERT_TRUE(goes_on) << goes_on.error().message;
  EXPECT_EQ(preview::waits_between(goes_on->before, goes_on->after), std::vector<preview::Wait>{});
  EXPECT_EQ(preview::new_placements(goes_on->before, goes_on->after).size(), 1U);
  const auto lines = told(goes_on->before, goes_on->after);
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const auto& l) { return l.starts_with("created Machine"); }),
            3);
}

TEST(EmptyRehearsal, RefusesUnknownKindsAndNamelessDocuments) {
  const Product product = make_product();
  const std::vector<Manifest> manifests = {
      manifest_of("a.yaml", "{apiVersion: v9, kind: Nonsense, metadata: {name: x}}"),
      manifest_of("b.yaml", "{apiVersion: v1, kind: ConfigMap}")};
  const auto seen = rehearse(product, *parse_time("2026-06-01T00:00:00Z"), {{}, manifests});
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_NE(seen->documents[0].message.find("Nonsense"), std::string::npos);
  EXPECT_NE(seen->documents[1].message.find("metadata.name"), std::string::npos);
}

}  // namespace
}  // namespace charter
