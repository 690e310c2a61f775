#pragma once

#include "controller/object/schema_node.h"

#include <string>
#include <vector>

// The rules of apiextensions/v1 that make a schema structural: every value has one known shape, so
// that pruning, defaulting and server-side apply are well defined.
namespace charter {

/// Appends a finding for each broken rule below the root `node` of a kind, with apiextensions'
/// paths and words.
void check_structure(const Schema::Node& node, const std::string& path, std::vector<Cause>& causes);

}  // namespace charter
