#pragma once

#include "controller/object/value.h"

#include <string>
#include <vector>

namespace charter {

/// Where the schemas of a CustomResourceDefinition carry x-kubernetes-validations, in the order of
/// its versions: "v1 spec", "v1 spec.ports[*]", "v1 (root)".
std::vector<std::string> places_of_rules(const Json& definition);

}  // namespace charter
