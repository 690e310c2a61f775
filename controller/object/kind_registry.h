#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "controller/object/object.h"
#include "controller/object/schema.h"

// The kinds that are served, built from CustomResourceDefinition documents: ours, users', and the built-in kinds, which are
// described by documents of the same form. An immutable table, replaced as a whole when a definition
// changes; readers keep the table they hold.
namespace charter {

/// One column of a Table.
struct PrinterColumn {
  std::string name, type, format, description, json_path;
  int priority = 0;
};

/// Paths of the scale subresource, e.g. {"spec","replicas"}.
struct ScalePaths {
  std::vector<std::string> spec_replicas, status_replicas, selector;
};

/// One served version of one resource.
struct ResourceType {
  Gvr gvr;
  std::string kind, list_kind, singular;
  std::vector<std::string> short_names, categories;
  bool namespaced = true;
  bool builtin = false;        ///< bodies of lists leave out kind and apiVersion of items; strategic merge is allowed
  bool storage = true;         ///< the version objects are stored in
  bool has_status = false;
  bool create_only = false;    ///< answered from the request and never stored (reviews)
  bool terminating = false;    ///< the definition is being deleted: no creates
  bool deprecated = false;
  std::string deprecation_warning;
  std::shared_ptr<const ScalePaths> scale;  ///< null without a scale subresource
  std::shared_ptr<const Schema> schema;     ///< never null
  std::vector<PrinterColumn> columns;
  std::vector<std::string> selectable_fields;  ///< paths without the leading dot
  std::string definition_uid;
  int64_t definition_version = 0;  ///< resourceVersion of the definition; part of ETags and hashes

  std::string bucket() const;
  /// "widgets.conv.dev", or "secrets".
  std::string qualified_resource() const;
  /// "Widget.conv.dev", or "Secret".
  std::string qualified_kind() const;
};

/// Immutable set of served types.
class KindTable {
 public:
  /// The type, or nullptr.
  const ResourceType* find(const Gvr& gvr) const;
  /// The version that objects of a bucket are stored in, or nullptr.
  const ResourceType* find_stored(std::string_view bucket) const;
  /// By apiVersion and kind, or nullptr.
  const ResourceType* find_kind(std::string_view api_version, std::string_view kind) const;
  /// All types in order of group, version, resource.
  const std::vector<std::shared_ptr<const ResourceType>>& all() const { return types_; }
  /// Changes whenever the set changes; for ETags.
  int64_t epoch() const { return epoch_; }

  KindTable(std::vector<std::shared_ptr<const ResourceType>> types, int64_t epoch);

 private:
  std::vector<std::shared_ptr<const ResourceType>> types_;
  std::map<Gvr, const ResourceType*> by_gvr_;
  std::map<std::pair<std::string, std::string>, const ResourceType*> by_kind_;
  std::map<std::string, const ResourceType*, std::less<>> by_bucket_;
  int64_t epoch_;
};

/// Holds the current table. Thread-safe.
class KindRegistry {
 public:
  KindRegistry();
  std::shared_ptr<const KindTable> table() const;
  /// Adds or replaces all versions of one definition (an apiextensions/v1 CRD document; `builtin` marks ours of the core).
  /// Errors: Invalid with causes when names or schemas are wrong; the table stays as it was.
  enum class Origin { Definition, Builtin };
  Status define(const Json& definition, Origin origin);
  /// Removes the definition with this metadata.name ("widgets.conv.dev").
  void remove(std::string_view definition_name);

 private:
  void publish();  // with the mutex held

  mutable std::mutex mutex_;
  std::shared_ptr<const KindTable> table_;
  std::map<std::string, std::vector<std::shared_ptr<const ResourceType>>, std::less<>> definitions_;
};

/// Validates a CRD document beyond its own schema (names, versions, structural schema, printer columns, scale paths);
/// findings with kube's paths. Fills in defaults (singular, listKind, conversion) in `definition`.
void validate_definition(Json& definition, std::vector<Cause>& causes);

}  // namespace charter
