#pragma once

#include "controller/object/field_set.h"
#include "controller/object/schema.h"

#include <string>

// Documents under their schema, as sigs.k8s.io/structured-merge-diff sees them: which fields a
// document has, how two differ, how one is laid over another. Maps merge by member, lists by key or
// value when their schema says so, everything else is one value. Below what the schema leaves open,
// maps merge by member and lists are one value. Pure.
namespace charter {

/// What differs between two documents. No path is in more than one set.
struct FieldDiff {
  FieldSet added, modified, removed;
};

/// Which part of the document a writer may own. metadata that belongs to the server, apiVersion and
/// kind never count.
enum class OwnedPart { Everything, StatusOnly };

/// Findings that keep `applied` from being merged, e.g. ".spec.bogus: field not declared in
/// schema"; more than one are joined under "errors:". Empty if there are none.
std::string typed_problems(const Schema& schema, const Json& applied);

/// The fields of a document: its leaves, list elements and empty maps.
FieldSet field_set_of(const Schema& schema, const Json& document, OwnedPart part);

/// Compares two documents; `before` may be null for "nothing".
FieldDiff compare_documents(const Schema& schema, const Json* before, const Json& after,
                            OwnedPart part);

/// Lays `over` over `base`: its values win, list elements that both have keep the order of `over`.
void merge_documents(const Schema& schema, Json& base, const Json& over);

/// Removes the paths of `set` from `document`.
void remove_fields(const Schema& schema, Json& document, const FieldSet& set);

/// Adds each declared member on the way to a path of `set`: a writer that applied spec.size also
/// applied spec.
FieldSet with_named_parents(const Schema& schema, const FieldSet& set);

/// Rewrites `set` where a list or map that used to merge is one value now: paths below it become
/// the node itself.
FieldSet reconcile_with_schema(const Schema& schema, FieldSet set);

}  // namespace charter
