#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The chain through the audit log: every line says where it stands and proves all lines before it.
//
//   {"kind":"Event",…,"annotations":{…,"audit.charter.dev/sequence":"7","audit.charter.dev/chain":"HEX"}}
//   \___________________________________ covered ________________________________________________/
//   HEX of line 7 = SHA-256( HEX of line 6, covered bytes of line 7 )
//
// The seal is always the line's end, so it is found and checked without parsing JSON, while every
// line stays an Event of audit.k8s.io/v1. The digest has no key: it finds what was changed behind
// the back of somebody who knows one later point (the head file, a copy elsewhere). Pure.
namespace charter {

/// One place in the chain. Sequence 0 is the beginning, before any line.
struct ChainPoint {
  uint64_t sequence = 0;
  std::string digest = std::string(64, '0');  ///< lower-case hex
  bool operator==(const ChainPoint&) const = default;
};

/// What a line's end says.
struct ChainSeal {
  uint64_t sequence = 0;
  std::string_view digest;
  std::string_view covered;  ///< the bytes that the digest proves
};

/// Completes an event that ends inside its annotations ("…,"annotations":{" or after a member of
/// them): appends the seal, the closing braces and the newline. Returns the point of that line.
ChainPoint seal_event(const ChainPoint& before, std::string& event);

/// The seal of a line (without its newline), or nothing when it does not end in one.
std::optional<ChainSeal> read_seal(std::string_view line);

/// The digest that a line with these covered bytes has after `before`.
std::string chain_digest(std::string_view before, std::string_view covered);

/// Reads "SEQUENCE:DIGEST", as `charter audit verify` prints and takes it.
std::optional<ChainPoint> parse_chain_point(std::string_view text);
std::string to_string(const ChainPoint& point);

}  // namespace charter
