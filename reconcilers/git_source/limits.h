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
constexpr auto kWaitForReferences =
    std::chrono::seconds(30);  // until a Secret or ServiceAccount is looked for again

// Of a call that tells of a push. GitHub sends up to 25 MB; but what is needed of it is one name,
// and it is kept and digested before its sender is known. Some thousand commits fit.
constexpr size_t kPushBytesMax = 1024 * 1024;
constexpr size_t kPushTokenBytesMin = 16;    // a shorter one can be guessed
constexpr size_t kPushSignaturesMax = 8;     // in one header, while a host changes its key
constexpr size_t kReferenceBytesMax = 1024;  // of a pushed reference; Git's hosts allow less
constexpr auto kPushPause = std::chrono::seconds(1);  // between two looks that pushes ask for

}  // namespace charter::git_source
