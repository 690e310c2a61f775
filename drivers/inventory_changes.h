#pragma once

#include "drivers/provider_driver.h"

#include <map>
#include <string>
#include <vector>

// What changed between two looks at an endpoint: where hints come from that no event gave. Pure.
namespace charter {

/// uid -> everything the inventory says about it.
std::map<std::string, std::string> digests_of(const Inventory& inventory);

/// Keys that only one side has or whose values differ, sorted.
std::vector<std::string> differing_keys(const std::map<std::string, std::string>& before,
                                        const std::map<std::string, std::string>& now);

}  // namespace charter
