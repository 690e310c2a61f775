#pragma once

#include <chrono>

// Bounds of the audit log. Beside limits.h, so that a change of one rebuilds only who audits.
namespace charter::limits {

/// How long records that nobody waits for are gathered before they are written: a thread that is
/// woken for each of them would cost a busy server more than the records do. A killed process loses
/// what it gathered, a power cut a second (kAuditSyncInterval).
inline constexpr auto kAuditLinger = std::chrono::milliseconds(5);

}  // namespace charter::limits
