#include "crds/types/invoice.h"

#include "crds/types/fields.h"

#include <nlohmann/json.hpp>

namespace charter {

Result<Invoice> read_invoice(const Json& object) {
  return read_object<Invoice>(object);
}

Json spec_json(const Invoice::Spec& spec) {
  Json tree;
  write_struct(tree, spec);
  return tree;
}

Json status_json(const Invoice::Status& status) {
  Json tree;
  write_struct(tree, status);
  return tree;
}

}  // namespace charter
