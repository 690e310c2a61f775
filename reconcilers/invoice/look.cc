#include "reconcilers/invoice/look.h"

#include "controller/runtime/caches.h"
#include "crds/types/contract.h"
#include "crds/types/kinds.h"
#include "crds/types/service_offering_revision.h"
#include "reconcilers/billing/limits.h"
#include "reconcilers/billing/rating.h"
#include "reconcilers/common/metering.h"
#include "reconcilers/invoice/bills.h"
#include "reconcilers/invoice/corrections.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::invoice {
namespace {

/// The contract as far as its bills depend on it.
struct Facts {
  bool ended = true;  ///< gone, or nothing of it is left
  Duration grace{};
  billing::UsedTerms fallback;
};

Result<std::optional<ServiceOfferingRevision>> revision_of(const Caches& caches,
                                                           const std::string& name) {
  const auto encoded = caches.get(kinds::bucket(kinds::service_offering_revisions()), {"", name});
  if (encoded == nullptr) return std::optional<ServiceOfferingRevision>();
  CHARTER_TRY_ASSIGN(auto revision, read_service_offering_revision(encoded->bare_tree()));
  return std::optional(std::move(revision));
}

Result<Facts> facts_of(const Invoice& invoice, const Caches& caches) {
  Facts facts;
  const ObjectName name{invoice.meta.ns, invoice.spec.contract.name};
  const auto encoded = caches.get(kinds::bucket(kinds::contracts()), name);
  if (encoded == nullptr || encoded->header().uid != invoice.spec.contract.uid) return facts;
  CHARTER_TRY_ASSIGN(const auto contract, read_contract(encoded->bare_tree()));
  facts.ended = contract.status.terminated_at.has_value();
  if (!contract.status.accepted) return facts;
  const auto& accepted = *contract.status.accepted;
  facts.fallback = {accepted.revision, accepted.agreed_prices, accepted.quantities};
  CHARTER_TRY_ASSIGN(const auto revision, revision_of(caches, accepted.revision));
  if (revision) facts.grace = revision->spec.billing.grace_before_issue;
  return facts;
}

/// Rates one period of one contract.
class Rating {
 public:
  Rating(const Runtime& rt, const Facts& facts) : rt_(rt), facts_(facts) {}

  Result<billing::RatedPeriod> rate(const Invoice::Spec& spec) {
    const billing::RatingPeriod period{seconds_of(spec.period.from), seconds_of(spec.period.to),
                                       spec.period.month_seconds};
    CHARTER_TRY_ASSIGN(
        const auto usage,
        billing::read_usage(*rt_.ledger, {spec.contract.uid, period.from_s, period.to_s}));
    position = usage.position;
    CHARTER_TRY(add_revision(facts_.fallback.revision));
    for (const auto& terms : usage.terms)
      CHARTER_TRY(add_revision(terms.revision));
    billing::Revisions revisions;
    for (const auto& [name, revision] : revisions_)
      revisions[name] = &revision.spec;
    return billing::rate(usage, revisions, facts_.fallback, period);
  }

  int64_t position = 0;  ///< of the ledger, as of the last rating

 private:
  Status add_revision(const std::string& name) {
    if (name.empty() || revisions_.contains(name)) return {};
    CHARTER_TRY_ASSIGN(auto revision, revision_of(rt_.caches, name));
    if (revision) revisions_.emplace(name, *std::move(revision));
    return {};
  }

  const Runtime& rt_;
  const Facts& facts_;
  std::map<std::string, ServiceOfferingRevision> revisions_;
};

// What was used under earlier, issued bills and told of since is on this one.
Status add_corrections(const Invoice& invoice, const std::vector<Invoice>& bills,
                       const LedgerReader& ledger, Rating& rating, Bill& bill) {
  std::vector<const Invoice*> earlier;
  for (const auto& other : bills) {
    if (is_issued(other) && other.spec.period.to <= invoice.spec.period.from)
      earlier.push_back(&other);
  }
  if (earlier.empty()) return {};
  // Each bill looks through those before it, so only what came after the last is new.
  const int64_t seen = earlier.back()->status.ledger_revision;
  const size_t first = earlier.size() - std::min(earlier.size(), limits::kCorrectedInvoicesMax);
  for (size_t i = first; i < earlier.size(); ++i) {
    const Invoice& other = *earlier[i];
    CHARTER_TRY_ASSIGN(
        const bool changed,
        ledger.is_changed_since(invoice.spec.contract.uid, seen, seconds_of(other.spec.period.to)));
    if (!changed) continue;
    CHARTER_TRY_ASSIGN(const auto now, rating.rate(other.spec));
    CHARTER_TRY_ASSIGN(auto lines, corrections(other, bills, now.lines));
    for (auto& line : lines)
      bill.lines.push_back(std::move(line));
  }
  return {};
}

Result<Bill> make_bill(const Invoice& invoice, const std::vector<Invoice>& bills, const Runtime& rt,
                       const Facts& facts) {
  Rating rating(rt, facts);
  Bill bill;
  CHARTER_TRY_ASSIGN(const auto rated, rating.rate(invoice.spec));
  bill.position = rating.position;
  if (rated.currency != invoice.spec.currency)
    return Error{Code::Invalid,
                 "prices are in " + rated.currency + ", the bill in " + invoice.spec.currency,
                 "WrongCurrency"};
  CHARTER_TRY_ASSIGN(const int digits, minor_digits(rated.currency));
  for (const auto& line : rated.lines)
    bill.lines.push_back(line_of(line, digits));
  CHARTER_TRY(add_corrections(invoice, bills, *rt.ledger, rating, bill));
  CHARTER_TRY_ASSIGN(bill.total, total_of(bill.lines, digits));
  return bill;
}

}  // namespace

Result<Observed> look(const Invoice& invoice, const Runtime& rt) {
  Observed have;
  have.now = rt.clock.now();
  if (is_issued(invoice) || !invoice.meta.deleted.empty()) return have;
  if (rt.ledger == nullptr) {
    return Error{Code::Invalid, "there is no ledger here: nothing was metered",
                 "MeteringNotAvailable"};
  }
  CHARTER_TRY_ASSIGN(const auto facts, facts_of(invoice, rt.caches));
  CHARTER_TRY_ASSIGN(const auto bills, bills_of(rt.caches, invoice.spec.contract.uid));
  have.due = facts.ended ? invoice.spec.period.to : invoice.spec.period.to + facts.grace;
  for (const auto& other : bills) {
    if (!is_issued(other) && other.spec.period.to <= invoice.spec.period.from)
      have.waits_for = other.meta.name;
  }
  const int64_t seen = invoice.status.ledger_revision;
  bool changed = true;
  if (seen > 0) {
    CHARTER_TRY_ASSIGN(changed, rt.ledger->is_changed_since(invoice.spec.contract.uid, seen,
                                                            seconds_of(invoice.spec.period.to)));
  }
  const bool is_due = have.now >= have.due && have.waits_for.empty();
  if (changed || is_due) {
    CHARTER_TRY_ASSIGN(have.bill, make_bill(invoice, bills, rt, facts));
  }
  return have;
}

}  // namespace charter::invoice
