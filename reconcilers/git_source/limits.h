#pragma once

#include <chrono>
#include <cstddef>

// Every bound of GitSource: its name, its value and why it has that value.
namespace charter::git_source {

constexpr size_t kObjectsMax =
    5000;  // that one source applies: its inventory is part of its status
constexpr size_t kUnreadyShown = 20;                     // in the status: enough to begin with
constexpr size_t kFindingsShown = 5;                     // in a message, which holds 1 KiB
constexpr auto kIntervalMin = std::chrono::seconds(10);  // a source is no polling loop
constexpr auto kWaitForOthers =
    std::chrono::seconds(10);  // until dependsOn and health are looked at again

}  // namespace charter::git_source
