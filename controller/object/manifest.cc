#include "controller/object/manifest.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

bool is_list(const Json& tree) {
  const Json* items = at(tree, {"items"});
  return text_at(tree, {"kind"}).ends_with("List") && items != nullptr && items->is_array();
}

Status take(const std::string& source, const Json& tree, std::vector<Manifest>& manifests) {
  if (tree.is_null()) return {};
  if (!tree.is_object()) return Error{Code::Invalid, source + ": not a mapping"};
  if (!is_list(tree)) {
    manifests.push_back({source, std::make_shared<const Json>(tree)});
    return {};
  }
  size_t number = 0;
  for (const Json& item : tree.at("items"))
    CHARTER_TRY(take(source + ", item " + std::to_string(++number), item, manifests));
  return {};
}

}  // namespace

Result<std::vector<Manifest>> parse_manifests(const std::string& source, const std::string& text) {
  const auto documents = parse_yaml_stream(text);
  if (!documents) return Error{Code::Invalid, source + ": " + documents.error().message};
  std::vector<Manifest> manifests;
  size_t number = 0;
  for (const Json& document : *documents) {
    ++number;
    CHARTER_TRY(
        take(documents->size() == 1 ? source : source + ", document " + std::to_string(number),
             document, manifests));
  }
  return manifests;
}

ManifestTarget target_of(const Json& document) {
  return {text_at(document, {"apiVersion"}),
          text_at(document, {"kind"}),
          {text_at(document, {"metadata", "namespace"}), text_at(document, {"metadata", "name"})}};
}

std::string to_string(const ManifestTarget& target) {
  return target.kind + " " + to_string(target.name);
}

}  // namespace charter
