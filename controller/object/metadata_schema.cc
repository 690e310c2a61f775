#include "controller/object/metadata_schema.h"

#include "controller/base/check.h"
#include "controller/object/schema_node.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

std::shared_ptr<const Schema> built_in(const Json& source) {
  std::vector<Cause> causes;
  auto schema = compile_fragment(source, causes);
  CHECK_MSG(schema != nullptr, causes.empty() ? "" : causes.front().field);
  return schema;
}

Json string_map() {
  return Json{{"type", "object"}, {"additionalProperties", {{"type", "string"}}}};
}

// Merge types follow k8s.io/api's markers: owners merge by uid, finalizers are a set, managedFields
// are replaced.
Json owner_references() {
  const Json text = {{"type", "string"}};
  const Json flag = {{"type", "boolean"}};
  return Json{{"type", "array"},
              {"x-kubernetes-list-type", "map"},
              {"x-kubernetes-list-map-keys", {"uid"}},
              {"items",
               {{"type", "object"},
                {"x-kubernetes-map-type", "atomic"},
                {"properties",
                 {{"apiVersion", text},
                  {"kind", text},
                  {"name", text},
                  {"uid", text},
                  {"controller", flag},
                  {"blockOwnerDeletion", flag}}}}}};
}

Json managed_fields() {
  return Json{{"type", "array"},
              {"items", {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}}}};
}

Json object_meta() {
  const Json text = {{"type", "string"}};
  const Json time = {{"type", "string"}, {"format", "date-time"}};
  const Json number = {{"type", "integer"}, {"format", "int64"}};
  const Json finalizers = {{"type", "array"}, {"items", text}, {"x-kubernetes-list-type", "set"}};
  return Json{{"type", "object"},
              {"properties",
               {{"name", text},
                {"generateName", text},
                {"namespace", text},
                {"selfLink", text},
                {"uid", text},
                {"resourceVersion", text},
                {"generation", number},
                {"creationTimestamp", time},
                {"deletionTimestamp", time},
                {"deletionGracePeriodSeconds", number},
                {"labels", string_map()},
                {"annotations", string_map()},
                {"ownerReferences", owner_references()},
                {"finalizers", finalizers},
                {"managedFields", managed_fields()}}}};
}

}  // namespace

const Schema& object_meta_schema() {
  static const std::shared_ptr<const Schema> schema = built_in(object_meta());
  return *schema;
}

const Schema& envelope_string_schema() {
  static const std::shared_ptr<const Schema> schema = built_in(Json{{"type", "string"}});
  return *schema;
}

}  // namespace charter
