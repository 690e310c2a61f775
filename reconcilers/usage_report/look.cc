#include "reconcilers/usage_report/look.h"

#include "controller/runtime/caches.h"
#include "crds/types/contract.h"
#include "crds/types/kinds.h"
#include "crds/types/service_offering_revision.h"
#include "reconcilers/billing/csv.h"
#include "reconcilers/billing/report.h"
#include "reconcilers/billing/timeline.h"
#include "reconcilers/common/metering.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::usage_report {
namespace {

constexpr size_t kLinesMax = 12'288;   // the CRD's bounds for status.lines,
constexpr size_t kActionsMax = 4'096;  // status.actions
constexpr size_t kDaysMax = 400;       // and status.days
constexpr size_t kCsvBytesMax = 262'144;

billing::Slice slice_of(Granularity granularity) {
  if (granularity == Granularity::Hour) return billing::Slice::Hour;
  return granularity == Granularity::Day ? billing::Slice::Day : billing::Slice::Whole;
}

Answer answer_of(const billing::UsageSummary& summary,
                 const std::vector<billing::TimelineAction>& actions) {
  Answer answer;
  for (const auto& line : summary.lines) {
    answer.lines.push_back({instant_of(line.from_s), instant_of(line.to_s), line.meter, line.basis,
                            line.unit, line.quantity.text()});
  }
  for (const auto& action : actions)
    answer.actions.push_back(
        {instant_of(action.at_s), action.by, action.action, action.object, action.count});
  for (const auto& hour : summary.profile)
    answer.profile.push_back({hour.hour, hour.least, hour.most, hour.average.text()});
  for (const auto& days : summary.days)
    answer.days.push_back({instant_of(days.from_s), instant_of(days.to_s), days.machines});
  answer.csv = billing::usage_csv(summary.lines);
  // Large ones are had from the contract's usage.
  if (answer.csv.size() > kCsvBytesMax) answer.csv.clear();
  return answer;
}

Result<Answer> ask(const UsageReport& report, const Contract& contract, const SoldUnits& sold,
                   const Runtime& rt, Instant now) {
  const int64_t from_s = seconds_of(report.spec.period.from);
  const int64_t to_s =
      std::min(seconds_of(report.spec.period.to), std::max(seconds_of(now), from_s + 1));
  billing::Timeline timeline(from_s, to_s);
  CHARTER_TRY_ASSIGN(
      const auto usage,
      billing::read_usage(*rt.ledger, {contract.meta.uid, from_s, to_s},
                          [&timeline](const LedgerInterval& interval) { timeline.add(interval); }));
  CHARTER_TRY_ASSIGN(
      const auto summary,
      billing::summarize(usage, sold, from_s, to_s, slice_of(report.spec.granularity), kLinesMax));
  const auto actions = timeline.actions();
  if (actions.size() > kActionsMax || summary.days.size() > kDaysMax) {
    return Error{Code::Invalid, "the report has more than " + std::to_string(kActionsMax) +
                                    " actions; ask for a shorter period"};
  }
  return answer_of(summary, actions);
}

}  // namespace

Result<Observed> look(const UsageReport& report, const Runtime& rt) {
  Observed have;
  have.now = rt.clock.now();
  if (!report.meta.deleted.empty()) return have;
  if (rt.ledger == nullptr) {
    return Error{Code::Invalid, "there is no ledger here: nothing was metered",
                 "MeteringNotAvailable"};
  }
  const ObjectName name{report.meta.ns, report.spec.contract.name};
  const auto encoded = rt.caches.get(kinds::bucket(kinds::contracts()), name);
  have.has_contract = encoded != nullptr;
  if (encoded == nullptr) return have;
  CHARTER_TRY_ASSIGN(const auto contract, read_contract(encoded->bare_tree()));
  have.is_metered = contract.status.metering && contract.status.accepted;
  if (!have.is_metered) return have;
  const auto revision = rt.caches.get(kinds::bucket(kinds::service_offering_revisions()),
                                      {"", contract.status.accepted->revision});
  if (revision == nullptr)
    return Error{Code::Invalid, "revision " + contract.status.accepted->revision + " is not there",
                 "RevisionNotFound"};
  CHARTER_TRY_ASSIGN(const auto sold, read_service_offering_revision(revision->bare_tree()));
  have.settled = report.spec.period.to + sold.spec.billing.grace_before_issue;
  const bool begun = stage_of(report, have.now, have.settled) != Stage::NotBegun;
  if (begun && is_due(report, have.now, have.settled)) {
    CHARTER_TRY_ASSIGN(have.answer, ask(report, contract, sold.spec.units, rt, have.now));
  }
  return have;
}

}  // namespace charter::usage_report
