#include "reconcilers/contract/admit_request.h"

#include "controller/object/causes.h"
#include "crds/types/account.h"
#include "crds/types/kinds.h"
#include "crds/types/service_offering.h"
#include "crds/types/service_offering_revision.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/contract/term.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::contract {
namespace {

using std::chrono::hours;

// A start further away is a mistake in the year, and calendar arithmetic must not leave 64 bits.
constexpr auto kStartAheadMax = hours(24) * 3'653;

// What the quantities and the placement are judged by: the offering, and once accepted the
// revision.
struct Catalog {
  SoldUnits units;
  Placement placement;
  ContractPolicy policy;
  std::string currency;  ///< empty: not known yet
};

bool holds(const std::vector<std::string>& list, const std::string& entry) {
  return std::find(list.begin(), list.end(), entry) != list.end();
}

std::optional<ServiceOfferingRevision> revision_of(const View& view, const std::string& name) {
  if (name.empty()) return std::nullopt;
  const auto object = view.get(kinds::bucket(kinds::service_offering_revisions()), {"", name});
  if (object == nullptr) return std::nullopt;
  auto revision = read_service_offering_revision(object->bare_tree());
  if (!revision) return std::nullopt;
  return std::move(*revision);
}

Cause unknown_offering(const std::string& name, const std::string& account) {
  return invalid_cause("spec.offeringRef.name", name,
                       "no ServiceOffering of this name is offered to account " + account);
}

// Publication decides about new contracts only; the old ones are served on.
void check_publication(const ContractWrite& write, const ServiceOffering& offering,
                       const std::string& account, std::vector<Cause>& causes) {
  const auto& name = offering.meta.name;
  if (!offering.meta.deleted.empty()) {
    causes.push_back(invalid_cause("spec.offeringRef.name", name,
                                   "the offering is being deleted and takes no new contracts"));
    return;
  }
  switch (offering.spec.publication) {
    case Publication::Published:
      return;
    case Publication::Deprecated:
      if (write.request.warnings != nullptr) {
        write.request.warnings->push_back("service offering " + name +
                                          " is deprecated: it will take no new contracts");
      }
      return;
    case Publication::Draft:
      causes.push_back(unknown_offering(name, account));
      return;
    case Publication::Retired:
      causes.push_back(invalid_cause("spec.offeringRef.name", name,
                                     "the offering is retired and takes no new contracts"));
      return;
  }
}

bool is_visible(const ServiceOffering& offering, const std::string& account) {
  const auto& visibility = offering.spec.visibility;
  return visibility.audience == Audience::Public || holds(visibility.accounts, account);
}

void check_quantities(const ContractWrite& write, const SoldUnits& sold,
                      std::vector<Cause>& causes) {
  std::vector<std::string> names;
  for (const auto& entry : sold)
    names.push_back(entry.first);
  for (const auto& [unit, count] : write.now.spec.quantities) {
    const auto field = "spec.quantities." + unit;
    if (!sold.contains(unit)) {
      causes.push_back(unsupported_cause(field, unit, names));
    } else if (count < 1) {
      causes.push_back(
          invalid_cause(field, count, "must be at least 1; leave out a unit that is not ordered"));
    }
  }
}

// Growing under a retired offering would be new business; everything else goes on.
void check_growth(const ContractWrite& write, const ServiceOffering* offering,
                  std::vector<Cause>& causes) {
  const bool closed = offering != nullptr && (offering->spec.publication == Publication::Retired ||
                                              !offering->meta.deleted.empty());
  if (!closed) return;
  if (!write.before->status.accepted) return;
  const auto& accepted = write.before->status.accepted->quantities;
  for (const auto& [unit, count] : write.now.spec.quantities) {
    const auto before = accepted.contains(unit) ? accepted.at(unit) : 0;
    if (count <= before) continue;
    causes.push_back(forbidden_cause(
        "spec.quantities." + unit,
        "the offering is retired: no more than the accepted " + std::to_string(before)));
  }
}

void check_within(const std::string& field, const std::vector<std::string>& asked,
                  const std::vector<std::string>& allowed, std::vector<Cause>& causes) {
  if (allowed.empty()) return;
  for (size_t i = 0; i < asked.size(); ++i) {
    if (holds(allowed, asked[i])) continue;
    causes.push_back(unsupported_cause(field + "[" + std::to_string(i) + "]", asked[i], allowed));
  }
}

void check_placement(const ContractWrite& write, const Placement& allowed,
                     std::vector<Cause>& causes) {
  if (!write.now.spec.placement) return;
  const auto& asked = *write.now.spec.placement;
  check_within("spec.placement.jurisdictions", asked.jurisdictions, allowed.jurisdictions, causes);
  check_within("spec.placement.providers", asked.providers, allowed.providers, causes);
}

void check_length(const Contract::Term& term, Instant start, const ContractPolicy& policy,
                  std::vector<Cause>& causes) {
  const auto minimum = policy.minimum_term;
  const auto shorter = "shorter than the offering's minimum term " +
                       (minimum ? calendar_period_text(*minimum) : std::string());
  if (term.duration) {
    const auto text = calendar_period_text(*term.duration);
    if (is_too_long(*term.duration)) {
      causes.push_back(invalid_cause("spec.term.duration", text, "longer than a hundred years"));
    } else if (minimum && end_of(*term.duration, start) < end_of(*minimum, start)) {
      causes.push_back(invalid_cause("spec.term.duration", text, shorter));
    }
  }
  if (!term.end) return;
  const auto text = format_time(*term.end);
  if (*term.end <= start) {
    causes.push_back(
        invalid_cause("spec.term.end", text, "must be after the start, " + format_time(start)));
  } else if (*term.end - start > hours(24) * 36'525) {
    causes.push_back(invalid_cause("spec.term.end", text, "longer than a hundred years"));
  } else if (minimum && *term.end < end_of(*minimum, start)) {
    causes.push_back(invalid_cause("spec.term.end", text, shorter));
  }
}

void check_term(const ContractWrite& write, const ContractPolicy& policy,
                std::vector<Cause>& causes) {
  const auto& term = write.now.spec.term;
  if (term.duration && term.end) {
    causes.push_back(forbidden_cause("spec.term.end", "state either duration or end"));
    return;
  }
  auto start = write.request.now;
  if (term.start != Contract::Term::kImmediately) {
    const auto named = parse_time(term.start);
    if (!named || *named - write.request.now > kStartAheadMax) {
      causes.push_back(invalid_cause("spec.term.start", term.start,
                                     named ? "more than ten years ahead" : "no such time"));
      return;
    }
    start = start_of(term, start);
  }
  check_length(term, start, policy, causes);
}

void check_currency(const Account& account, const Catalog& catalog, const std::string& offering,
                    std::vector<Cause>& causes) {
  const auto& wanted = account.spec.billing.currency;
  if (wanted.empty() || catalog.currency.empty() || wanted == catalog.currency) return;
  causes.push_back(invalid_cause("spec.offeringRef.name", offering,
                                 "it is priced in " + catalog.currency + ", account " +
                                     account.meta.name + " pays in " + wanted));
}

// The accepted revision, or else the offering with the currency of what it has published.
Catalog catalog_of(const ContractWrite& write, const ServiceOffering* offering) {
  if (write.before != nullptr && write.before->status.accepted) {
    if (auto pinned = revision_of(write.view, write.before->status.accepted->revision)) {
      return {pinned->spec.units, pinned->spec.placement.within, pinned->spec.contract_policy,
              pinned->spec.rates.currency};
    }
  }
  if (offering == nullptr) return {};
  Catalog catalog{
      offering->spec.units, offering->spec.placement.within, offering->spec.contract_policy, {}};
  if (const auto published = revision_of(write.view, offering->status.revision)) {
    catalog.currency = published->spec.rates.currency;
    catalog.units = published->spec.units;
    catalog.placement = published->spec.placement.within;
    catalog.policy = published->spec.contract_policy;
  }
  return catalog;
}

struct Changes {
  bool created, quantities, placement, term;
  bool any() const { return created || quantities || placement || term; }
};

Changes changes_of(const ContractWrite& write) {
  if (write.before == nullptr) return {true, true, true, true};
  const auto& before = write.before->spec;
  const auto& now = write.now.spec;
  return {false, now.quantities != before.quantities, now.placement != before.placement,
          now.term != before.term};
}

}  // namespace

