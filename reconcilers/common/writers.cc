#include "reconcilers/common/writers.h"

#include <nlohmann/json.hpp>

namespace charter {

std::string last_spec_writer(const Json& object) {
  std::string manager, newest;
  const auto* entries = at(object, {"metadata", "managedFields"});
  if (entries == nullptr || !entries->is_array()) return manager;
  for (const auto& entry : *entries) {
    if (at(entry, {"fieldsV1", "f:spec"}) == nullptr) continue;
    const auto time = text_at(entry, {"time"});
    if (time < newest) continue;
    newest = time;
    manager = text_at(entry, {"manager"});
  }
  return manager;
}

}  // namespace charter
