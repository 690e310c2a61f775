#include "crds/types/usage_report.h"

#include "crds/types/fields.h"

#include <nlohmann/json.hpp>

namespace charter {

Result<UsageReport> read_usage_report(const Json& object) {
  return read_object<UsageReport>(object);
}

Json spec_json(const UsageReport::Spec& spec) {
  Json tree;
  write_struct(tree, spec);
  return tree;
}

Json status_json(const UsageReport::Status& status) {
  Json tree;
  write_struct(tree, status);
  return tree;
}

}  // namespace charter
