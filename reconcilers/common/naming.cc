#include "reconcilers/common/naming.h"

#include "controller/base/limits.h"
#include "controller/object/digest.h"
#include "crds/types/kinds.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace charter {
namespace {

constexpr size_t kHashDigits = 8;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// Joins parts and makes the result a legal name; the hash covers the parts with their borders.
std::string legal_name(std::initializer_list<std::string_view> parts, size_t bytes_max,
                       std::string_view others) {
  std::string name;
  std::string exact;
  for (const auto part : parts) {
    if (!name.empty()) name += '-';
    name += part;
    exact += std::to_string(part.size()) + ":" + std::string(part);
  }
  const std::string wanted = name;
  std::replace_if(
      name.begin(), name.end(),
      [&](char c) { return !is_alphanumeric(c) && others.find(c) == std::string_view::npos; }, '-');
  while (!name.empty() && !is_alphanumeric(name.front()))
    name.erase(0, 1);
  if (name.size() <= bytes_max && name == wanted && is_alphanumeric(name.back())) return name;
  name.resize(std::min(name.size(), bytes_max - kHashDigits - 1));
  while (!name.empty() && !is_alphanumeric(name.back()))
    name.pop_back();
  return name + (name.empty() ? "x" : "-") + sha256_hex(exact).substr(0, kHashDigits);
}

Json& metadata_list(Json& object, const char* key) {
  auto& list = object["metadata"][key];
  if (!list.is_array()) list = Json::array();
  return list;
}

}  // namespace

std::string content_hash(const Json& tree) {
  return "sha256:" + sha256_hex(encode(tree));
}

std::string child_name(std::initializer_list<std::string_view> parts) {
  return legal_name(parts, limits::kLabelValueBytesMax, "-");
}

std::string child_subdomain(std::initializer_list<std::string_view> parts) {
  return legal_name(parts, limits::kNameBytesMax, "-.");
}

Json owner_reference(const Gvr& owner_resource, const Meta& owner) {
  return {{"apiVersion", api_version_of(owner_resource.group, owner_resource.version)},
          {"kind", std::string(kinds::kind_of(owner_resource))},
          {"name", owner.name},
          {"uid", owner.uid},
          {"controller", true},
          {"blockOwnerDeletion", true}};
}

Json new_object(const Gvr& resource, const ObjectName& name, Json spec) {
  Json object = {{"apiVersion", api_version_of(resource.group, resource.version)},
                 {"kind", std::string(kinds::kind_of(resource))},
                 {"metadata", {{"name", name.name}}},
                 {"spec", std::move(spec)}};
  if (!name.ns.empty()) object["metadata"]["namespace"] = name.ns;
  return object;
}

void add_owner(Json& object, const Gvr& owner_resource, const Meta& owner) {
  metadata_list(object, "ownerReferences").push_back(owner_reference(owner_resource, owner));
}

void add_label(Json& object, const std::string& key, std::string value) {
  object["metadata"]["labels"][key] = std::move(value);
}

void add_finalizer(Json& object, std::string_view finalizer) {
  auto& list = metadata_list(object, "finalizers");
  if (std::find(list.begin(), list.end(), Json(std::string(finalizer))) == list.end()) {
    list.push_back(std::string(finalizer));
  }
}

bool remove_finalizer(Json& object, std::string_view finalizer) {
  auto& list = metadata_list(object, "finalizers");
  const auto found = std::find(list.begin(), list.end(), Json(std::string(finalizer)));
  if (found == list.end()) return false;
  list.erase(found);
  return true;
}

}  // namespace charter
