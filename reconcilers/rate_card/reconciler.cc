#include "reconcilers/rate_card/reconciler.h"

#include "crds/types/kinds.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/rate_card/admit.h"
#include "reconcilers/rate_card/plan.h"
#include "reconcilers/service_offering/references.h"

#include <nlohmann/json.hpp>

namespace charter::rate_card {
namespace {

using service_offering::field_of;

// The card that an offering refers to or that a revision froze.
std::vector<ObjectName> card_of(const Encoded& user, const Caches&) {
  const auto stated = field_of(user.header(), "spec.billing.rateCardRef");
  const auto frozen = field_of(user.header(), service_offering::kFrozenRateCardField);
  if (stated.empty() && frozen.empty()) return {};
  return {{"", stated.empty() ? frozen : stated}};
}

class RateCardReconciler final : public Shell<RateCard, Observed, Action> {
 public:
  explicit RateCardReconciler(const Runtime& rt)
      : Shell(rt, {.resource = kinds::rate_cards(),
                   .finalizers = {std::string(kInUseFinalizer)},
                   .component = "charter-rate-card",
                   .phase = phase_of}) {}

 private:
  Result<RateCard> read(const Json& object) const override { return read_rate_card(object); }
  Json render(const RateCard::Status& status) const override { return status_json(status); }

  Result<Observed> observe(const RateCard& card) override {
    Observed have;
    have.now = rt_.clock.now();
    const auto add = [&](const Gvr& resource, const char* index, const std::string& what) {
      for (const auto& user : rt_.caches.list_by(kinds::bucket(resource), index, card.meta.name)) {
        have.users.push_back(what + user->header().name);
      }
    };
    add(kinds::service_offerings(), service_offering::kByRateCard, "service offering ");
    add(kinds::service_offering_revisions(), service_offering::kByFrozenRateCard,
        "service offering revision ");
    return have;
  }

  Step decide(const RateCard& card, const Observed& have) const override {
    return plan(card, have);
  }
  Status act(const RateCard&, const Action&) override { return {}; }
};

}  // namespace

KindHooks hooks() {
  return {.admit = admit, .guard = {}, .index = {}};
}

ControllerSpec controller() {
  ControllerSpec spec;
  spec.name = "rate-card";
  spec.primary = kinds::rate_cards();
  spec.watches = {{kinds::service_offerings(), card_of},
                  {kinds::service_offering_revisions(), card_of}};
  spec.indexes = {{kinds::service_offerings(), service_offering::kByRateCard,
                   service_offering::rate_card_index()},
                  {kinds::service_offering_revisions(), service_offering::kByFrozenRateCard,
                   service_offering::frozen_rate_card_index()}};
  spec.make = [](const Runtime& rt) { return std::make_unique<RateCardReconciler>(rt); };
  watch_pauses(spec, PauseReach::ClusterObject);
  return spec;
}

}  // namespace charter::rate_card
