#pragma once

#include "controller/object/schema.h"

#include <string>
#include <string_view>

// How a value merges, for typed_merge*.cc only.
namespace charter {

/// How one value takes part in a merge.
enum class Atom { Scalar, GranularMap, AtomicMap, GranularList, AtomicList };

/// The type of a value: a schema, or null below what schemas leave open (there the value itself
/// tells).
struct Shape {
  const Schema* schema = nullptr;

  /// How `value` merges here. Null values take the form of their schema.
  Atom atom_of(const Json& value) const;
  /// True when the member is declared by name.
  bool declares(std::string_view name) const;
  /// False when the schema has no place for such a member.
  bool allows(std::string_view name) const;
  /// The type of a member; open when unknown.
  Shape member(std::string_view name) const;
  /// The type of list elements.
  Shape element() const;
  /// The path element of one element of a granular list; empty with `problem` set when it has no
  /// identity.
  std::string element_key(const Json& element, std::string* problem) const;
};

}  // namespace charter
