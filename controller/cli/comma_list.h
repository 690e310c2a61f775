#pragma once

#include <string>
#include <vector>

namespace charter {

/// The entries of a flag's value "a,b,c"; empty ones are left out.
std::vector<std::string> comma_list(const std::string& text);

}  // namespace charter
