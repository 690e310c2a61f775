#include "reconcilers/usage_report/plan.h"

#include "reconcilers/common/reasons.h"

namespace charter::usage_report {
namespace {

Step waiting(Step step, std::string_view reason, std::string message, Duration after = {}) {
  step.ready = ready_unknown(reason, std::move(message));
  step.outcome = Outcome::wait(after, std::string(reason));
  return step;
}

}  // namespace

Stage stage_of(const UsageReport& report, Instant now, Instant settled) {
  if (now < report.spec.period.from) return Stage::NotBegun;
  if (now < report.spec.period.to) return Stage::Running;
  return now < settled ? Stage::Late : Stage::Over;
}

bool is_due(const UsageReport& report, Instant now, Instant settled) {
  const auto& status = report.status;
  if (!status.generated_at || status.observed_generation != report.meta.generation) return true;
  return stage_of(report, *status.generated_at, settled) != stage_of(report, now, settled);
}

Step plan(const UsageReport& report, const Observed& have) {
  Step step;
  step.status = report.status;
  if (!report.meta.deleted.empty()) {
    step.ready = ready_false("Deleting", "the object is being deleted");
    return step;
  }
  const auto& name = report.spec.contract.name;
  if (!have.has_contract)
    return waiting(std::move(step), "ReferenceNotFound", "contract " + name + " does not exist");
  if (!have.is_metered)
    return waiting(std::move(step), "ContractNotActive",
                   "contract " + name + " was never in force: nothing is metered");
  const auto stage = stage_of(report, have.now, have.settled);
  const auto& period = report.spec.period;
  if (stage == Stage::NotBegun)
    return waiting(std::move(step), "Pending", "begins at " + format_time(period.from),
                   period.from - have.now);
  auto& status = step.status;
  if (have.answer) {
    status.lines = have.answer->lines;
    status.actions = have.answer->actions;
    status.profile = have.answer->profile;
    status.days = have.answer->days;
    status.csv = have.answer->csv;
    status.generated_at = std::chrono::floor<std::chrono::seconds>(have.now);
    status.complete = stage == Stage::Over;
  }
  const auto made = "as of " + format_time(status.generated_at.value_or(have.now));
  if (stage == Stage::Over) {
    step.ready = ready_true("Complete", made + "; no usage of this period can come any more");
    return step;
  }
  const bool running = stage == Stage::Running;
  const auto next = running ? period.to : have.settled;
  step.ready =
      ready_true("Active", made + (running ? "; the period ends at " : "; late usage until ") +
                               format_time(next) + ", then it is made again");
  step.outcome = Outcome::wait(next - have.now, "Active");
  return step;
}

std::string_view phase_of(const Conditions& conditions) {
  const auto* ready = find_condition(conditions, "Ready");
  if (ready == nullptr || ready->status != "True") return "Unavailable";
  return ready->reason == "Complete" ? "Complete" : "Partial";
}

}  // namespace charter::usage_report
