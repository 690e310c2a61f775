#include "controller/runtime/applier.h"

namespace charter {

ManifestTarget target_of(const Json& document) {
  return {text_at(document, {"apiVersion"}),
          text_at(document, {"kind"}),
          {text_at(document, {"metadata", "namespace"}), text_at(document, {"metadata", "name"})}};
}

std::string to_string(const ManifestTarget& target) {
  return target.kind + " " + to_string(target.name);
}

}  // namespace charter
