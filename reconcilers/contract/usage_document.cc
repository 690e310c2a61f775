#include "reconcilers/contract/usage_document.h"

#include "controller/object/causes.h"
#include "crds/types/account.h"
#include "crds/types/contract.h"
#include "crds/types/kinds.h"
#include "crds/types/service_offering_revision.h"
#include "reconcilers/billing/csv.h"
#include "reconcilers/billing/focus.h"
#include "reconcilers/billing/report.h"
#include "reconcilers/billing/time_zone.h"
#include "reconcilers/billing/timeline.h"
#include "reconcilers/common/metering.h"
#include "reconcilers/common/pause.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::contract {
namespace {

constexpr size_t kLinesMax = 100'000;
constexpr size_t kIntervalsShownMax = 100'000;

enum class Form { Json, Csv, Focus };

/// What is asked for, checked.
struct Question {
  int64_t from_s = 0, to_s = 0;
  billing::Slice slice = billing::Slice::Whole;
  bool intervals = false;
  Form form = Form::Json;
};

Error bad(const std::string& parameter, const std::string& value, const std::string& why) {
  const auto cause = invalid_cause(parameter, value, why);
  return {Code::BadRequest, parameter + ": " + cause.message, {}, {cause}};
}

Result<Form> form_of(const std::string& accept) {
  if (accept.find("profile=focus") != std::string::npos ||
      accept.find("profile=\"focus\"") != std::string::npos)
    return Form::Focus;
  if (accept.find("text/csv") != std::string::npos) return Form::Csv;
  for (const char* json : {"application/json", "*/*", "application/*"}) {
    if (accept.find(json) != std::string::npos) return Form::Json;
  }
  if (accept.empty()) return Form::Json;
  return Error{Code::NotAcceptable,
               "only the following media types are accepted: application/json, text/csv, "
               "text/csv;profile=focus"};
}

Result<int64_t> time_of(const DocumentQuery& query, const char* parameter, int64_t otherwise) {
  const auto text = query.parameter(parameter);
  if (text.empty()) return otherwise;
  const auto time = parse_time(text);
  if (!time) return bad(parameter, text, "must be a time such as 2026-06-01T00:00:00Z");
  return seconds_of(*time);
}

Result<Question> question_of(const DocumentQuery& query) {
  Question question;
  const int64_t now_s = seconds_of(query.now);
  CHARTER_TRY_ASSIGN(const auto month, billing::month_of(billing::TimeZone::utc(), now_s));
  CHARTER_TRY_ASSIGN(question.from_s, time_of(query, "from", month.from_s));
  CHARTER_TRY_ASSIGN(question.to_s, time_of(query, "to", month.to_s));
  if (question.from_s >= question.to_s)
    return bad("to", format_time(instant_of(question.to_s)),
               "must be after from, " + format_time(instant_of(question.from_s)));
  // Nobody knows what is used later.
  question.to_s = std::min(question.to_s, std::max(now_s, question.from_s + 1));
  const auto granularity = query.parameter("granularity");
  if (granularity == "Day") question.slice = billing::Slice::Day;
  if (granularity == "Hour") question.slice = billing::Slice::Hour;
  if (!granularity.empty() && granularity != "Total" && question.slice == billing::Slice::Whole)
    return bad("granularity", granularity, "must be Total, Day or Hour");
  const auto intervals = query.parameter("intervals");
  if (!intervals.empty() && intervals != "true" && intervals != "false")
    return bad("intervals", intervals, "must be true or false");
  question.intervals = intervals == "true";
  CHARTER_TRY_ASSIGN(question.form, form_of(query.accept));
  for (const auto& [key, value] : query.parameters) {
    if (key != "from" && key != "to" && key != "granularity" && key != "intervals")
      return bad(key, value, "is no parameter of usage: from, to, granularity, intervals");
  }
  return question;
}

Result<ServiceOfferingRevision> revision_of(const View& view, const std::string& name) {
  const auto encoded = view.get(kinds::bucket(kinds::service_offering_revisions()), {"", name});
  if (encoded == nullptr)
    return Error{Code::NotFound, "revision " + name + " is not there, and with it the prices"};
  return read_service_offering_revision(encoded->bare_tree());
}

Json interval_json(const LedgerInterval& interval) {
  const MeterSpan& span = interval.span;
  Json out = {{"id", interval.opened},
              {"meter", span.meter},
              {"basis", span.basis},
              {"number", span.number},
              {"object", span.name},
              {"uid", interval.subject},
              {"from", format_time(instant_of(span.from_s))},
              {"by", span.by}};
  if (auto amounts = parse_json(span.amounts)) out["amounts"] = std::move(*amounts);
  if (span.to_s) out["to"] = format_time(instant_of(*span.to_s));
  if (!span.ended_by.empty()) out["endedBy"] = span.ended_by;
  return out;
}

Json summary_json(const billing::UsageSummary& summary,
                  const std::vector<billing::TimelineAction>& actions) {
  Json out = {{"lines", Json::array()},
              {"actions", Json::array()},
              {"profile", Json::array()},
              {"days", Json::array()}};
  const auto time = [](int64_t at_s) { return format_time(instant_of(at_s)); };
  for (const auto& line : summary.lines) {
    out["lines"].push_back({{"from", time(line.from_s)},
                            {"to", time(line.to_s)},
                            {"meter", line.meter},
                            {"basis", line.basis},
                            {"quantity", line.quantity.text()},
                            {"unit", line.unit}});
  }
  for (const auto& action : actions) {
    out["actions"].push_back({{"at", time(action.at_s)},
                              {"action", action.action},
                              {"object", action.object},
                              {"by", action.by},
                              {"count", action.count}});
  }
  for (const auto& hour : summary.profile) {
    out["profile"].push_back({{"hour", hour.hour},
                              {"least", hour.least},
                              {"most", hour.most},
                              {"average", hour.average.text()}});
  }
  for (const auto& days : summary.days)
    out["days"].push_back(
        {{"from", time(days.from_s)}, {"to", time(days.to_s)}, {"machines", days.machines}});
  return out;
}

// Each calendar month is charged for itself: prices per month, tiers and amounts of a period are.
Result<std::string> focus_of(const DocumentQuery& query, const Contract& contract,
                             const Question& question) {
  billing::FocusFrame frame;
  frame.contract_uid = contract.meta.uid;
  frame.contract_name = contract.meta.ns + "/" + contract.meta.name;
  frame.issuer = "Charter";
  auto zone = billing::TimeZone::utc();
  if (const auto encoded = account_of(query.view, contract.meta.ns)) {
    CHARTER_TRY_ASSIGN(const auto account, read_account(encoded->bare_tree()));
    frame.account = account.meta.uid;
    frame.account_name = account.meta.name;
    CHARTER_TRY_ASSIGN(zone, billing::TimeZone::load(account.spec.billing.time_zone));
  }
  std::string csv = billing::focus_header();
  const auto& accepted = *contract.status.accepted;
  std::map<std::string, ServiceOfferingRevision> loaded;
  for (int64_t from_s = question.from_s; from_s < question.to_s;) {
    CHARTER_TRY_ASSIGN(const auto month, billing::month_of(zone, from_s));
    const int64_t to_s = std::min(month.to_s, question.to_s);
    CHARTER_TRY_ASSIGN(const auto usage,
                       billing::read_usage(query.ledger, {contract.meta.uid, from_s, to_s}));
    billing::Revisions revisions;
    const auto need = [&](const std::string& name) -> Status {
      if (!loaded.contains(name)) {
        CHARTER_TRY_ASSIGN(auto revision, revision_of(query.view, name));
        loaded.emplace(name, std::move(revision));
      }
      revisions[name] = &loaded.at(name).spec;
      return {};
    };
    CHARTER_TRY(need(accepted.revision));
    for (const auto& terms : usage.terms)
      CHARTER_TRY(need(terms.revision));
    CHARTER_TRY_ASSIGN(
        const auto rated,
        billing::rate(usage, revisions, {accepted.revision, accepted.agreed_prices, {}},
                      {from_s, to_s, month.to_s - month.from_s}));
    frame.currency = rated.currency;
    frame.billing_from_s = month.from_s;
    frame.billing_to_s = month.to_s;
    frame.charge_from_s = from_s;
    frame.charge_to_s = to_s;
    csv += billing::focus_rows(frame, rated.lines);
    from_s = to_s;
  }
  return csv;
}

}  // namespace

