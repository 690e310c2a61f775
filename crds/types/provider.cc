#include "crds/types/provider.h"

#include "crds/types/fields.h"

#include <nlohmann/json.hpp>

namespace charter {

Result<Provider> read_provider(const Json& object) {
  return read_object<Provider>(object);
}

Json spec_json(const Provider::Spec& spec) {
  Json tree;
  write_struct(tree, spec);
  return tree;
}

Json status_json(const Provider::Status& status) {
  Json tree;
  write_struct(tree, status);
  return tree;
}

}  // namespace charter