Error no_account(const std::string& ns) {
  return {Code::Forbidden, "namespace " + ns +
                               " belongs to no Account; the provider adds it to one before "
                               "anything can be contracted in it"};
}

Error closing_account(const std::string& account) {
  return {Code::Forbidden, "account " + account + " is being closed and takes no new contracts"};
}

Status check_request(const ContractWrite& write, std::vector<Cause>& causes) {
  const auto changes = changes_of(write);
  if (!changes.any()) return {};
  const auto& ns = write.now.meta.ns;
  const auto encoded = account_of(write.view, ns);
  if (encoded == nullptr) return no_account(ns);
  if (encoded->header().deleting && changes.created) return closing_account(encoded->header().name);
  CHARTER_TRY_ASSIGN(const auto account, read_account(encoded->bare_tree()));
  const auto& name = write.now.spec.offering.name;
  const auto object = write.view.get(kinds::bucket(kinds::service_offerings()), {"", name});
  std::optional<ServiceOffering> offering;
  if (object != nullptr) {
    CHARTER_TRY_ASSIGN(offering, read_service_offering(object->bare_tree()));
  }
  if (changes.created) {
    if (!offering || !is_visible(*offering, account.meta.name)) {
      causes.push_back(unknown_offering(name, account.meta.name));
      return {};
    }
    check_publication(write, *offering, account.meta.name, causes);
    if (!causes.empty()) return {};
  }
  const auto catalog = catalog_of(write, offering ? &*offering : nullptr);
  if (catalog.units.empty()) {
    causes.push_back(unknown_offering(name, account.meta.name));
    return {};
  }
  if (changes.created) check_currency(account, catalog, name, causes);
  if (changes.quantities) {
    check_quantities(write, catalog.units, causes);
    if (!changes.created) check_growth(write, offering ? &*offering : nullptr, causes);
  }
  if (changes.placement) {
    check_placement(write, catalog.placement, causes);
    check_placement(write, account.spec.placement.value_or(Placement{}), causes);
  }
  if (changes.term) check_term(write, catalog.policy, causes);
  return {};
}

}  // namespace charter::contract
