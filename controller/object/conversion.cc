#include "controller/object/conversion.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

constexpr std::string_view kFirst = "{\"apiVersion\":\"";

}  // namespace

bool is_in_version(const ResourceType& type, const Encoded& object) {
  const Gvr& gvr = type.gvr;
  std::string_view bytes = object.bytes();
  // Members are sorted: apiVersion is the first, unless a definition has one with an odd name.
  if (!bytes.starts_with(kFirst))
    return text_at(object.tree(), {"apiVersion"}) == api_version_of(gvr.group, gvr.version);
  bytes.remove_prefix(kFirst.size());
  if (!gvr.group.empty()) {
    if (!bytes.starts_with(gvr.group)) return false;
    bytes.remove_prefix(gvr.group.size());
    if (!bytes.starts_with('/')) return false;
    bytes.remove_prefix(1);
  }
  return bytes.starts_with(gvr.version) && bytes.substr(gvr.version.size()).starts_with('"');
}

void convert(const ResourceType& type, Json& tree) {
  tree["apiVersion"] = api_version_of(type.gvr.group, type.gvr.version);
  type.schema->prune(tree, nullptr);
  type.schema->apply_defaults(tree);
}

ObjectPtr in_version(const ResourceType& type, const ObjectPtr& object) {
  if (type.builtin || is_in_version(type, *object)) return object;
  Json tree = object->tree();
  convert(type, tree);
  return Encoded::make(tree, object->header().version, object->header().fields);
}

}  // namespace charter
