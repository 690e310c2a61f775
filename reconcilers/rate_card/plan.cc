#include "reconcilers/rate_card/plan.h"

#include "reconcilers/common/findings.h"
#include "reconcilers/common/in_use.h"
#include "reconcilers/rate_card/admit.h"

#include <nlohmann/json.hpp>

namespace charter::rate_card {

Step plan(const RateCard& card, const Observed& have) {
  const auto& rates = card.spec.rates;
  Step step;
  step.status = card.status;
  step.status.referenced_by = static_cast<int64_t>(have.users.size());
  step.status.content_hash = content_hash(spec_json(card.spec));
  std::vector<Cause> causes;
  check_rates(rates, causes);
  const bool begun = have.now >= rates.effective_from;
  const bool ended = rates.valid_until && have.now >= *rates.valid_until;
  step.status.effective = causes.empty() && begun && !ended;
  if (plan_in_use_deletion(card.meta, have.users, step)) return step;
  if (!causes.empty()) {
    step.ready = ready_false(reasons::kInvalidSpec, findings_text(causes));
    step.outcome = Outcome::stuck(std::string(reasons::kInvalidSpec));
  } else if (!begun) {
    step.ready =
        ready_unknown("NotYetEffective", "holds from " + format_time(rates.effective_from));
    step.outcome = Outcome::wait(rates.effective_from - have.now, "NotYetEffective");
  } else if (ended) {
    step.ready = ready_false("Expired", "held until " + format_time(*rates.valid_until) +
                                            "; offers made then keep its prices");
    step.outcome = Outcome::stuck("Expired");
  } else {
    step.ready = ready_true("Effective", "holds since " + format_time(rates.effective_from));
    if (rates.valid_until) {
      step.outcome = Outcome::wait(*rates.valid_until - have.now, "Effective");
    }
  }
  return step;
}

std::string_view phase_of(const Conditions& conditions) {
  const auto* ready = find_condition(conditions, "Ready");
  if (ready != nullptr && ready->reason == "Expired") return "Expired";
  if (is_true(conditions, "Stalled")) return "Invalid";
  if (is_true(conditions, "Ready")) return "Effective";
  return "Scheduled";
}

}  // namespace charter::rate_card
