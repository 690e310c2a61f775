#include "reconcilers/contract/negotiation.h"

#include "reconcilers/account/limits.h"

#include <algorithm>

namespace charter::contract {
namespace {

constexpr size_t kAmendmentsMax = 64;  // the CRD's bound for status.amendments

// What a side of the talk is about.
struct Table {
  std::string revision;
  const ServiceOfferingRevision::Spec* spec = nullptr;
  UnitCounts in_force;
};

Terms terms_of(const Pass& pass, const Table& table) {
  Terms terms{table.revision, table.spec, {}, table.in_force};
  if (pass.have.account) {
    terms.agreed = agreed_prices(pass.have.account->price_overrides, table.spec->billing.rate_card);
  }
  return terms;
}

// Units that grow while the account is over its limit in them, as "compute: limit 3, used 5 …".
// The guard let the request in while there was room; somebody has lowered the limit since.
std::string over_limit(const Pass& pass, const UnitCounts& in_force) {
  std::string text;
  const auto& account = *pass.have.account;
  for (const auto& [unit, asked] : pass.contract.spec.quantities) {
    const auto before = in_force.contains(unit) ? in_force.at(unit) : 0;
    const auto limit = account.limits.contains(unit) ? account.limits.at(unit) : 0;
    const auto used = account.used.contains(unit) ? account.used.at(unit) : 0;
    if (asked <= before || used <= limit) continue;
    text +=
        (text.empty() ? "" : ", ") + account::to_string(account::Overrun{unit, limit, used, asked});
  }
  return text;
}

// Whether the standing offer was accepted before it lapsed.
bool is_accepted(const Pass& pass, const Table& table, const Contract::Offer& offer) {
  if (table.spec->contract_policy.acceptance == AcceptanceMode::Automatic) {
    return pass.have.now < offer.expires;
  }
  const auto& acceptance = pass.contract.spec.acceptance;
  return acceptance && acceptance->offer_hash == offer.hash &&
         pass.have.acceptance.at.value_or(pass.have.now) < offer.expires;
}

std::string how_to_accept(const Contract& contract, const Contract::Offer& offer) {
  return "offer " + offer.hash + " for " + offer.monthly_estimate + " a month stands until " +
         format_time(offer.expires) + "; accept it with: kubectl patch contract " +
         contract.meta.name + " -n " + contract.meta.ns +
         " --type=merge -p '{\"spec\":{\"acceptance\":{\"offerHash\":\"" + offer.hash + "\"}}}'";
}

void accept(Pass& pass, const Table& table, const Contract::Offer& offer) {
  auto& status = pass.step.status;
  if (status.accepted) {
    const auto& old = *status.accepted;
    status.amendments.push_back({old.hash, old.revision, old.quantities, old.at, old.by});
    if (status.amendments.size() > kAmendmentsMax) {
      status.amendments.erase(status.amendments.begin());
    }
    pass.step.events.push_back(
        {Announcement::Type::Normal, "Accepted",
         "amendment accepted: " + difference(old.quantities, offer.quantities)});
  }
  const auto terms = terms_of(pass, table);
  const auto& spec = pass.contract.spec;
  Contract::Accepted accepted;
  accepted.hash = offer.hash;
  accepted.revision = table.revision;
  accepted.quantities = offer.quantities;
  accepted.placement = narrow(table.spec->placement.within, spec.placement);
  accepted.agreed_prices = terms.agreed;
  accepted.at = std::chrono::floor<std::chrono::seconds>(pass.have.now);
  if (spec.acceptance && spec.acceptance->offer_hash == offer.hash) {
    accepted.by = pass.have.acceptance.by;
  }
  status.accepted = std::move(accepted);
  status.monthly_estimate = offer.monthly_estimate;
}

Talk make_new_offer(Pass& pass, const Table& table) {
  auto offer = make_offer(request_of(pass.contract), terms_of(pass, table), pass.have.now);
  if (!offer) {
    const auto reason = offer.error().reason.empty() ? "InvalidSpec" : offer.error().reason;
    pass.say(is_not_so("Offered", reason, offer.error().message));
    pass.step.status.offer.reset();
    return Talk::Stopped;
  }
  const auto old = pass.has_pending_offer() ? pass.step.status.offer : std::nullopt;
  if (old && old->expires <= pass.have.now) {
    pass.step.events.push_back({Announcement::Type::Normal, "OfferExpired",
                                "offer " + old->hash + " lapsed at " + format_time(old->expires) +
                                    "; " + offer->hash + " takes its place"});
  }
  pass.step.status.offer = std::move(*offer);
  pass.say(is_so("Offered", "Offered", how_to_accept(pass.contract, *pass.step.status.offer)));
  return Talk::Changed;
}

// One round. `blocked` gets the limit that stands against an acceptance.
Talk talk_about(Pass& pass, const Table& table, std::string& blocked) {
  const auto request = request_of(pass.contract);
  const auto pending = pass.has_pending_offer() ? pass.step.status.offer : std::nullopt;
  if (!pending || !stands(*pending, request, terms_of(pass, table))) {
    return make_new_offer(pass, table);
  }
  const bool accepted = is_accepted(pass, table, *pending);
  const bool lapsed = pending->expires <= pass.have.now;
  if (accepted) blocked = over_limit(pass, table.in_force);
  if (lapsed && (!accepted || !blocked.empty())) return make_new_offer(pass, table);
  pass.say(is_so("Offered", "Offered", how_to_accept(pass.contract, *pending)));
  if (!accepted || !blocked.empty()) return Talk::Waiting;
  accept(pass, table, *pending);
  return Talk::Changed;
}

// The revision that a first offer is for: that of the standing offer as long as it has not lapsed,
// so that publishing another edition takes no quote back; else the published one.
Table first_table(const Pass& pass) {
  const auto& offer = pass.contract.status.offer;
  Table table;
  if (offer && offer->expires > pass.have.now) table.revision = offer->offering_revision;
  table.spec = pass.revision(table.revision);
  const auto& named = pass.contract.spec.acceptance;
  if (offer && named && named->offer_hash == offer->hash) {
    // Accepted in time but seen late: judged by what was accepted.
    table.revision = offer->offering_revision;
    table.spec = pass.revision(table.revision);
  }
  if (table.spec == nullptr) {
    table.revision = pass.have.offering->revision;
    table.spec = pass.revision(table.revision);
  }
  return table;
}

Talk stop(Pass& pass, Statement ready, Outcome outcome) {
  pass.step.ready = std::move(ready);
  pass.step.outcome = std::move(outcome);
  return Talk::Stopped;
}

// What keeps an offering from being offered; nothing when it can be.
std::optional<Talk> stop_before_offer(Pass& pass) {
  const auto& name = pass.contract.spec.offering.name;
  if (!pass.have.account) {
    return stop(pass,
                ready_false("NoAccount", "namespace " + pass.contract.meta.ns +
                                             " belongs to no Account; the provider adds it to one"),
                Outcome::stuck("NoAccount"));
  }
  if (!pass.have.offering) {
    return stop(pass,
                ready_unknown("ReferenceNotFound", "service offering " + name + " does not exist"),
                Outcome::wait({}, "ReferenceNotFound"));
  }
  const bool retired = pass.have.offering->publication == Publication::Retired;
  if (retired || pass.have.offering->deleting) {
    const std::string why = retired ? " is retired" : " is being deleted";
    return stop(pass,
                ready_false("OfferingRetired",
                            "service offering " + name + why + " and takes no new contracts"),
                Outcome::stuck("OfferingRetired"));
  }
  if (pass.have.offering->publication == Publication::Draft ||
      pass.have.offering->revision.empty()) {
    return stop(pass,
                ready_unknown("NotPublished", "service offering " + name + " is not published"),
                Outcome::wait({}, "NotPublished"));
  }
  return std::nullopt;
}

std::string_view waiting_reason(const Pass& pass, const std::string& blocked) {
  if (!blocked.empty()) return "OverLimit";
  const auto& named = pass.contract.spec.acceptance;
  if (!named || named->offer_hash == pass.step.status.offer->hash) return "WaitForAcceptance";
  const bool is_old =
      pass.step.status.accepted && pass.step.status.accepted->hash == named->offer_hash;
  return is_old ? "WaitForAcceptance" : "OfferHashMismatch";
}

std::string waiting_text(const Pass& pass, std::string_view reason, const std::string& blocked) {
  if (reason == "OverLimit") return blocked + "; the account's limit was lowered";
  const auto how = how_to_accept(pass.contract, *pass.step.status.offer);
  if (reason != "OfferHashMismatch") return how;
  return "spec.acceptance.offerHash names " + pass.contract.spec.acceptance->offer_hash +
         ", which was changed or has expired; " + how;
}

}  // namespace

void Pass::say(Statement statement) {
  for (auto& said : step.conditions) {
    if (said.type != statement.type) continue;
    said = std::move(statement);
    return;
  }
  step.conditions.push_back(std::move(statement));
}

void Pass::say_accepted() {
  const auto& accepted = *step.status.accepted;
  const auto text = "offer " + accepted.hash + " was accepted at " + format_time(accepted.at);
  say(is_so("Offered", "Accepted", text));
  say(is_so("Accepted", "Accepted", text));
}

const ServiceOfferingRevision::Spec* Pass::revision(const std::string& name) const {
  const auto found = have.revisions.find(name);
  return found == have.revisions.end() ? nullptr : &found->second;
}

bool Pass::has_pending_offer() const {
  const auto& status = step.status;
  return status.offer && !(status.accepted && status.accepted->hash == status.offer->hash);
}

Talk negotiate_request(Pass& pass) {
  if (const auto stopped = stop_before_offer(pass)) return *stopped;
  const auto table = first_table(pass);
  if (table.spec == nullptr) {
    return stop(pass,
                ready_unknown("RevisionNotFound", "revision " + table.revision + " is not there"),
                Outcome::wait({}, "RevisionNotFound"));
  }
  std::string blocked;
  const auto talk = talk_about(pass, table, blocked);
  auto& status = pass.step.status;
  if (talk == Talk::Stopped) {
    const auto& refusal = pass.step.conditions.back();
    return stop(pass, ready_false(refusal.reason, refusal.message), Outcome::stuck(refusal.reason));
  }
  if (status.accepted) {
    pass.say_accepted();
    pass.step.ready = ready_unknown("Accepted", "accepted; becomes active next");
    return talk;
  }
  status.monthly_estimate = status.offer->monthly_estimate;
  const auto reason = waiting_reason(pass, blocked);
  const auto text = waiting_text(pass, reason, blocked);
  pass.say(is_not_so("Accepted", reason, text));
  pass.step.ready = blocked.empty() ? ready_unknown(reason, text) : ready_false(reason, text);
  return talk;
}

bool is_amended(const Pass& pass) {
  const auto& accepted = *pass.step.status.accepted;
  if (pass.contract.spec.quantities != accepted.quantities) return true;
  const auto* spec = pass.revision(accepted.revision);
  if (spec == nullptr) return false;
  const auto wanted = narrow(spec->placement.within, pass.contract.spec.placement);
  return !wanted || *wanted != accepted.placement.value_or(Placement{});
}

Talk negotiate_amendment(Pass& pass) {
  const auto accepted = *pass.step.status.accepted;
  const auto changes = difference(accepted.quantities, pass.contract.spec.quantities);
  const auto what = changes.empty() ? std::string("placement") : changes;
  const Table table{accepted.revision, pass.revision(accepted.revision), accepted.quantities};
  if (table.spec == nullptr || !pass.have.account) {
    const auto reason = table.spec == nullptr ? "RevisionNotFound" : "NoAccount";
    pass.say(is_so("Amending", reason, what + " can't be offered; the accepted terms hold"));
    return Talk::Stopped;
  }
  std::string blocked;
  const auto talk = talk_about(pass, table, blocked);
  if (talk == Talk::Stopped) {
    const auto refusal =
        *std::find_if(pass.step.conditions.begin(), pass.step.conditions.end(),
                      [](const Statement& statement) { return statement.type == "Offered"; });
    pass.say(is_so("Amending", refusal.reason, what + ": " + refusal.message));
    return talk;
  }
  if (pass.step.status.accepted->hash != accepted.hash) {
    pass.say_accepted();
    return talk;
  }
  const auto reason = waiting_reason(pass, blocked);
  pass.say(
      is_so("Amending", reason,
            what + "; until accepted the old terms hold; " + waiting_text(pass, reason, blocked)));
  return talk;
}

Talk drop_amendment(Pass& pass) {
  if (!pass.has_pending_offer()) return Talk::Stopped;
  pass.step.status.offer.reset();
  return Talk::Changed;
}

}  // namespace charter::contract
