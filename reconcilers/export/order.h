#pragma once

#include "controller/object/object.h"

#include <vector>

namespace charter::exporting {

/// Whether objects of a kind lie in a namespace.
enum class Scope { Cluster, Namespaced };

/// A kind of ours that people write.
struct WrittenKind {
  Gvr gvr;
  Scope scope;
};

/// Our kinds that people write, each after those that it refers to.
const std::vector<WrittenKind>& written_kinds();

/// Our kinds that only controllers write: an export has none of them.
const std::vector<Gvr>& generated_kinds();

}  // namespace charter::exporting
