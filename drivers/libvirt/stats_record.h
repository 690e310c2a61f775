#pragma once

#include "controller/base/result.h"
#include "drivers/libvirt/handle.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// Answers of libvirt's bulk call about all domains of a host.
namespace charter::libvirt {

/// Lower-case UUID of a domain; empty when libvirt does not say.
std::string uuid_of(virDomainPtr domain);

/// What it says of one domain.
class StatsRecord {
 public:
  explicit StatsRecord(const virDomainStatsRecord& record);

  const std::string& uuid() const { return uuid_; }
  virDomainPtr domain() const { return domain_.get(); }
  /// A whole number; nothing when it is not there or too large for 63 bits.
  std::optional<int64_t> number(const std::string& field) const;
  /// Empty when it is not there.
  std::string text(const std::string& field) const;

 private:
  std::string uuid_;
  Domain domain_;
  std::map<std::string, std::string> fields_;
};

/// One bulk call: the kinds and flags are libvirt's.
Result<std::vector<StatsRecord>> bulk_stats(virConnectPtr connection, unsigned kinds,
                                            unsigned flags);

/// What a bulk call says of one domain, as a text to be compared: cheaper than a StatsRecord, for
/// those who ask for every domain of a host.
struct StatsDigest {
  std::string uuid;
  Domain domain;
  std::string text;
};
Result<std::vector<StatsDigest>> bulk_digests(virConnectPtr connection, unsigned kinds,
                                              unsigned flags);

}  // namespace charter::libvirt
