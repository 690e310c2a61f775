#include "reconcilers/service_template/plan.h"

#include "reconcilers/common/findings.h"
#include "reconcilers/common/in_use.h"
#include "reconcilers/service_template/consistency.h"

#include <nlohmann/json.hpp>

namespace charter::service_template {
namespace {

constexpr size_t kImagesMax = 256;  // as in the CRD

std::vector<std::string> missing_images(const std::set<std::string>& named,
                                        const std::set<std::string>& there) {
  std::vector<std::string> missing;
  for (const auto& image : named) {
    if (!there.contains(image)) missing.push_back(image);
  }
  return missing;
}

std::vector<std::string> users(const std::vector<std::string>& offerings) {
  std::vector<std::string> names;
  for (const auto& name : offerings)
    names.push_back("service offering " + name);
  return names;
}

}  // namespace

Step plan(const ServiceTemplate& object, const Observed& have) {
  Step step;
  const auto named = image_names(object.spec);
  step.status = object.status;
  step.status.images = {named.begin(), named.end()};
  if (step.status.images.size() > kImagesMax) step.status.images.resize(kImagesMax);
  step.status.offerings = static_cast<int64_t>(have.offerings.size());
  step.status.content_hash = content_hash(spec_json(object.spec));
  if (plan_in_use_deletion(object.meta, users(have.offerings), step)) return step;
  std::vector<Cause> causes;
  check_template(object.spec, causes);
  if (!causes.empty()) {
    step.ready = ready_false(reasons::kInvalidSpec, findings_text(causes));
    step.outcome = Outcome::stuck(std::string(reasons::kInvalidSpec));
    return step;
  }
  if (const auto missing = missing_images(named, have.images); !missing.empty()) {
    step.ready = ready_unknown(reasons::kReferenceNotFound,
                               "waits for images that do not exist: " + user_list(missing));
    step.outcome = Outcome::wait({}, std::string(reasons::kReferenceNotFound));
    return step;
  }
  step.ready = ready_true("Consistent", "can be sold by service offerings");
  return step;
}

std::string_view phase_of(const Conditions& conditions) {
  if (is_true(conditions, "Ready")) return "Ready";
  return is_true(conditions, "Stalled") ? "Invalid" : "Pending";
}

}  // namespace charter::service_template
