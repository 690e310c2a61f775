#pragma once

#include "controller/object/admit.h"
#include "controller/object/kind_registry.h"

// The fields of an object that its header keeps, for field selectors, guards and indexes of
// informers: the definition's selectable fields and the kind's own index. Pure.
namespace charter {

/// Sorted by path. Of a path that both name, the first value in order stays.
Pairs index_fields(const ResourceType& type, const HookTable& hooks, const Json& tree);
/// The same from encoded bytes: a tree is made only for a kind that has an index of its own.
Pairs index_fields(const ResourceType& type, const HookTable& hooks, std::string_view encoded);

}  // namespace charter
