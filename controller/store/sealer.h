#pragma once

#include "controller/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Encryption at rest as the store sees it: which rows are sealed, and the form of a sealed row's
// bytes. The cipher and its keys are elsewhere (controller/keys), because the store links no
// cryptography.
//
//   plain row    {"apiVersion":…            an encoded object
//   sealed row   sealed:1:KEYID:…           what Sealer::seal gave; only its key's id can be read
//
// The row's checksum is over the bytes as they are stored, so a flipped bit is told apart from
// bytes that were exchanged on purpose.
namespace charter {

/// Where sealed bytes belong. They open there and nowhere else.
struct SealedPlace {
  std::string_view bucket, ns, name;
  int64_t revision = 0;
  bool deletes = false;  ///< the row is a tombstone
};

/// Seals and opens rows. Thread-safe: rows are opened on all cores at start.
class Sealer {
 public:
  virtual ~Sealer() = default;
  /// True when rows of the bucket must not reach the disk plain.
  virtual bool wants(std::string_view bucket) const = 0;
  /// Id of the key that seals.
  virtual const std::string& key_id() const = 0;
  /// The stored form of `plain`: begins with sealed_prefix(key_id()). Errors: InternalError.
  virtual Result<std::string> seal(const SealedPlace& place, std::string_view plain) const = 0;
  /// The plain bytes. Errors: NotFound when there is no key of that id, InternalError when the
  /// bytes do not open. Neither holds any of the bytes.
  virtual Result<std::string> open(const SealedPlace& place, std::string_view stored) const = 0;
};

/// How bytes sealed with a key begin.
std::string sealed_prefix(std::string_view key_id);
/// Id of the key that stored bytes are sealed with; nothing when they are plain. Damaged bytes may
/// give any id.
std::optional<std::string_view> sealing_key(std::string_view stored);

}  // namespace charter
