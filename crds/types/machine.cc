#include "crds/types/machine.h"

#include "crds/types/fields.h"

#include <nlohmann/json.hpp>

namespace charter {

Result<Machine> read_machine(const Json& object) {
  return read_object<Machine>(object);
}

Json spec_json(const Machine::Spec& spec) {
  Json tree;
  write_struct(tree, spec);
  return tree;
}

Json status_json(const Machine::Status& status) {
  Json tree;
  write_struct(tree, status);
  return tree;
}

}  // namespace charter
