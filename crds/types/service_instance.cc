#include "crds/types/service_instance.h"

#include "crds/types/fields.h"

#include <nlohmann/json.hpp>

namespace charter {

Result<ServiceInstance> read_service_instance(const Json& object) {
  return read_object<ServiceInstance>(object);
}

Json spec_json(const ServiceInstance::Spec& spec) {
  Json tree;
  write_struct(tree, spec);
  return tree;
}

Json status_json(const ServiceInstance::Status& status) {
  Json tree;
  write_struct(tree, status);
  return tree;
}

}  // namespace charter
