#include "crds/types/service_offering_revision.h"

#include "crds/types/fields.h"

#include <nlohmann/json.hpp>

namespace charter {

Result<ServiceOfferingRevision> read_service_offering_revision(const Json& object) {
  return read_object<ServiceOfferingRevision>(object);
}

Json spec_json(const ServiceOfferingRevision::Spec& spec) {
  Json tree;
  write_struct(tree, spec);
  return tree;
}

Json status_json(const ServiceOfferingRevision::Status& status) {
  Json tree;
  write_struct(tree, status);
  return tree;
}

}  // namespace charter
