#pragma once

#include <functional>
#include <string>
#include <vector>

namespace charter::git_source {

/// The sources that a source waits for; of one that does not exist: none.
using DependsOn = std::function<std::vector<std::string>(const std::string& source)>;

/// The way from a source over what it waits for back to itself, with itself at both ends; empty
/// when there is none. Asks for each source once. Pure.
std::vector<std::string> cycle_through(const std::string& source, const DependsOn& depends_on);

}  // namespace charter::git_source
