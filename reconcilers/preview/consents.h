#pragma once

#include "controller/object/value.h"

#include <vector>

namespace charter::preview {

/// For each Contract whose offer stands and is not accepted: the merge patch that accepts it, as
/// its consumer would commit it. Pure.
std::vector<Json> consents(const std::vector<Json>& objects);

}  // namespace charter::preview
