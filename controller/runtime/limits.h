#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// Bounds of the client of a Kubernetes API server and of leader election. Beside
// controller/base/limits.h, so that a change of one rebuilds only who talks to a server.
namespace charter::limits {

/// A worker beyond the first ends when it had nothing to do for this long.
inline constexpr auto kWorkerIdle = std::chrono::seconds(10);

using namespace std::chrono_literals;

// --- requests
// -------------------------------------------------------------------------------------
constexpr auto kRestTimeout =
    15s;  // between two pieces of an answer; a list page takes 2 s at worst
constexpr int kThrottledTriesMax =
    10;  // as client-go: after that the work queue's back-off goes on
constexpr auto kRetryAfterMax =
    30s;                             // a server that asks for more is asked again by the work queue
constexpr int kListRestartsMax = 3;  // a continue token expired on the way

// --- watches
// --------------------------------------------------------------------------------------
constexpr auto kWatchLifeMin = 5min;  // as client-go's reflector: 5 to 10 minutes, then again
constexpr auto kWatchSilenceMax =
    75s;                          // bookmarks come each minute: a longer silence is a dead line
constexpr auto kWatchShort = 1s;  // a watch that ends sooner and told nothing has failed
constexpr size_t kWatchLineBytesMax = 8 * 1024 * 1024;  // an object of 1.5 MiB, escaped, with room
constexpr size_t kWatchBacklogBytesMax =
    64 * 1024 * 1024;  // received and not yet taken; then it breaks

// --- identity
// -------------------------------------------------------------------------------------
constexpr auto kTokenFileFresh = 60s;  // a rotated token is seen a minute later, as in client-go
constexpr auto kExecTimeout = 30s;     // for a credential plugin
constexpr size_t kExecAnswerBytesMax = 1024 * 1024;
constexpr auto kExecEarly = 60s;  // before a plugin's token ends it is asked for the next

// --- limits judged by webhooks --------------------------------------------------------------------
constexpr auto kTurnLife = 30s;            // longer than an API server may take to write what was allowed
constexpr int kTurnTriesMax = 16;          // lost check-and-sets of one decision

// --- leader election: client-go's defaults
// -----------------------------------------------------------
constexpr auto kLeaseDuration = 15s;
constexpr auto kLeaseRenewDeadline = 10s;
constexpr auto kLeaseRetryPeriod = 2s;

}  // namespace charter::limits
