#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "controller/api/media_type.h"
#include "controller/base/clock.h"
#include "controller/object/kind_registry.h"

// Objects in the shapes people and metadata clients ask for: Table and PartialObjectMetadata (kubernetes.md 4.9).
namespace charter {

/// What a row carries beside its cells (?includeObject=).
enum class IncludeObject { None, Metadata, Object };
/// Errors: BadRequest for an unknown word.
Result<IncludeObject> parse_include_object(std::string_view word);

struct ColumnPath;

/// Turns objects of one type into table rows. Immutable after construction; thread-safe.
class TableWriter {
 public:
  TableWriter(const ResourceType& type, const Representation& shape, IncludeObject include);
  ~TableWriter();
  /// One row as JSON; ages are those at `now`.
  std::string row(const Encoded& object, Instant now) const;
  /// A whole Table with these rows (already joined by commas). Columns are null in all but the first event of a watch.
  enum class Columns { Shown, Null };
  std::string table(std::string_view rows, std::string_view metadata, Columns shown) const;

 private:
  std::string cell(const ColumnPath& column, const Json& tree, Instant now) const;
  std::vector<ColumnPath> paths_;
  std::string columns_;
  std::string version_;
  IncludeObject include_;
};

/// The object as meta.k8s.io/v1 PartialObjectMetadata.
std::string partial_object(const Encoded& object);

}  // namespace charter
