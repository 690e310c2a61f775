#include "reconcilers/invoice/plan.h"

namespace charter::invoice {

Step plan(const Invoice& object) {
  Step step;
  step.status = object.status;
  step.ready = object.meta.deleted.empty()
                   ? ready_false("MeteringNotAvailable",
                                 "metering is not part of this build: no invoice is issued")
                   : ready_false("Deleting", "the object is being deleted");
  step.outcome = Outcome::stuck(step.ready.reason);
  return step;
}

std::string_view phase_of(const Conditions&) {
  return "Unavailable";
}

}  // namespace charter::invoice
