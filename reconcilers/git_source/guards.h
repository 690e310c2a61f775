#pragma once

#include "controller/object/object.h"

#include <string>

namespace charter::git_source {

/// Why an object that left a repository must not be deleted without its owner's word, and what he
/// has to say; empty when it may be. Pure.
///
///   Contract                accepted and not over, or protected from deletion
///   Account, Namespace,     always: with it goes what the source may not know of
///   CustomResourceDefinition
///   Volume                  always: its data
std::string guard_of(const Json& object);

/// Under which field manager a source applies.
std::string field_manager_of(const std::string& source);

/// Whether an object is still its source's to take away: that has fields in it, or nobody has any,
/// as in a ServiceAccount that is nothing but its name.
bool is_still_of(const Json& object, const std::string& manager);

}  // namespace charter::git_source
