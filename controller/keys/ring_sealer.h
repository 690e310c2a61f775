#pragma once

#include "controller/keys/key_ring.h"
#include "controller/store/sealer.h"

#include <set>
#include <string>

namespace charter {

/// Seals rows with XAES-256-GCM under the newest key of a ring, and opens them with whichever key
/// they name. Bound to the ciphertext are the key's id and the row's bucket, namespace, name,
/// revision and kind of change, so bytes that were moved to another row do not open. Immutable,
/// thread-safe.
class RingSealer final : public Sealer {
 public:
  using Buckets = std::set<std::string, std::less<>>;
  RingSealer(KeyRing ring, Buckets buckets)
      : ring_(std::move(ring)), buckets_(std::move(buckets)) {}

  bool wants(std::string_view bucket) const override { return buckets_.contains(bucket); }
  const std::string& key_id() const override { return ring_.newest().id; }
  Result<std::string> seal(const SealedPlace& place, std::string_view plain) const override;
  Result<std::string> open(const SealedPlace& place, std::string_view stored) const override;

  const KeyRing& ring() const { return ring_; }

 private:
  const KeyRing ring_;
  const Buckets buckets_;
};

}  // namespace charter
