#include "reconcilers/contract/admit.h"

#include "controller/object/causes.h"
#include "crds/types/contract.h"
#include "crds/types/kinds.h"
#include "reconcilers/account/limits.h"
#include "reconcilers/account/permissions.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/contract/admit_request.h"
#include "reconcilers/contract/term.h"
#include "reconcilers/contract/units.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::contract {
namespace {

Status refuse_deletion(const Contract& contract) {
  if (!contract.spec.deletion_protection) return {};
  return Error{Code::Forbidden, "deletionProtection is on; lift it with: kubectl patch contract " +
                                    contract.meta.name + " -n " + contract.meta.ns +
                                    " --type=merge -p '{\"spec\":{\"deletionProtection\":false}}'"};
}

// The hash that this write commits, or empty when it commits none.
std::string newly_accepted(const Contract& now, const Contract& before) {
  if (!now.spec.acceptance || now.spec.acceptance == before.spec.acceptance) return {};
  return now.spec.acceptance->offer_hash;
}

void check_acceptance(const Contract& now, const Contract& before, Instant at,
                      std::vector<Cause>& causes) {
  const auto hash = newly_accepted(now, before);
  if (hash.empty()) return;
  const auto& status = before.status;
  if (status.accepted && status.accepted->hash == hash) return;
  const std::string field = "spec.acceptance.offerHash";
  if (!status.offer) {
    causes.push_back(invalid_cause(field, hash, "no offer stands"));
  } else if (status.offer->hash != hash) {
    causes.push_back(invalid_cause(
        field, hash,
        "the standing offer is " + status.offer->hash +
            "; the one named was changed, has expired, or was made for another contract"));
  } else if (status.offer->expires <= at) {
    causes.push_back(invalid_cause(field, hash,
                                   "the offer expired at " + format_time(status.offer->expires) +
                                       "; a new one is made, read it before accepting"));
  } else if (now.spec.quantities != before.spec.quantities ||
             now.spec.placement != before.spec.placement || now.spec.term != before.spec.term) {
    causes.push_back(invalid_cause(
        field, hash, "the offer is for the request before this change; accept the next one"));
  }
}

void check_frozen(const Contract& now, const Contract& before, Instant at,
                  std::vector<Cause>& causes) {
  if (now.spec.offering != before.spec.offering) {
    causes.push_back(
        invalid_cause("spec.offeringRef.name", now.spec.offering.name, "field is immutable"));
  }
  if (!before.status.accepted) return;
  auto term = now.spec.term;
  term.renew = before.spec.term.renew;
  if (term != before.spec.term) {
    causes.push_back(
        forbidden_cause("spec.term", "only renew may be changed once the contract is accepted"));
  }
  const bool ending = [&] {
    const auto* active = find_condition(before.conditions, "Active");
    return active != nullptr && active->reason == "Terminating";
  }();
  const bool withdrawn = before.spec.terminate && before.spec.terminate->requested &&
                         !(now.spec.terminate && now.spec.terminate->requested);
  const bool effective = before.status.ends && *before.status.ends <= at;
  if (withdrawn && (ending || effective)) {
    causes.push_back(forbidden_cause("spec.terminate.requested",
                                     "termination took effect at " +
                                         format_time(before.status.ends.value_or(at)) +
                                         " and can't be taken back"));
  }
}

Error invalid(std::vector<Cause> causes) {
  std::string text;
  for (const auto& cause : causes)
    text += (text.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  return Error{Code::Invalid, std::move(text), {}, std::move(causes)};
}

Status judge(const Contract& now, const Contract* before, const AdmitRequest& request,
             const View& view) {
  std::vector<Cause> causes;
  if (before != nullptr) {
    if (before->status.terminated_at) {
      auto spec = now.spec;
      spec.deletion_protection = before->spec.deletion_protection;
      if (spec == before->spec) return {};
      return invalid({forbidden_cause(
          "spec", "the contract ended at " + format_time(*before->status.terminated_at))});
    }
    check_frozen(now, *before, request.now, causes);
    check_acceptance(now, *before, request.now, causes);
  } else if (now.spec.acceptance) {
    causes.push_back(invalid_cause("spec.acceptance.offerHash", now.spec.acceptance->offer_hash,
                                   "no offer stands: it is made after the request"));
  }
  CHARTER_TRY(check_request({now, before, request, view}, causes));
  if (!causes.empty()) return invalid(std::move(causes));
  return {};
}

// Several people write one contract: each field asks for the verb of who it belongs to.
Status check_verbs(const AdmitRequest& request, const Contract& now, const Contract& before) {
  std::vector<Cause> causes;
  const auto ask = [&](const char* field, std::string_view verb) {
    if (!request.permits(verb))
      causes.push_back(
          forbidden_cause(field, "needs the verb \"" + std::string(verb) + "\" on this contract"));
  };
  auto rest = now.spec;
  rest.acceptance = before.spec.acceptance;
  rest.terminate = before.spec.terminate;
  rest.deletion_protection = before.spec.deletion_protection;
  if (now.spec.acceptance != before.spec.acceptance) ask("spec.acceptance", account::kAcceptVerb);
  if (now.spec.terminate != before.spec.terminate) ask("spec.terminate", account::kTerminateVerb);
  if (now.spec.deletion_protection != before.spec.deletion_protection)
    ask("spec.deletionProtection", account::kTerminateVerb);
  if (rest != before.spec) ask("spec", account::kAmendVerb);
  if (causes.empty()) return {};
  std::string text;
  for (const auto& cause : causes)
    text += (text.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  return Error{Code::Forbidden, std::move(text), {}, std::move(causes)};
}

// Units that grow are new work.
bool takes_more(const UnitCounts& before, const UnitCounts& asked) {
  return std::any_of(asked.begin(), asked.end(), [&before](const auto& entry) {
    const auto held = before.find(entry.first);
    return held == before.end() ? entry.second > 0 : entry.second > held->second;
  });
}

UnitCounts held_before(const AdmitRequest& request) {
  return request.before == nullptr ? UnitCounts{} : held_units(*request.before);
}

}  // namespace

Status admit(const AdmitRequest& request, const View& view) {
  if (request.subresource == "status") return {};
  std::optional<Contract> before;
  if (request.before != nullptr) {
    CHARTER_TRY_ASSIGN(before, read_contract(*request.before));
  }
  if (request.operation == AdmitRequest::Operation::Delete) {
    if (!request.permits(account::kTerminateVerb)) {
      return Error{Code::Forbidden, "to delete a contract needs the verb \"terminate\" on it"};
    }
    return refuse_deletion(*before);
  }
  if (before && !before->meta.deleted.empty()) return {};
  CHARTER_TRY_ASSIGN(const auto now, read_contract(*request.object));
  if (before) CHARTER_TRY(check_verbs(request, now, *before));
  return judge(now, before ? &*before : nullptr, request, view);
}

Status guard(const AdmitRequest& request, const View& view) {
  if (request.object == nullptr || request.subresource == "status") return {};
  const auto asked = held_units(*request.object);
  const auto before = held_before(request);
  if (!takes_more(before, asked) && request.before != nullptr) return {};
  const auto ns = text_at(*request.object, {"metadata", "namespace"});
  const auto account = account_of(view, ns);
  if (account == nullptr) return no_account(ns);
  if (account->header().deleting) return closing_account(account->header().name);
  const auto& header = account->header();
  const auto used = account::used_units(view, account::namespaces_of(header));
  const auto over = account::overruns(account::limits_of(header), used, before, asked);
  if (over.empty()) return {};
  std::vector<Cause> causes;
  std::string text;
  for (const auto& overrun : over) {
    const auto line = account::to_string(overrun);
    causes.push_back({"FieldValueForbidden", line, "spec.quantities." + overrun.unit});
    text += (text.empty() ? "" : ", ") + line;
  }
  return Error{Code::Forbidden, std::move(text), "OverLimit", std::move(causes)};
}

std::optional<ObjectKey> limited_by(const AdmitRequest& request, const View& view) {
  if (request.object == nullptr || request.subresource == "status") return std::nullopt;
  if (!takes_more(held_before(request), held_units(*request.object))) return std::nullopt;
  const auto account = account_of(view, text_at(*request.object, {"metadata", "namespace"}));
  if (account == nullptr) return std::nullopt;
  return ObjectKey{kinds::bucket(kinds::accounts()), {"", account->header().name}};
}

}  // namespace charter::contract
