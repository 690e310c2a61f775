#include "reconcilers/usage_report/plan.h"

namespace charter::usage_report {

Step plan(const UsageReport& object) {
  Step step;
  step.status = object.status;
  step.ready = object.meta.deleted.empty()
                   ? ready_false("MeteringNotAvailable",
                                 "metering is not part of this build: no usage can be reported")
                   : ready_false("Deleting", "the object is being deleted");
  step.outcome = Outcome::stuck(step.ready.reason);
  return step;
}

std::string_view phase_of(const Conditions&) {
  return "Unavailable";
}

}  // namespace charter::usage_report
