#include "reconcilers/usage_report/reconciler.h"

#include "crds/types/kinds.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/usage_report/admit.h"
#include "reconcilers/usage_report/plan.h"

#include <nlohmann/json.hpp>

namespace charter::usage_report {
namespace {

class UsageReportReconciler final : public Shell<UsageReport, Nothing, Action> {
 public:
  explicit UsageReportReconciler(const Runtime& rt)
      : Shell(rt, {.resource = kinds::usage_reports(),
                   .component = "charter-usage-report",
                   .phase = phase_of}) {}

 private:
  Result<UsageReport> read(const Json& object) const override { return read_usage_report(object); }
  Json render(const UsageReport::Status& status) const override { return status_json(status); }
  Result<Nothing> observe(const UsageReport&) override { return Nothing{}; }
  Step decide(const UsageReport& object, const Nothing&) const override { return plan(object); }
  Status act(const UsageReport&, const Action&) override { return {}; }
};

}  // namespace

KindHooks hooks() {
  return {.admit = admit};
}

ControllerSpec controller() {
  ControllerSpec spec;
  spec.name = "usage-report";
  spec.primary = kinds::usage_reports();
  spec.make = [](const Runtime& rt) { return std::make_unique<UsageReportReconciler>(rt); };
  watch_pauses(spec, PauseReach::NamespacedObject);
  return spec;
}

}  // namespace charter::usage_report
