#include "reconcilers/contract/plan.h"

#include "reconcilers/account/limits.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/contract/metering.h"
#include "reconcilers/contract/negotiation.h"

#include <algorithm>

namespace charter::contract {
namespace {

constexpr const char* kNothingToBill = "nothing to bill: no usage was metered under this contract";

// What the bills say, for messages.
std::string bill_text(const Pass& pass) {
  return pass.have.bill.text.empty() ? kNothingToBill : pass.have.bill.text;
}

bool is_deleting(const Contract& contract) {
  return !contract.meta.deleted.empty();
}

// The parts of status that only count what is there.
void count(Pass& pass) {
  const auto& have = pass.have;
  auto& status = pass.step.status;
  if (have.account) status.account = have.account->name;
  status.instances = have.instances;
  status.units.clear();
  status.summary.clear();
  const auto& ordered =
      status.accepted ? status.accepted->quantities : pass.contract.spec.quantities;
  for (const auto& [unit, quantity] : ordered)
    status.units[unit].ordered = quantity;
  for (const auto& [unit, used] : have.provisioned) {
    if (used > 0 || ordered.contains(unit)) status.units[unit].provisioned = used;
  }
  for (const auto& [unit, use] : status.units) {
    status.summary[unit] = std::to_string(use.provisioned) + "/" + std::to_string(use.ordered);
  }
}

void note_update(Pass& pass) {
  if (pass.contract.status.terminated_at) {
    pass.step.status.update_available = false;
    return;
  }
  const auto& accepted = pass.step.status.accepted;
  const auto& offering = pass.have.offering;
  const bool newer = accepted && offering && !offering->revision.empty() &&
                     offering->revision != accepted->revision;
  pass.step.status.update_available = newer;
  if (!newer) return;
  pass.say(is_so("UpdateAvailable", "UpdateAvailable",
                 "revision " + offering->revision + " is published; this contract keeps " +
                     accepted->revision));
}

// When the end was first seen: termination "at once" must not move on with the clock.
std::optional<Instant> ending_since(const Contract& contract) {
  const auto* active = find_condition(contract.conditions, "Active");
  if (active == nullptr || active->status != "False" || active->reason != "Terminating") {
    return std::nullopt;
  }
  return contract.status.ends;
}

Lifetime lifetime_of(const Pass& pass) {
  const auto& contract = pass.contract;
  const auto& accepted = contract.status.accepted;
  InForce in_force{contract.spec.term, contract.spec.terminate, std::nullopt,
                   accepted ? accepted->at : pass.have.now, ending_since(contract)};
  if (const auto* spec = accepted ? pass.revision(accepted->revision) : nullptr) {
    in_force.minimum_term = spec->contract_policy.minimum_term;
  }
  return lifetime(in_force, pass.have.now);
}

// A request that nobody accepted ends only by wish: its term has not begun.
bool is_withdrawn(const Contract& contract, Instant now) {
  const auto& wish = contract.spec.terminate;
  return wish && wish->requested && wish->at.value_or(now) <= now;
}

std::string text_of(const Child& child) {
  const char* kind = child.kind == Child::Kind::Instance ? "service instance " : "volume ";
  return kind + child.name + (child.note.empty() ? "" : ": " + child.note);
}

Action delete_of(const Child& child) {
  if (child.kind == Child::Kind::Instance) return DeleteInstance{child.name, child.uid};
  return DeleteVolume{child.name, child.uid};
}

// Deletes what is left, one thing a pass. False when nothing is left.
bool clear_away(Pass& pass) {
  const auto& children = pass.have.children;
  if (children.empty()) return false;
  const auto next = std::find_if(children.begin(), children.end(),
                                 [](const Child& child) { return !child.deleting; });
  const auto& blocker = next == children.end() ? children.front() : *next;
  if (next != children.end()) pass.step.action = delete_of(*next);
  const auto left = std::to_string(children.size()) + " left, next " + text_of(blocker);
  pass.step.ready = ready_false("Terminating", "removing what it provisioned: " + left);
  if (is_deleting(pass.contract)) pass.step.deletion = DeletionStep{"Reclaiming", left};
  pass.step.outcome = Outcome::wait({}, "Terminating");
  return true;
}

std::string kept_text(const Observed& have) {
  return have.kept.empty() ? "" : "; kept by reclaimPolicy: " + account::name_list(have.kept);
}

// Terminated by somebody's wish, or expired with its term.
void close(Pass& pass, Lifetime::Stage stage) {
  auto& status = pass.step.status;
  const auto reason = stage == Lifetime::Stage::Expiring ? "Expired" : "Terminated";
  if (!status.terminated_at) {
    status.terminated_at = std::chrono::floor<std::chrono::seconds>(pass.have.now);
  }
  status.monthly_estimate.clear();
  pass.say(is_not_so("Active", reason, "ended at " + format_time(*status.terminated_at)));
  pass.step.ready = ready_false(reason, "ended at " + format_time(*status.terminated_at) + "; " +
                                            bill_text(pass) + kept_text(pass.have));
  pass.step.outcome = Outcome::done();
}

// The last steps of a deletion. The bill is stated in one pass and released in the next, so that
// whoever watches has seen it.
void release(Pass& pass) {
  const auto* deleting = find_condition(pass.contract.conditions, "Deleting");
  const auto text = bill_text(pass);
  auto& ended = pass.step.status.terminated_at;
  pass.step.ready = ready_false("FinalBill", text + kept_text(pass.have));
  pass.step.deletion = DeletionStep{"FinalBill", text};
  pass.step.outcome = Outcome::again();
  if (pass.have.bill.is_charged && !ended) {
    ended = std::chrono::floor<std::chrono::seconds>(pass.have.now);
  } else if (!pass.have.bill.is_settled) {
    pass.step.outcome = Outcome::wait({}, "FinalBill");
  } else if (deleting != nullptr && deleting->reason == "FinalBill" &&
             (!pass.have.bill.is_charged || deleting->message.find(text) != std::string::npos)) {
    pass.step.release = {std::string(kFinalBillFinalizer)};
  }
}

void tear_down(Pass& pass, const Lifetime& life) {
  const auto& contract = pass.contract;
  auto& status = pass.step.status;
  const bool expired = life.stage == Lifetime::Stage::Expiring;
  if (!status.terminated_at && !is_deleting(contract) && life.ends) {
    status.ends = std::chrono::floor<std::chrono::seconds>(*life.ends);
  }
  if (status.accepted) pass.say_accepted();
  pass.say(
      is_not_so("Active", expired ? "Expired" : "Terminating",
                is_deleting(contract) ? "the contract is being deleted" : "the contract ends"));
  if (clear_away(pass)) return;
  if (is_deleting(contract)) return release(pass);
  close(pass, life.stage);
}

// Waits for the first of the things that time brings.
Outcome wait_until(const Pass& pass, std::optional<Instant> first, std::optional<Instant> second) {
  std::optional<Instant> next;
  for (const auto& at : {first, second}) {
    if (at && *at > pass.have.now && (!next || *at < *next)) next = at;
  }
  return next ? Outcome::wait(*next - pass.have.now, pass.step.ready.reason) : Outcome::done();
}

void keep_in_force(Pass& pass, const Lifetime& life) {
  auto& status = pass.step.status;
  pass.say_accepted();
  status.ends = life.ends;
  if (const auto* spec = pass.revision(status.accepted->revision)) {
    const Terms terms{status.accepted->revision, spec, status.accepted->agreed_prices, {}};
    if (auto price = monthly_price(terms, status.accepted->quantities)) {
      status.monthly_estimate = std::move(*price);
    }
  }
  if (life.stage == Lifetime::Stage::NotStarted) {
    pass.say(is_not_so("Active", "Scheduled", "starts at " + format_time(life.start)));
    pass.step.ready = ready_unknown("Scheduled", "starts at " + format_time(life.start));
  } else {
    if (!status.active_since) status.active_since = life.start;
    const auto text = life.ends ? "in force until " + format_time(*life.ends)
                                : std::string("in force until terminated");
    pass.say(is_so("Active", "Active", text));
    pass.step.ready = ready_true("Active", text);
  }
  const auto talk = is_amended(pass) ? negotiate_amendment(pass) : drop_amendment(pass);
  if (talk == Talk::Changed) {
    pass.step.outcome = Outcome::again();
    return;
  }
  const auto starts =
      life.stage == Lifetime::Stage::NotStarted ? std::optional(life.start) : std::nullopt;
  const auto lapses =
      pass.has_pending_offer() ? std::optional(status.offer->expires) : std::nullopt;
  pass.step.outcome = wait_until(pass, starts ? starts : life.ends, lapses);
}

void ask(Pass& pass) {
  const auto talk = negotiate_request(pass);
  if (talk == Talk::Changed) {
    pass.step.outcome = Outcome::again();
  } else if (talk == Talk::Waiting) {
    pass.step.outcome = wait_until(pass, pass.step.status.offer->expires, std::nullopt);
  }
}

bool says(const Conditions& conditions, std::string_view type, std::string_view reason) {
  const auto* condition = find_condition(conditions, type);
  return condition != nullptr && condition->reason == reason;
}

}  // namespace

Step plan(const Contract& contract, const Observed& have) {
  Pass pass{contract, have, {}};
  pass.step.status = contract.status;
  count(pass);
  note_update(pass);
  const auto life = lifetime_of(pass);
  if (is_deleting(contract)) {
    tear_down(pass, life);
  } else if (contract.status.terminated_at) {
    if (contract.status.accepted) pass.say_accepted();
    close(pass, contract.spec.terminate && contract.spec.terminate->requested
                    ? Lifetime::Stage::Terminating
                    : Lifetime::Stage::Expiring);
  } else if (contract.status.accepted) {
    if (takes_effect(life)) {
      tear_down(pass, life);
    } else {
      keep_in_force(pass, life);
    }
  } else if (is_withdrawn(contract, have.now)) {
    auto end = life;
    end.stage = Lifetime::Stage::Terminating;
    end.ends = contract.spec.terminate->at.value_or(ending_since(contract).value_or(have.now));
    tear_down(pass, end);
  } else {
    ask(pass);
  }
  pass.step.status.metering = ordered(contract, pass.step, have.now);
  return std::move(pass.step);
}

std::string_view phase_of(const Conditions& conditions) {
  if (says(conditions, "Ready", "Terminated")) return "Terminated";
  if (says(conditions, "Ready", "Expired")) return "Expired";
  if (find_condition(conditions, "Deleting") != nullptr) return "Terminating";
  if (says(conditions, "Active", "Terminating") || says(conditions, "Active", "Expired")) {
    return "Terminating";
  }
  if (is_true(conditions, "Active")) return is_true(conditions, "Amending") ? "Amending" : "Active";
  if (is_true(conditions, "Accepted")) return "Scheduled";
  if (find_condition(conditions, "Stalled") != nullptr) return "Refused";
  return is_true(conditions, "Offered") ? "Offered" : "Requested";
}

}  // namespace charter::contract
