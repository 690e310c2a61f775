#include "reconcilers/image/plan.h"

#include "reconcilers/common/findings.h"
#include "reconcilers/common/in_use.h"
#include "reconcilers/image/admit.h"

namespace charter::image {

Step plan(const Image& image, const Observed& have) {
  Step step;
  step.status = image.status;
  step.status.referenced_by = static_cast<int64_t>(have.users.size());
  const auto& sha256 = image.spec.source.sha256;
  step.status.digest = sha256.empty() ? std::string() : "sha256:" + sha256;
  if (plan_in_use_deletion(image.meta, have.users, step)) return step;
  std::vector<Cause> causes;
  check_source(image.spec.source, causes);
  if (!causes.empty()) {
    step.ready = ready_false(reasons::kInvalidSpec, findings_text(causes));
    step.outcome = Outcome::stuck(std::string(reasons::kInvalidSpec));
    return step;
  }
  step.ready = ready_true(reasons::kReady, "pinned by its digest, which providers check");
  return step;
}

std::string_view phase_of(const Conditions& conditions) {
  if (is_true(conditions, "Ready")) return "Ready";
  return is_true(conditions, "Stalled") ? "Rejected" : "Pending";
}

}  // namespace charter::image
