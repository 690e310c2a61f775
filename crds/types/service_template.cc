#include "crds/types/service_template.h"

#include "crds/types/fields.h"

#include <nlohmann/json.hpp>

namespace charter {

Result<ServiceTemplate> read_service_template(const Json& object) {
  return read_object<ServiceTemplate>(object);
}

Json spec_json(const ServiceTemplate::Spec& spec) {
  Json tree;
  write_struct(tree, spec);
  return tree;
}

Json status_json(const ServiceTemplate::Status& status) {
  Json tree;
  write_struct(tree, status);
  return tree;
}

}  // namespace charter
