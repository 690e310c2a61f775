#pragma once

#include "controller/object/apply.h"
#include "controller/object/field_set.h"

#include <string>
#include <vector>

// metadata.managedFields as values: reading, writing in Kubernetes' order, and keeping the number
// of writers bounded.
namespace charter {

/// How a manager came to own its fields.
enum class Operation { Apply, Update };

/// One entry of metadata.managedFields.
struct ManagedEntry {
  FieldManager who;
  Operation operation = Operation::Update;
  std::string time;  ///< RFC 3339, or empty
  FieldSet set;

  /// Appliers are the same in every apiVersion, updaters are not.
  bool is_same_manager(const FieldManager& manager, Operation op) const;
};

/// All entries of an object.
struct ManagedFields {
  std::vector<ManagedEntry> entries;

  /// The entry of a manager, or nullptr.
  ManagedEntry* find(const FieldManager& manager, Operation operation);
  /// The entry of a manager, added if there is none.
  ManagedEntry& obtain(const FieldManager& manager, Operation operation);
  /// Drops entries that own nothing.
  void drop_empty();
};

/// Reads metadata.managedFields of `object`. Errors: BadRequest when an entry is malformed.
Result<ManagedFields> read_managed_fields(const Json& object);
/// Writes metadata.managedFields of `object`, sorted: Apply before Update, then by time, manager,
/// apiVersion, subresource. Removes the member when there are no entries.
void write_managed_fields(Json& object, ManagedFields managed);
/// Merges the oldest Update entries into `ancient-changes` until at most ten are left.
void cap_update_managers(ManagedFields& managed);
/// The 409 of an apply: `conflicts` holds the contested fields of each manager.
Error conflict_error(std::vector<ManagedEntry> conflicts);

}  // namespace charter
