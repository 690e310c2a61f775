#include "controller/object/schema_rules.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

// As deep as the document, which is bounded where it was parsed.
void collect(const Json& node, const std::string& version, const std::string& path,
             std::vector<std::string>& out) {
  if (!node.is_object()) return;
  const Json* rules = at(node, {"x-kubernetes-validations"});
  if (rules != nullptr && rules->is_array() && !rules->empty()) {
    out.push_back(version + " " + (path.empty() ? "(root)" : path));
  }
  if (const Json* properties = at(node, {"properties"}); properties && properties->is_object()) {
    for (const auto& [name, child] : properties->items()) {
      collect(child, version, path.empty() ? name : path + "." + name, out);
    }
  }
  if (const Json* items = at(node, {"items"})) collect(*items, version, path + "[*]", out);
  if (const Json* values = at(node, {"additionalProperties"})) {
    collect(*values, version, path + ".*", out);
  }
}

}  // namespace

std::vector<std::string> places_of_rules(const Json& definition) {
  std::vector<std::string> out;
  const Json* versions = at(definition, {"spec", "versions"});
  if (versions == nullptr || !versions->is_array()) return out;
  for (const Json& version : *versions) {
    if (!version.is_object()) continue;
    const Json* schema = at(version, {"schema", "openAPIV3Schema"});
    if (schema != nullptr) collect(*schema, text_at(version, {"name"}), "", out);
  }
  return out;
}

}  // namespace charter
