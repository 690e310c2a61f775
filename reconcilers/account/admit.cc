#include "reconcilers/account/admit.h"

#include "controller/object/causes.h"
#include "crds/types/account.h"
#include "crds/types/kinds.h"
#include "reconcilers/account/limits.h"
#include "reconcilers/account/permissions.h"
#include "reconcilers/billing/time_zone.h"
#include "reconcilers/common/pause.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace charter::account {
namespace {

bool holds(const std::vector<std::string>& list, const std::string& entry) {
  return std::find(list.begin(), list.end(), entry) != list.end();
}

std::vector<std::string> contract_names(const View& view,
                                        const std::vector<std::string>& namespaces) {
  std::vector<std::string> names;
  for (const auto& contract : contracts_of(view, namespaces)) {
    names.push_back(contract->header().ns + "/" + contract->header().name);
  }
  return names;
}

Status refuse_deletion(const Json& before, const View& view) {
  CHARTER_TRY_ASSIGN(const auto account, read_account(before));
  const auto names = contract_names(view, account.spec.namespaces);
  if (names.empty()) return {};
  return Error{Code::Forbidden,
               "account " + account.meta.name +
                   " has contracts that have not "
                   "ended: " +
                   name_list(names) + "; terminate them first",
               "ActiveContracts"};
}

// The account that another name than `own` has given the namespace to, or empty.
std::string owner_of(const View& view, const std::string& ns, const std::string& own) {
  std::string owner;
  view.scan(kinds::bucket(kinds::accounts()), "", [&](const ObjectPtr& account) {
    const auto& header = account->header();
    if (header.name != own && holds(namespaces_of(header), ns)) owner = header.name;
    return owner.empty();
  });
  return owner;
}

void check_namespaces(const Account& now, const Account* before, const View& view,
                      std::vector<Cause>& causes) {
  for (size_t i = 0; i < now.spec.namespaces.size(); ++i) {
    const auto& ns = now.spec.namespaces[i];
    if (before != nullptr && holds(before->spec.namespaces, ns)) continue;
    // Members get rights there: in the system's own namespaces those would be rights over
    // everybody.
    if (ns.starts_with("kube-")) {
      causes.push_back(forbidden_cause("spec.namespaces[" + std::to_string(i) + "]",
                                       "a namespace of the system belongs to no account"));
      continue;
    }
    const auto owner = owner_of(view, ns, now.meta.name);
    if (owner.empty()) continue;
    causes.push_back(invalid_cause("spec.namespaces[" + std::to_string(i) + "]", ns,
                                   "the namespace belongs to account " + owner));
  }
  if (before == nullptr) return;
  for (const auto& ns : before->spec.namespaces) {
    if (holds(now.spec.namespaces, ns)) continue;
    const auto names = contract_names(view, {ns});
    if (names.empty()) continue;
    causes.push_back(forbidden_cause(
        "spec.namespaces",
        "namespace " + ns + " has contracts that have not ended: " + name_list(names)));
  }
}

void check_members(const Account& now, std::vector<Cause>& causes) {
  std::set<std::string> seen;
  for (size_t i = 0; i < now.spec.members.size(); ++i) {
    const auto& subject = now.spec.members[i].subject;
    const auto field = "spec.members[" + std::to_string(i) + "].subject";
    const bool needs_namespace = subject.kind == SubjectKind::ServiceAccount;
    if (needs_namespace && subject.ns.empty()) {
      causes.push_back(required_cause(field + ".namespace", "a ServiceAccount has a namespace"));
    } else if (!needs_namespace && !subject.ns.empty()) {
      causes.push_back(forbidden_cause(field + ".namespace", "only a ServiceAccount has one"));
    }
    const auto key = std::string(to_word(subject.kind)) + " " + subject.ns + "/" + subject.name;
    if (!seen.insert(key).second) causes.push_back(duplicate_cause(field + ".name", subject.name));
  }
}

// A zone that cannot be read would leave every bill waiting. Looked at only when it is new.
// Consumption is of what runs; a price for another basis of it would never be charged.
void check_prices(const Account& now, const Account* before, std::vector<Cause>& causes) {
  if (before != nullptr && before->spec.price_overrides == now.spec.price_overrides) return;
  for (size_t i = 0; i < now.spec.price_overrides.size(); ++i) {
    const auto& price = now.spec.price_overrides[i];
    if (!is_consumption(price.meter) || price.basis == Basis::Active) continue;
    causes.push_back(unsupported_cause("spec.priceOverrides[" + std::to_string(i) + "].basis",
                                       std::string(to_word(price.basis)),
                                       {std::string(to_word(Basis::Active))}));
  }
}

void check_time_zone(const Account& now, const Account* before, std::vector<Cause>& causes) {
  const auto& zone = now.spec.billing.time_zone;
  if (before != nullptr && before->spec.billing.time_zone == zone) return;
  if (const auto loaded = billing::TimeZone::load(zone); !loaded)
    causes.push_back(invalid_cause("spec.billing.timeZone", zone, loaded.error().message));
}

// What only who runs the service may say: from it follow rights in namespaces, and prices.
Status check_grant(const AdmitRequest& request, const Account& now, const Account* before) {
  std::vector<Cause> causes;
  const auto guard_field = [&](const char* field, bool same) {
    if (!same)
      causes.push_back(forbidden_cause(std::string("spec.") + field,
                                       "needs the verb \"grant\" on this account"));
  };
  const Account::Spec none;
  const auto& old = before != nullptr ? before->spec : none;
  guard_field("namespaces", old.namespaces == now.spec.namespaces);
  guard_field("limits", old.limits == now.spec.limits);
  guard_field("placement", old.placement == now.spec.placement);
  guard_field("priceOverrides", old.price_overrides == now.spec.price_overrides);
  if (causes.empty() || request.permits(kGrantVerb)) return {};
  std::string text;
  for (const auto& cause : causes)
    text += (text.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  return Error{Code::Forbidden, std::move(text), {}, std::move(causes)};
}

Error invalid(std::vector<Cause> causes) {
  std::string text;
  for (const auto& cause : causes)
    text += (text.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  return Error{Code::Invalid, std::move(text), {}, std::move(causes)};
}

}  // namespace

Status admit(const AdmitRequest& request, const View& view) {
  if (request.subresource == "status") return {};
  if (request.operation == AdmitRequest::Operation::Delete) {
    return refuse_deletion(*request.before, view);
  }
  CHARTER_TRY_ASSIGN(const auto now, read_account(*request.object));
  std::optional<Account> before;
  if (request.before != nullptr) {
    CHARTER_TRY_ASSIGN(before, read_account(*request.before));
    if (before->spec == now.spec) return {};
  }
  CHARTER_TRY(check_grant(request, now, before ? &*before : nullptr));
  std::vector<Cause> causes;
  check_namespaces(now, before ? &*before : nullptr, view, causes);
  check_members(now, causes);
  check_prices(now, before ? &*before : nullptr, causes);
  check_time_zone(now, before ? &*before : nullptr, causes);
  if (!causes.empty()) return invalid(std::move(causes));
  return {};
}

Status guard(const AdmitRequest& request, const View& view) {
  if (request.object == nullptr || request.subresource == "status") return {};
  CHARTER_TRY_ASSIGN(const auto now, read_account(*request.object));
  std::optional<Account> before;
  if (request.before != nullptr) {
    CHARTER_TRY_ASSIGN(before, read_account(*request.before));
    if (before->spec.namespaces == now.spec.namespaces) return {};
  }
  std::vector<Cause> causes;
  check_namespaces(now, before ? &*before : nullptr, view, causes);
  if (!causes.empty()) return invalid(std::move(causes));
  return {};
}

Pairs header_fields(const Json& account) {
  auto fields = account_fields(account);
  auto limits = limit_fields(account);
  fields.insert(fields.end(), limits.begin(), limits.end());
  std::sort(fields.begin(), fields.end());
  return fields;
}

}  // namespace charter::account
