#include "reconcilers/contract/plan.h"

#include "tests/reconcilers/contract/samples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::contract {
namespace {

using namespace std::chrono_literals;

const std::string kWrongHash = "sha256:" + std::string(64, 'f');

Instant at_time(std::string_view text) {
  return *parse_time(text);
}

// A contract and the world around it. `step` plays one pass: the decision becomes status, and what
// it deletes is marked.
struct Scene {
  Contract contract = *read_contract(sample_contract());
  Observed have;
  Step last;

  Scene() {
    have.now = at_time("2026-06-01T00:00:00Z");
    have.account = AccountFacts{
        "consumerco", {{"compute", 5}, {"storage", 5}}, {{"compute", 3}, {"storage", 5}}, {}};
    have.offering = OfferingFacts{Publication::Published, "compute-highspeed-1"};
    have.revisions["compute-highspeed-1"] = read_service_offering_revision(sample_revision())->spec;
  }

  ServiceOfferingRevision::Spec& revision() { return have.revisions.at("compute-highspeed-1"); }

  const Step& step() {
    last = plan(contract, have);
    contract.status = last.status;
    contract.conditions = conditions();
    if (last.action) {
      std::visit(
          [this](const auto& target) {
            for (auto& child : have.children)
              child.deleting |= child.uid == target.uid;
          },
          *last.action);
    }
    return last;
  }

  // As the shell states them.
  Conditions conditions() const {
    Conditions all;
    const auto add = [&all](const Statement& s) {
      all.push_back({s.type, s.status, s.reason, s.message, 1});
    };
    for (const auto& statement : last.conditions)
      add(statement);
    if (last.deletion) add(is_so("Deleting", last.deletion->reason, last.deletion->blocker));
    add(last.ready);
    return all;
  }

  Scene& accept_standing_offer() {
    contract.spec.acceptance = Contract::Acceptance{contract.status.offer->hash};
    return *this;
  }
  Scene& activate() {
    step();
    accept_standing_offer().step();
    step();
    return *this;
  }
  void want_end() { contract.spec.terminate = Contract::Terminate{true, std::nullopt, "done"}; }
  void erase() { contract.meta.deleted = "2026-06-01T00:00:00Z"; }
  const Condition* condition(std::string_view type) const {
    return find_condition(contract.conditions, type);
  }
  std::string ready() const { return last.ready.status + " " + last.ready.reason; }
};

TEST(ContractPlan, ARequestWithoutAnAccountSaysSo) {
  Scene scene;
  scene.have.account.reset();
  scene.step();
  EXPECT_EQ(scene.ready(), "False NoAccount");
  EXPECT_FALSE(scene.contract.status.offer);
}

TEST(ContractPlan, ARequestForAnOfferingThatIsNotThereWaitsForIt) {
  Scene scene;
  scene.have.offering.reset();
  scene.step();
  EXPECT_EQ(scene.ready(), "Unknown ReferenceNotFound");
  EXPECT_EQ(scene.last.outcome.kind, Outcome::Kind::Wait);
}

TEST(ContractPlan, ADraftOrUnpublishedOfferingIsWaitedFor) {
  Scene scene;
  scene.have.offering->publication = Publication::Draft;
  scene.step();
  EXPECT_EQ(scene.ready(), "Unknown NotPublished");
  scene.have.offering = OfferingFacts{Publication::Published, ""};
  scene.step();
  EXPECT_EQ(scene.ready(), "Unknown NotPublished");
}

TEST(ContractPlan, AnOfferingThatIsBeingDeletedMakesNoOffer) {
  Scene scene;
  scene.have.offering->deleting = true;
  scene.step();
  EXPECT_EQ(scene.ready(), "False OfferingRetired");
  EXPECT_FALSE(scene.contract.status.offer);
}

TEST(ContractPlan, ARetiredOfferingMakesNoOffer) {
  Scene scene;
  scene.have.offering->publication = Publication::Retired;
  scene.step();
  EXPECT_EQ(scene.ready(), "False OfferingRetired");
  EXPECT_FALSE(scene.contract.status.offer);
}

TEST(ContractPlan, ARequestGetsAnOfferWithHashEstimateAndExpiryAndNothingIsProvisioned) {
  Scene scene;
  scene.step();
  const auto& offer = scene.contract.status.offer;
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->hash.size(), std::string("sha256:").size() + 64);
  EXPECT_EQ(format_time(offer->expires), "2026-06-04T00:00:00Z");
  EXPECT_EQ(offer->offering_revision, "compute-highspeed-1");
  EXPECT_EQ(offer->monthly_estimate, "1198.20 USD");  // 3 × 4 × 720 h × 0.13 + 0.5 TB × 30 d × 5
  EXPECT_EQ(scene.ready(), "Unknown WaitForAcceptance");
  EXPECT_EQ(scene.condition("Offered")->status, "True");
  EXPECT_EQ(scene.condition("Accepted")->status, "False");
  EXPECT_FALSE(scene.last.action);
  EXPECT_EQ(phase_of(scene.contract.conditions), "Offered");
}

