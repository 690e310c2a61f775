#pragma once

// The compiler's 128-bit integers, for exact products of 64-bit amounts. ISO C++ has none, so -Wpedantic asks for the
// `__extension__` that stands here once.
namespace charter {

/// Signed, 128 bits.
__extension__ typedef __int128 Int128;
/// Unsigned, 128 bits.
__extension__ typedef unsigned __int128 Uint128;

}  // namespace charter
