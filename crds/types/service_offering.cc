#include "crds/types/service_offering.h"

#include "crds/types/fields.h"

#include <nlohmann/json.hpp>

namespace charter {

Result<ServiceOffering> read_service_offering(const Json& object) {
  return read_object<ServiceOffering>(object);
}

Json spec_json(const ServiceOffering::Spec& spec) {
  Json tree;
  write_struct(tree, spec);
  return tree;
}

Json status_json(const ServiceOffering::Status& status) {
  Json tree;
  write_struct(tree, status);
  return tree;
}

}  // namespace charter
