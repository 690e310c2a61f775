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

/// Whether a field manager has fields in it.
bool has_fields_of(const Json& object, const std::string& manager);

}  // namespace charter::git_source
