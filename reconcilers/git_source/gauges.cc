#include "reconcilers/git_source/gauges.h"

#include "controller/object/conditions.h"
#include "crds/types/git_source.h"

#include <nlohmann/json.hpp>

namespace charter::git_source {

void show(ObjectGauges& gauges, const Encoded& source) {
  const Json tree = source.tree();
  const auto read = read_git_source(tree);
  if (!read) return;
  const auto is = [&](const char* type) { return condition_is_true(tree, type) ? 1.0 : 0.0; };
  std::vector<GaugeValue> values = {
      {"charter_gitsource_ready", "Whether the newest commit is applied.", is("Ready")},
      {"charter_gitsource_healthy", "Whether all that was applied is ready.", is("Healthy")},
      {"charter_gitsource_stalled", "Whether somebody has to act.", is("Stalled")},
      {"charter_gitsource_suspended", "Whether nothing is fetched or applied.",
       read->spec.suspend ? 1.0 : 0.0},
      {"charter_gitsource_objects", "Objects that the source applies.",
       static_cast<double>(read->status.inventory.size())},
      {"charter_gitsource_objects_not_ready", "Applied objects that are not ready, at most 20.",
       static_cast<double>(read->status.not_ready.size())}};
  if (read->status.applied_time) {
    const auto since = read->status.applied_time->time_since_epoch();
    values.push_back({"charter_gitsource_last_applied_timestamp_seconds",
                      "When the source's objects were applied last.",
                      std::chrono::duration<double>(since).count()});
  }
  gauges.set(source.header().name, std::move(values));
}

}  // namespace charter::git_source
