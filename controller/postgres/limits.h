#pragma once

#include "controller/base/clock.h"

#include <chrono>
#include <cstddef>

// Bounds of what waits for PostgreSQL.
namespace charter::limits {

/// Until a connection is made, over all the hosts that an address names.
inline constexpr Duration kPostgresConnect = std::chrono::seconds(10);
/// How long the server may take for one statement: a page of rows takes milliseconds.
inline constexpr Duration kPostgresStatement = std::chrono::seconds(10);
/// How long we wait for its answer: longer, so that a server that is there says itself what took
/// long.
inline constexpr Duration kPostgresAnswer = std::chrono::seconds(15);
/// How long the server keeps a transaction of somebody who says nothing: a leader that was stopped
/// holds up its successor for this long. Less than kPostgresStatement, which is what the successor
/// waits for the lock.
inline constexpr Duration kPostgresSilence = std::chrono::seconds(5);
/// Between two attempts to connect: doubled from the first to the last.
inline constexpr Duration kPostgresRetryFirst = std::chrono::milliseconds(100);
inline constexpr Duration kPostgresRetryLast = std::chrono::seconds(10);
/// Bytes of a file that holds an address.
inline constexpr size_t kPostgresAddressBytes = 8'192;

}  // namespace charter::limits
