#pragma once

#include "controller/object/labels.h"

#include <string_view>
#include <vector>

// The grammar of label selectors, token for token that of k8s.io/apimachinery/pkg/labels. For
// labels.cc only. Pure.
namespace charter {

/// Parses the requirements in the order of the text. Errors: BadRequest.
Result<std::vector<Requirement>> parse_requirements(std::string_view text);

/// Refuses more requirements in one selector than kSelectorRequirementsMax. Errors: BadRequest.
Status check_count(size_t requirements);

/// Checks key and values of one requirement, sorts the values and drops repeated ones. Errors:
/// BadRequest with apimachinery's text.
Status check_requirement(Requirement& requirement);

}  // namespace charter
