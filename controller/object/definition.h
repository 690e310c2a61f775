#pragma once

#include "controller/object/schema.h"

#include <memory>
#include <string>
#include <vector>

// What kind_registry and definition.cc share about CustomResourceDefinition documents.
namespace charter {

/// Fills what a definition may leave out: singular, listKind, conversion.
void complete_definition(Json& definition);
/// Compiles the schema of each version; versions with equal schemas share one. Findings go to
/// `causes`, with null in the place of a schema that has any.
std::vector<std::shared_ptr<const Schema>> compile_versions(const Json& definition,
                                                            std::vector<Cause>& causes);
/// The segments of ".spec.replicas".
std::vector<std::string> split_path(std::string_view path);

}  // namespace charter
