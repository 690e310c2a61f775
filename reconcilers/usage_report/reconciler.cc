#include "reconcilers/usage_report/reconciler.h"

#include "crds/types/kinds.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/contract/look.h"
#include "reconcilers/usage_report/admit.h"
#include "reconcilers/usage_report/look.h"
#include "reconcilers/usage_report/plan.h"

#include <nlohmann/json.hpp>

namespace charter::usage_report {
namespace {

class UsageReportReconciler final : public Shell<UsageReport, Observed, Action> {
 public:
  explicit UsageReportReconciler(const Runtime& rt)
      : Shell(rt, {.resource = kinds::usage_reports(),
                   .component = "charter-usage-report",
                   .phase = phase_of}) {}

 private:
  Result<UsageReport> read(const Json& object) const override { return read_usage_report(object); }
  Json render(const UsageReport::Status& status) const override { return status_json(status); }
  Result<Observed> observe(const UsageReport& report) override { return look(report, rt_); }
  Step decide(const UsageReport& report, const Observed& have) const override {
    return plan(report, have);
  }
  Status act(const UsageReport&, const Action&) override { return {}; }
};

// Reports that wait for a contract; those that are made come back by time.
std::vector<ObjectName> reports_of(const Encoded& contract, const Caches& caches) {
  std::vector<ObjectName> names;
  const auto key = to_string(ObjectName{contract.header().ns, contract.header().name});
  for (const auto& report :
       caches.list_by(kinds::bucket(kinds::usage_reports()), contract::kByContract, key)) {
    if (!condition_is_true(report->bare_tree(), "Ready"))
      names.push_back({report->header().ns, report->header().name});
  }
  return names;
}

}  // namespace

KindHooks hooks() {
  return {.admit = admit};
}

ControllerSpec controller() {
  ControllerSpec spec;
  spec.name = "usage-report";
  spec.primary = kinds::usage_reports();
  spec.watches = {{kinds::contracts(), reports_of}};
  spec.indexes = {{kinds::usage_reports(), contract::kByContract, contract::contract_index}};
  spec.reads = {kinds::service_offering_revisions()};
  spec.make = [](const Runtime& rt) { return std::make_unique<UsageReportReconciler>(rt); };
  watch_pauses(spec, PauseReach::NamespacedObject);
  return spec;
}

}  // namespace charter::usage_report
