#include "crds/types/git_source.h"

#include "crds/types/fields.h"

#include <nlohmann/json.hpp>

namespace charter {

Result<GitSource> read_git_source(const Json& object) {
  return read_object<GitSource>(object);
}

Json spec_json(const GitSource::Spec& spec) {
  Json tree;
  write_struct(tree, spec);
  return tree;
}

Json status_json(const GitSource::Status& status) {
  Json tree;
  write_struct(tree, status);
  return tree;
}

}  // namespace charter
