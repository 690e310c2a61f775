#pragma once

#include "controller/object/value.h"

#include <cstdint>

namespace charter {

/// metadata.resourceVersion as a number, 0 when it is none. Kubernetes' versions are opaque to a
/// client that only compares for equality; ordering them within one resource is guaranteed
/// by 1.35's rules, and by etcd's revisions before.
int64_t version_of(const Json& object);

}  // namespace charter
