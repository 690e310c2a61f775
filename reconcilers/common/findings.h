#pragma once

#include "controller/base/result.h"

#include <string>
#include <vector>

// Findings about fields, as admission reports them and as conditions tell them. Pure.
namespace charter {

/// "spec.a: must be …, spec.b: Required value": all findings in one line.
std::string findings_text(const std::vector<Cause>& causes);

/// Success without findings, else Invalid with all of them and, if given, a condition reason.
Status verdict(std::vector<Cause> causes, std::string reason = {});

}  // namespace charter
