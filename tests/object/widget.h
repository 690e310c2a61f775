#pragma once

#include "controller/object/schema.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <string>

// The custom resource that the recordings of kube-apiserver 1.35 used, for tests that replay them.
namespace charter::testing {

/// JSON text as a tree; the tests' own literals are always valid.
inline Json json(const std::string& text) {
  return Json::parse(text);
}

/// openAPIV3Schema of Widget.
inline Json widget_schema_source() {
  return json(R"json({
    "type": "object", "description": "Widget is a test thing.",
    "properties": {
      "spec": {
        "type": "object", "required": ["size"],
        "properties": {
          "size": {"type": "integer", "minimum": 1, "maximum": 10, "description": "how big"},
          "color": {"type": "string", "enum": ["red", "green", "blue"], "default": "red"},
          "name": {"type": "string", "minLength": 2, "maxLength": 8, "pattern": "^[a-z]+$"},
          "replicas": {"type": "integer", "default": 1},
          "items": {"type": "array", "maxItems": 3, "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["key"],
            "items": {"type": "object", "required": ["key"],
              "properties": {"key": {"type": "string"}, "value": {"type": "string"}}}},
          "labels": {"type": "object", "additionalProperties": {"type": "string"}},
          "when": {"type": "string", "format": "date-time"},
          "port": {"x-kubernetes-int-or-string": true}
        },
        "x-kubernetes-validations": [
          {"rule": "!has(self.name) || self.name != 'bad'", "message": "name must not be bad"}]
      },
      "status": {
        "type": "object",
        "properties": {
          "phase": {"type": "string"}, "replicas": {"type": "integer"},
          "selector": {"type": "string"}, "observedGeneration": {"type": "integer"},
          "conditions": {"type": "array", "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
            "items": {"type": "object", "required": ["type", "status"],
              "properties": {"type": {"type": "string"}, "status": {"type": "string"},
                "reason": {"type": "string"}, "message": {"type": "string"},
                "lastTransitionTime": {"type": "string", "format": "date-time"}}}}
        }
      }
    }})json");
}

/// The CustomResourceDefinition of Widget.
inline Json widget_definition() {
  Json definition = json(R"json({
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.conv.dev", "uid": "u-1", "resourceVersion": "209"},
    "spec": {
      "group": "conv.dev", "scope": "Namespaced",
      "names": {"plural": "widgets", "singular": "widget", "kind": "Widget",
                "listKind": "WidgetList", "shortNames": ["wg"], "categories": ["all"]},
      "versions": [{
        "name": "v1", "served": true, "storage": true,
        "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas",
          "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector"}},
        "selectableFields": [{"jsonPath": ".spec.color"}],
        "additionalPrinterColumns": [
          {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
          {"name": "Phase", "type": "string", "jsonPath": ".status.phase", "priority": 1},
          {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]
      }]}})json");
  definition["spec"]["versions"][0]["schema"] = {{"openAPIV3Schema", widget_schema_source()}};
  return definition;
}

/// Compiles a schema that must be fine.
inline std::shared_ptr<const Schema> compile(const Json& source) {
  std::vector<Cause> causes;
  auto schema = Schema::compile(source, "s", causes);
  for (const Cause& cause : causes)
    ADD_FAILURE() << cause.field << ": " << cause.message;
  return schema;
}

/// A schema whose spec has the given properties.
inline Json kind_with(const std::string& properties) {
  return Json{{"type", "object"},
              {"properties", {{"spec", {{"type", "object"}, {"properties", json(properties)}}}}}};
}

/// Findings as "field: message" lines with their reasons, sorted, so that cases read as the API
/// prints them.
inline std::vector<std::string> lines(const std::vector<Cause>& causes) {
  std::vector<std::string> out;
  for (const Cause& cause : causes)
    out.push_back(cause.field + ": " + cause.message + " {" + cause.reason + "}");
  return out;
}

}  // namespace charter::testing
