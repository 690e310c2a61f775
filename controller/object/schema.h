#pragma once

#include "controller/object/value.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Structural schemas (apiextensions.k8s.io/v1 JSONSchemaProps), compiled once: prune, default,
// validate, and the shape questions that server-side apply, strategic merge and OpenAPI ask.
// Immutable after compile; thread-safe. Recursion is bounded by kDocumentDepthMax (documents) and
// kSchemaNodesMax (schemas).
namespace charter {

/// How a list or map merges under server-side apply.
enum class ListType { Atomic, Set, Map };

/// One compiled node.
class Schema {
 public:
  /// Compiles `openAPIV3Schema`. Findings about structure (missing type, $ref, defaults that
  /// violate their own schema, bad pattern, list-map without keys, …) go to `causes` with paths
  /// below `path`
  /// (`spec.validation.openAPIV3Schema.properties[spec].…` as apiextensions reports them); null
  /// when there are any.
  static std::shared_ptr<const Schema> compile(const Json& schema, const std::string& path,
                                               std::vector<Cause>& causes);

  /// Removes fields that the schema does not know; appends each removed path ("spec.bogus") to
  /// `unknown` if given. At the root (and at embedded resources) apiVersion, kind and metadata are
  /// always known.
  void prune(Json& object, std::vector<std::string>* unknown) const;
  /// Fills absent members that have defaults, depth first; null for a non-nullable member with
  /// default counts as absent.
  void apply_defaults(Json& object) const;
  /// Appends findings with Kubernetes' exact texts and reasons (kubernetes.md 4.2), at most
  /// kCausesMax.
  void validate(const Json& object, std::vector<Cause>& causes) const;

  // Shape, for apply, strategic merge and OpenAPI.
  const Schema* property(std::string_view name) const;  ///< nullptr when unknown
  const Schema* additional() const;                     ///< additionalProperties, or nullptr
  const Schema* items() const;                          ///< element schema of a list, or nullptr
  ListType list_type() const;
  const std::vector<std::string>& list_keys() const;
  /// Default of a list-map key in its item schema, or null.
  const Json* default_value() const;
  bool map_is_atomic() const;  ///< x-kubernetes-map-type: atomic
  bool preserves_unknown() const;
  bool is_embedded_resource() const;
  /// True when this node or one below it carries x-kubernetes-validations. Rules are kept in
  /// source(); controller/cel evaluates them.
  bool has_rules() const;
  /// The JSON this node was compiled from.
  const Json& source() const;

  struct Node;
  explicit Schema(std::unique_ptr<Node> node);
  Schema(Schema&& other) noexcept;
  ~Schema();
  /// The compiled form, for the files of this folder that work on it.
  const Node& node() const { return *node_; }

 private:
  std::unique_ptr<Node> node_;
};

}  // namespace charter