TEST(ContractPlan, AStandingOfferIsKeptAndWaitsUntilItLapses) {
  Scene scene;
  scene.step();
  const auto offer = scene.contract.status.offer;
  scene.have.now += 1h;
  scene.step();
  EXPECT_EQ(scene.contract.status.offer, offer);
  EXPECT_EQ(scene.last.outcome.after, 71h);
}

TEST(ContractPlan, PublishingAnotherRevisionTakesNoStandingOfferBack) {
  Scene scene;
  scene.step();
  const auto offer = scene.contract.status.offer;
  scene.have.revisions["compute-highspeed-2"] = scene.revision();
  scene.have.offering->revision = "compute-highspeed-2";
  scene.step();
  EXPECT_EQ(scene.contract.status.offer, offer);
}

TEST(ContractPlan, ALapsedOfferIsReplacedByOneWithAnotherHashAndExpiry) {
  Scene scene;
  scene.step();
  const auto offer = scene.contract.status.offer;
  scene.have.now += 72h;
  scene.step();
  EXPECT_NE(scene.contract.status.offer->hash, offer->hash);
  EXPECT_GT(scene.contract.status.offer->expires, scene.have.now);
  ASSERT_EQ(scene.last.events.size(), 1u);
  EXPECT_EQ(scene.last.events[0].reason, "OfferExpired");
}

TEST(ContractPlan, AChangedRequestMakesANewOfferThatTheOldHashDoesNotAccept) {
  Scene scene;
  scene.step();
  scene.accept_standing_offer();
  scene.contract.spec.quantities["compute"] = 4;
  scene.step();
  EXPECT_FALSE(scene.contract.status.accepted);
  EXPECT_EQ(scene.ready(), "Unknown OfferHashMismatch");
  scene.step();
  EXPECT_EQ(scene.ready(), "Unknown OfferHashMismatch");
  EXPECT_FALSE(scene.contract.status.accepted);
}

TEST(ContractPlan, AWrongHashAcceptsNothingAndNamesTheStandingOne) {
  Scene scene;
  scene.step();
  scene.contract.spec.acceptance = Contract::Acceptance{kWrongHash};
  scene.step();
  EXPECT_FALSE(scene.contract.status.accepted);
  EXPECT_EQ(scene.condition("Accepted")->reason, "OfferHashMismatch");
  EXPECT_NE(scene.condition("Accepted")->message.find(scene.contract.status.offer->hash),
            std::string::npos);
}

TEST(ContractPlan, TheHashOfTheStandingOfferAcceptsItThenItBecomesActive) {
  Scene scene;
  scene.step();
  scene.have.acceptance = {"fred", at_time("2026-06-01T00:00:00Z")};
  scene.accept_standing_offer().step();
  ASSERT_TRUE(scene.contract.status.accepted);
  EXPECT_EQ(scene.contract.status.accepted->hash, scene.contract.status.offer->hash);
  EXPECT_EQ(scene.contract.status.accepted->by, "fred");
  EXPECT_EQ(scene.condition("Accepted")->status, "True");
  scene.step();
  EXPECT_EQ(scene.ready(), "True Active");
  EXPECT_EQ(scene.condition("Active")->status, "True");
  EXPECT_EQ(phase_of(scene.contract.conditions), "Active");
  EXPECT_EQ(scene.contract.status.summary.at("compute"), "0/3");
}

