#pragma once

#include "controller/object/value.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

// Sets of field paths as a compact tree, in the form that metadata.managedFields stores (FieldsV1).
// Path elements are kept as they are written there: `f:name`, `k:{"key":"a"}`, `v:"x"`, `i:0`;
// siblings are sorted by that text, so that every operation is a merge of two sorted lists. Pure
// values.
namespace charter {

/// One element of a path with everything below it.
struct FieldEntry {
  std::string element;
  bool member =
      false;  ///< the path that ends here is in the set (`.` in FieldsV1 when there are children)
  std::vector<FieldEntry> children;

  bool operator==(const FieldEntry&) const = default;
};

/// A set of paths.
struct FieldSet {
  std::vector<FieldEntry> entries;  ///< sorted by element; no entry without a member at or below it

  bool empty() const { return entries.empty(); }
  /// The entry for a first element, or nullptr.
  const FieldEntry* find(std::string_view element) const;
  bool operator==(const FieldSet&) const = default;
};

/// Reads FieldsV1. Errors: BadRequest when it is not made of objects and known elements.
Result<FieldSet> parse_fields(const Json& fields);
/// Writes FieldsV1.
Json fields_to_json(const FieldSet& set);

/// Paths in either.
FieldSet unite(FieldSet left, const FieldSet& right);
/// Paths in both.
FieldSet intersect(const FieldSet& left, const FieldSet& right);
/// Paths of `left` that are not in `right`. Exact paths: what lies below a path of `right` stays.
FieldSet subtract(FieldSet left, const FieldSet& right);

/// An element as people read it: `.name`, `[key="a"]`, `[="x"]`, `[0]`.
std::string readable_element(std::string_view element);
/// Calls `visit` with the text of each path, e.g. `.spec.items[key="a"].value`; members of a level
/// before what is below it.
void for_each_path(const FieldSet& set, const std::function<void(const std::string&)>& visit);

}  // namespace charter
