#include "crds/types/volume.h"

#include "crds/types/fields.h"

#include <nlohmann/json.hpp>

namespace charter {

Result<Volume> read_volume(const Json& object) {
  return read_object<Volume>(object);
}

Json spec_json(const Volume::Spec& spec) {
  Json tree;
  write_struct(tree, spec);
  return tree;
}

Json status_json(const Volume::Status& status) {
  Json tree;
  write_struct(tree, status);
  return tree;
}

}  // namespace charter
