#include "reconcilers/service_offering/plan.h"

#include "reconcilers/common/findings.h"
#include "reconcilers/common/in_use.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::service_offering {
namespace {

using Candidate = Result<ServiceOfferingRevision::Spec>;

const RevisionFacts* find_by_name(const Observed& have, const std::string& name) {
  const auto found = std::find_if(have.revisions.begin(), have.revisions.end(),
                                  [&](const auto& one) { return one.name == name; });
  return found == have.revisions.end() ? nullptr : &*found;
}

const RevisionFacts* find_by_edition(const Observed& have, int64_t edition) {
  const auto found = std::find_if(have.revisions.begin(), have.revisions.end(),
                                  [&](const auto& one) { return one.spec.edition == edition; });
  return found == have.revisions.end() ? nullptr : &*found;
}

bool takes_contracts(Publication publication) {
  return publication == Publication::Published || publication == Publication::Deprecated;
}

// The revision of the offering's edition, once it is there.
const RevisionFacts* published(const ServiceOffering& offering, const Observed& have) {
  const auto& status = offering.status;
  if (status.edition == offering.spec.edition) {
    if (const auto* pinned = find_by_name(have, status.revision)) return pinned;
  }
  return find_by_edition(have, offering.spec.edition);
}

void pin(const RevisionFacts& revision, int64_t edition, ServiceOffering::Status& status) {
  status.revision = revision.name;
  status.edition = edition;
  status.published_at = revision.created;
}

// What the status tells of content and price. A price that can't be told is no reason to stop: it
// is left out, and contracts refuse an offer that has none.
void describe(const ServiceOffering& offering, const Observed& have, const Candidate& candidate,
              Step& step) {
  auto& status = step.status;
  status.contracts = static_cast<int64_t>(have.contracts.size());
  status.latest_hash = candidate ? candidate->content_hash : std::string();
  const auto* current = find_by_name(have, status.revision);
  const auto* shown = current != nullptr ? &current->spec : candidate ? &*candidate : nullptr;
  status.from_price = shown != nullptr ? from_price(*shown).value_or("") : "";
  status.sla = level_text(shown != nullptr ? shown->service_level : offering.spec.service_level);
  status.update_available =
      current != nullptr && candidate && candidate->content_hash != current->spec.content_hash;
  if (!status.update_available) return;
  const auto next = std::max(offering.spec.edition, status.edition + 1);
  step.conditions.push_back(is_so("UpdateAvailable", "UpdateAvailable",
                                  "offering, template, rate card or images differ from revision " +
                                      status.revision + "; set spec.edition to " +
                                      std::to_string(next) + " to publish them"));
}

void state_published(const ServiceOffering& offering, Step& step) {
  const std::string word(to_word(offering.spec.publication));
  const auto& revision = step.status.revision;
  if (revision.empty() || !takes_contracts(offering.spec.publication)) {
    const auto* why = offering.spec.publication == Publication::Retired
                          ? "takes no new contracts; serves the old ones on"
                          : "no revision is published";
    const bool named = !takes_contracts(offering.spec.publication);
    step.conditions.push_back(is_not_so("Published", named ? word : "NotPublished", why));
    return;
  }
  step.conditions.push_back(is_so("Published", word, "contracts get revision " + revision));
}

// A candidate that can't be published. What was published before stays on sale.
void state_blocked(const ServiceOffering& offering, const Error& error, Step& step) {
  const auto reason = reason_of(error);
  auto message =
      "edition " + std::to_string(offering.spec.edition) + " can't be published: " + error.message;
  if (!step.status.revision.empty()) message += "; " + step.status.revision + " stays on sale";
  if (is_stalled(*class_of(reason))) {
    step.ready = ready_false(reason, std::move(message));
    step.outcome = Outcome::stuck(std::string(reason));
  } else {
    step.ready = ready_unknown(reason, std::move(message));
    step.outcome = Outcome::wait({}, std::string(reason));
  }
}

void publish(const ServiceOffering& offering, const Observed& have, const Candidate& candidate,
             Step& step) {
  if (const auto* revision = published(offering, have)) {
    pin(*revision, offering.spec.edition, step.status);
    return;
  }
  if (!candidate) {
    state_blocked(offering, candidate.error(), step);
    if (candidate.error().reason == "NotYetEffective") {
      step.outcome =
          Outcome::wait(have.sources.rates->effective_from - have.now, "NotYetEffective");
    }
    return;
  }
  const auto name = revision_name(offering.meta.name, candidate->content_hash);
  if (const auto* same = find_by_name(have, name)) {
    pin(*same, offering.spec.edition, step.status);
    return;
  }
  step.action = CreateRevision{name, *candidate};
  step.ready = ready_unknown("Publishing", "makes revision " + name);
}

void plan_draft(const Candidate& candidate, Step& step) {
  step.ready = ready_true("Draft", "seen by the provider only");
  if (candidate) {
    step.conditions.push_back(is_so("Publishable", "Complete", "can be published"));
  } else {
    step.conditions.push_back(
        is_not_so("Publishable", reason_of(candidate.error()), candidate.error().message));
  }
}

}  // namespace

Step plan(const ServiceOffering& offering, const Observed& have) {
  Step step;
  step.status = offering.status;
  step.status.contracts = static_cast<int64_t>(have.contracts.size());
  std::vector<std::string> users;
  for (const auto& name : have.contracts)
    users.push_back("contract " + name);
  if (plan_in_use_deletion(offering.meta, users, step)) {
    state_published(offering, step);
    return step;
  }
  const auto candidate = make_revision(offering, have.sources, have.now);
  const auto publication = offering.spec.publication;
  if (publication == Publication::Draft) {
    plan_draft(candidate, step);
  } else if (publication == Publication::Retired) {
    step.ready = ready_true("Retired", "takes no new contracts; serves the old ones on");
  } else {
    publish(offering, have, candidate, step);
    if (step.ready.type.empty()) {
      step.ready = ready_true(to_word(publication), "sold as revision " + step.status.revision);
    }
  }
  describe(offering, have, candidate, step);
  state_published(offering, step);
  return step;
}

std::string_view phase_of(const Conditions& conditions) {
  // An edition that can't be published leaves the one before on sale.
  for (const char* type : {"Ready", "Published"}) {
    const auto* condition = find_condition(conditions, type);
    if (condition == nullptr || condition->status != "True") continue;
    if (const auto word = parse_word<Publication>(condition->reason)) return to_word(*word);
  }
  return "Incomplete";
}

}  // namespace charter::service_offering
