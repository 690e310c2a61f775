#include "crds/types/contract.h"

#include "crds/types/fields.h"

#include <nlohmann/json.hpp>

namespace charter {

Result<Contract> read_contract(const Json& object) {
  return read_object<Contract>(object);
}

Json spec_json(const Contract::Spec& spec) {
  Json tree;
  write_struct(tree, spec);
  return tree;
}

Json status_json(const Contract::Status& status) {
  Json tree;
  write_struct(tree, status);
  return tree;
}

}  // namespace charter