TEST(ContractPlan, AnAcceptanceInTimeCountsAlthoughItIsSeenLateAndOneTooLateDoesNot) {
  for (const bool in_time : {true, false}) {
    Scene scene;
    scene.step();
    const auto offer = *scene.contract.status.offer;
    scene.accept_standing_offer();
    scene.have.acceptance.at = offer.expires + (in_time ? -1s : 0s);
    scene.have.now = offer.expires + 1h;
    scene.step();
    EXPECT_EQ(scene.contract.status.accepted.has_value(), in_time);
    EXPECT_EQ(scene.contract.status.offer->hash == offer.hash, in_time);
  }
}

TEST(ContractPlan, AutomaticPolicyAcceptsTheOfferWithoutAHash) {
  Scene scene;
  scene.revision().contract_policy.acceptance = AcceptanceMode::Automatic;
  scene.step();
  EXPECT_FALSE(scene.contract.status.accepted);
  scene.step();
  EXPECT_TRUE(scene.contract.status.accepted);
}

TEST(ContractPlan, ALimitThatWasLoweredStandsAgainstAnAcceptance) {
  Scene scene;
  scene.step();
  scene.have.account->limits["compute"] = 2;
  scene.accept_standing_offer().step();
  EXPECT_EQ(scene.ready(), "False OverLimit");
  EXPECT_NE(scene.last.ready.message.find("compute: limit 2, used 3, asked 3"), std::string::npos);
  scene.have.account->limits["compute"] = 3;
  scene.step();
  EXPECT_TRUE(scene.contract.status.accepted);
}

TEST(ContractPlan, AStartInTheFutureIsScheduledUntilThen) {
  Scene scene;
  scene.contract.spec.term.start = "2026-06-10T00:00:00Z";
  scene.activate();
  EXPECT_EQ(scene.ready(), "Unknown Scheduled");
  EXPECT_EQ(phase_of(scene.contract.conditions), "Scheduled");
  EXPECT_EQ(scene.last.outcome.after, 24h * 9);
  EXPECT_FALSE(scene.contract.status.active_since);
  scene.have.now = at_time("2026-06-10T00:00:00Z");
  scene.step();
  EXPECT_EQ(scene.ready(), "True Active");
  EXPECT_EQ(scene.contract.status.active_since, at_time("2026-06-10T00:00:00Z"));
}

TEST(ContractPlan, AnAmendmentIsAnOfferForTheDifferenceWhileTheOldTermsHold) {
  Scene scene;
  scene.activate();
  const auto old = *scene.contract.status.accepted;
  scene.contract.spec.quantities["compute"] = 5;
  scene.step();
  EXPECT_EQ(scene.contract.status.accepted, old);
  EXPECT_NE(scene.contract.status.offer->terms.find("compute 3 -> 5 (+2)"), std::string::npos);
  scene.step();
  EXPECT_EQ(scene.ready(), "True Active");
  EXPECT_EQ(phase_of(scene.contract.conditions), "Amending");
  EXPECT_EQ(scene.condition("Amending")->reason, "WaitForAcceptance");
  EXPECT_EQ(scene.contract.status.units.at("compute").ordered, 3);

  scene.accept_standing_offer().step();
  scene.step();
  EXPECT_EQ(scene.contract.status.accepted->quantities.at("compute"), 5);
  EXPECT_EQ(scene.contract.status.units.at("compute").ordered, 5);
  ASSERT_EQ(scene.contract.status.amendments.size(), 1u);
  EXPECT_EQ(scene.contract.status.amendments[0].hash, old.hash);
  EXPECT_EQ(phase_of(scene.contract.conditions), "Active");
}

