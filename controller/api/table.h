#pragma once

#include "controller/api/http_types.h"
#include "controller/api/media_type.h"
#include "controller/base/clock.h"
#include "controller/object/kind_registry.h"

#include <string>
#include <string_view>
#include <vector>

// Objects in the shapes people and metadata clients ask for: Table and PartialObjectMetadata (kubernetes.md 4.9).
namespace charter {

/// What a row carries beside its cells (?includeObject=).
enum class IncludeObject { None, Metadata, Object };
/// Errors: BadRequest for an unknown word.
Result<IncludeObject> parse_include_object(std::string_view word);

class JsonView;
struct ColumnPath;

/// Turns objects of one type into table rows. Immutable after construction; thread-safe.
class TableWriter {
 public:
  TableWriter(const ResourceType& type, const Representation& shape, IncludeObject include);
  ~TableWriter();
  /// Appends one row as JSON; ages are those at `now`. The object's own bytes are shared, not
  /// copied.
  void append_row(const ObjectPtr& object, Instant now, std::vector<Bytes>& out) const;
  /// The same as one text.
  std::string row(const ObjectPtr& object, Instant now) const;
  /// A whole Table with these rows (already joined by commas). Columns are null in all but the first event of a watch.
  enum class Columns { Shown, Null };
  std::string table(std::string_view rows, std::string_view metadata, Columns shown) const;
  /// What stands before the rows of such a Table, and after them.
  std::string head(std::string_view metadata, Columns shown) const;
  static constexpr std::string_view kTail = "]}";

 private:
  std::string cells(const JsonView& object, Instant now) const;
  std::vector<ColumnPath> paths_;
  std::string columns_;
  std::string version_;
  IncludeObject include_;
};

/// Appends the object as meta.k8s.io/v1 PartialObjectMetadata; its bytes are shared.
void append_partial_object(const ObjectPtr& object, std::vector<Bytes>& out);

}  // namespace charter
