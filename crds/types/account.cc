#include "crds/types/account.h"

#include "crds/types/fields.h"

#include <nlohmann/json.hpp>

namespace charter {

Result<Account> read_account(const Json& object) {
  return read_object<Account>(object);
}

Json spec_json(const Account::Spec& spec) {
  Json tree;
  write_struct(tree, spec);
  return tree;
}

Json status_json(const Account::Status& status) {
  Json tree;
  write_struct(tree, status);
  return tree;
}

}  // namespace charter