TEST(ContractPlan, TakingAnAmendmentBackWithdrawsItsOffer) {
  Scene scene;
  scene.activate();
  scene.contract.spec.quantities["compute"] = 5;
  scene.step();
  scene.contract.spec.quantities["compute"] = 3;
  scene.step();
  EXPECT_FALSE(scene.contract.status.offer);
  scene.step();
  EXPECT_EQ(phase_of(scene.contract.conditions), "Active");
  EXPECT_EQ(scene.last.outcome, Outcome::done());
}

TEST(ContractPlan, NarrowingThePlacementIsAnAmendmentAndItsOrderIsNot) {
  Scene scene;
  scene.contract.spec.placement = Placement{{"US", "EU"}, {}};
  scene.activate();
  scene.contract.spec.placement = Placement{{"EU", "US"}, {}};
  scene.step();
  EXPECT_EQ(scene.condition("Amending"), nullptr);
  scene.contract.spec.placement = Placement{{"EU"}, {}};
  scene.step();
  ASSERT_NE(scene.condition("Amending"), nullptr);
  EXPECT_EQ(scene.contract.status.accepted->placement->jurisdictions,
            (std::vector<std::string>{"EU", "US"}));
}

TEST(ContractPlan, ANewerRevisionIsShownAndTheAcceptedOneIsKept) {
  Scene scene;
  scene.activate();
  scene.have.offering->revision = "compute-highspeed-2";
  scene.step();
  EXPECT_TRUE(scene.contract.status.update_available);
  EXPECT_EQ(scene.contract.status.accepted->revision, "compute-highspeed-1");
  EXPECT_EQ(scene.condition("UpdateAvailable")->status, "True");
  EXPECT_EQ(scene.ready(), "True Active");
}

TEST(ContractPlan, ARetiredOrVanishedOfferingServesTheOldContractOn) {
  Scene scene;
  scene.activate();
  scene.have.offering->publication = Publication::Retired;
  EXPECT_EQ(scene.step().ready.reason, "Active");
  scene.have.offering.reset();
  scene.have.revisions.clear();
  EXPECT_EQ(scene.step().ready.reason, "Active");
}

TEST(ContractPlan, TerminationRemovesEveryChildThenNotesTheEnd) {
  Scene scene;
  scene.activate();
  scene.have.children = {{Child::Kind::Instance, "order-mgmt", "i-1", false, ""},
                         {Child::Kind::Volume, "archive", "v-1", false, ""}};
  scene.have.kept = {"volume books"};
  scene.want_end();
  EXPECT_EQ(scene.step().action, Action(DeleteInstance{"order-mgmt", "i-1"}));
  EXPECT_EQ(phase_of(scene.contract.conditions), "Terminating");
  EXPECT_EQ(scene.step().action, Action(DeleteVolume{"archive", "v-1"}));
  scene.have.children[0].note = "Reclaiming (machine order-mgmt-0)";
  EXPECT_FALSE(scene.step().action);
  EXPECT_NE(scene.last.ready.message.find("service instance order-mgmt: Reclaiming"),
            std::string::npos);
  EXPECT_FALSE(scene.contract.status.terminated_at);
  scene.have.children.clear();
  scene.have.now += 5min;
  scene.step();
  EXPECT_EQ(scene.ready(), "False Terminated");
  EXPECT_EQ(scene.contract.status.terminated_at, scene.have.now);
  EXPECT_EQ(scene.contract.status.ends, scene.have.now - 5min);
  EXPECT_NE(scene.last.ready.message.find("volume books"), std::string::npos);
  EXPECT_EQ(phase_of(scene.contract.conditions), "Terminated");
  EXPECT_EQ(scene.contract.status.monthly_estimate, "") << "what has ended costs nothing any more";
}

