#include "controller/api/scale.h"

#include <nlohmann/json.hpp>

#include "controller/api/status_body.h"

namespace charter {
namespace {

const Json* follow(const Json& object, const std::vector<std::string>& path) {
  const Json* node = &object;
  for (const std::string& name : path) {
    node = node ? at(*node, {name}) : nullptr;
  }
  return node;
}

int64_t number(const Json* node) { return node && node->is_number_integer() ? node->get<int64_t>() : 0; }

}  // namespace

Json scale_of(const ResourceType& type, const Json& object) {
  Json metadata = Json::object();
  const Json& from = object.at("metadata");
  for (const char* member : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    if (from.contains(member)) metadata[member] = from[member];
  }
  Json status = {{"replicas", number(follow(object, type.scale->status_replicas))}};
  const Json* selector = type.scale->selector.empty() ? nullptr : follow(object, type.scale->selector);
  if (selector && selector->is_string()) status["selector"] = *selector;
  return {{"kind", "Scale"},
          {"apiVersion", "autoscaling/v1"},
          {"metadata", std::move(metadata)},
          {"spec", {{"replicas", number(follow(object, type.scale->spec_replicas))}}},
          {"status", std::move(status)}};
}

Result<Json> with_scale(const ResourceType& type, const Json& object, const Json& scale) {
  if (text_at(scale, {"kind"}) != "Scale" || text_at(scale, {"apiVersion"}) != "autoscaling/v1") {
    return Error{Code::BadRequest, "the API version in the data (" + text_at(scale, {"apiVersion"}) +
                                       ") does not match the expected API version (autoscaling/v1)"};
  }
  const std::string name = text_at(object, {"metadata", "name"});
  const Json* replicas = at(scale, {"spec", "replicas"});
  const int64_t wanted = replicas ? number(replicas) : 0;
  const bool whole = !replicas || replicas->is_number_integer();
  if (!whole || wanted < 0 || wanted > INT32_MAX) {
    return invalid("Scale.autoscaling", nullptr, name,
                   {{"FieldValueInvalid", "Invalid value: " + encode(*replicas) +
                     ": should be a whole number greater than or equal to 0", "spec.replicas"}});
  }
  Json next = object;
  Json* node = &next;
  for (const std::string& part : type.scale->spec_replicas) node = &(*node)[part];
  *node = wanted;
  const std::string version = text_at(scale, {"metadata", "resourceVersion"});
  if (!version.empty()) next["metadata"]["resourceVersion"] = version;
  return next;
}

}  // namespace charter
