#include "crds/types/rate_card.h"

#include "crds/types/fields.h"

#include <nlohmann/json.hpp>

namespace charter {

Result<RateCard> read_rate_card(const Json& object) {
  return read_object<RateCard>(object);
}

Json spec_json(const RateCard::Spec& spec) {
  Json tree;
  write_struct(tree, spec);
  return tree;
}

Json status_json(const RateCard::Status& status) {
  Json tree;
  write_struct(tree, status);
  return tree;
}

}  // namespace charter