TEST(ContractPlan, MinimumTermPutsTerminationOff) {
  Scene scene;
  scene.revision().contract_policy.minimum_term = parse_calendar_period("P1M");
  scene.activate();
  scene.want_end();
  scene.step();
  EXPECT_EQ(scene.ready(), "True Active");
  EXPECT_EQ(format_time(*scene.contract.status.ends), "2026-07-01T00:00:00Z");
  scene.have.now = at_time("2026-07-01T00:00:00Z");
  scene.step();
  EXPECT_EQ(scene.ready(), "False Terminated");
}

TEST(ContractPlan, ATermWithoutRenewalExpiresAndOneWithRenewalGoesOn) {
  for (const auto renewal : {Renewal::None, Renewal::Auto}) {
    Scene scene;
    scene.contract.spec.term.duration = parse_calendar_period("P1M");
    scene.contract.spec.term.renew = renewal;
    scene.activate();
    EXPECT_EQ(format_time(*scene.contract.status.ends), "2026-07-01T00:00:00Z");
    scene.have.now = at_time("2026-07-01T00:00:00Z");
    scene.step();
    EXPECT_EQ(scene.ready(), renewal == Renewal::None ? "False Expired" : "True Active");
    scene.step();
    EXPECT_EQ(phase_of(scene.contract.conditions), renewal == Renewal::None ? "Expired" : "Active");
    if (renewal == Renewal::Auto) {
      EXPECT_EQ(format_time(*scene.contract.status.ends), "2026-08-01T00:00:00Z");
    }
  }
}

TEST(ContractPlan, ARequestIsWithdrawnBeforeAcceptance) {
  Scene scene;
  scene.step();
  scene.want_end();
  scene.step();
  EXPECT_EQ(scene.ready(), "False Terminated");
  EXPECT_FALSE(scene.contract.status.accepted);
}

TEST(ContractPlan, DeletionNeedsNeitherOfferingNorAccountAndStatesTheBillBeforeItReleases) {
  Scene scene;
  scene.activate();
  scene.have.account.reset();
  scene.have.offering.reset();
  scene.have.revisions.clear();
  scene.have.children = {{Child::Kind::Instance, "order-mgmt", "i-1", false, ""}};
  scene.erase();
  EXPECT_EQ(scene.step().action, Action(DeleteInstance{"order-mgmt", "i-1"}));
  EXPECT_EQ(scene.condition("Deleting")->reason, "Reclaiming");
  scene.have.children.clear();
  EXPECT_TRUE(scene.step().release.empty());
  EXPECT_EQ(scene.condition("Deleting")->reason, "FinalBill");
  EXPECT_NE(scene.condition("Deleting")->message.find("nothing to bill"), std::string::npos);
  EXPECT_EQ(scene.step().release, std::vector<std::string>{"charter.dev/final-bill"});
}

TEST(ContractPlan, ProvisionedUnitsAreShownAgainstTheOrder) {
  Scene scene;
  scene.activate();
  scene.have.provisioned = {{"compute", 2}, {"storage", 5}};
  scene.have.instances = 1;
  scene.step();
  EXPECT_EQ(scene.contract.status.summary.at("compute"), "2/3");
  EXPECT_EQ(scene.contract.status.summary.at("storage"), "5/5");
  EXPECT_EQ(scene.contract.status.instances, 1);
}

TEST(ContractPlan, APriceAgreedWithTheAccountIsOfferedAndFrozenByAcceptance) {
  Scene scene;
  scene.have.account->price_overrides = {{"std-2026", Meter::CpuHours, Basis::Active, "0.10"},
                                         {"another", Meter::Storage, Basis::Allocated, "1.00"}};
  scene.activate();
  EXPECT_EQ(scene.contract.status.monthly_estimate, "939.00 USD");  // 12 × 720 × 0.10 + 75
  ASSERT_EQ(scene.contract.status.accepted->agreed_prices.size(), 1u);
  scene.have.account->price_overrides.clear();
  scene.step();
  EXPECT_EQ(scene.contract.status.monthly_estimate, "939.00 USD");
}

}  // namespace
}  // namespace charter::contract
