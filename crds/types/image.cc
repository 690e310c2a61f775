#include "crds/types/image.h"

#include "crds/types/fields.h"

#include <nlohmann/json.hpp>

namespace charter {

Result<Image> read_image(const Json& object) {
  return read_object<Image>(object);
}

Json spec_json(const Image::Spec& spec) {
  Json tree;
  write_struct(tree, spec);
  return tree;
}

Json status_json(const Image::Status& status) {
  Json tree;
  write_struct(tree, status);
  return tree;
}

}  // namespace charter
