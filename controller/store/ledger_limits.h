#pragma once

#include <cstddef>
#include <cstdint>

// Bounds of the ledger. Beside limits.h, so that a change of one rebuilds only who meters.
namespace charter::limits {

/// Rows of the ledger that the writer reads between two turns: some 5 ms, which a write then waits.
inline constexpr size_t kLedgerPageRows = 4'096;
/// Bytes of any one text in an entry. Amounts and detail are small documents; names are names.
inline constexpr size_t kLedgerTextBytesMax = 16'384;
/// Memory for words of the ledger (ledger_words.h): those of some 100,000 things.
inline constexpr size_t kLedgerWordBytes = 16 << 20;
/// Edges that one write may carry: an object has a few meters.
inline constexpr size_t kLedgerEdgesMax = 64;

}  // namespace charter::limits