Result<Document> usage_document(const DocumentQuery& query) {
  CHARTER_TRY_ASSIGN(const auto question, question_of(query));
  CHARTER_TRY_ASSIGN(const auto contract, read_contract(query.object));
  if (!contract.status.accepted || !contract.status.metering)
    return Error{Code::NotFound, "contract " + contract.meta.name +
                                     " was never in force: nothing is metered under it"};
  if (question.form == Form::Focus) {
    CHARTER_TRY_ASSIGN(auto csv, focus_of(query, contract, question));
    return Document{"text/csv; charset=utf-8; header=present; profile=focus", std::move(csv)};
  }
  CHARTER_TRY_ASSIGN(const auto revision,
                     revision_of(query.view, contract.status.accepted->revision));
  billing::Timeline timeline(question.from_s, question.to_s);
  Json intervals = Json::array();
  bool is_cut = false;
  const auto beside = [&](const LedgerInterval& interval) {
    timeline.add(interval);
    if (!question.intervals) return;
    is_cut = intervals.size() == kIntervalsShownMax;
    if (!is_cut) intervals.push_back(interval_json(interval));
  };
  CHARTER_TRY_ASSIGN(
      const auto usage,
      billing::read_usage(query.ledger, {contract.meta.uid, question.from_s, question.to_s},
                          beside));
  CHARTER_TRY_ASSIGN(const auto summary,
                     billing::summarize(usage, revision.spec.units, question.from_s, question.to_s,
                                        question.slice, kLinesMax));
  if (question.form == Form::Csv)
    return Document{"text/csv; charset=utf-8; header=present", billing::usage_csv(summary.lines)};
  if (is_cut)
    return Error{Code::BadRequest, "intervals: the period has more than " +
                                       std::to_string(kIntervalsShownMax) +
                                       "; ask for a shorter one"};
  Json out = summary_json(summary, timeline.actions());
  out["apiVersion"] = kinds::kApiVersion;
  out["kind"] = "ContractUsage";
  out["contract"] = contract.meta.ns + "/" + contract.meta.name;
  out["from"] = format_time(instant_of(question.from_s));
  out["to"] = format_time(instant_of(question.to_s));
  out["ledgerPosition"] = usage.position;
  if (question.intervals) out["intervals"] = std::move(intervals);
  return Document{"application/json", encode(out) + "\n"};
}

}  // namespace charter::contract
