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
  Domain take_domain() { return std::move(domain_); }
  /// A whole number; nothing when it is not there or too large for 63 bits.
  std::optional<int64_t> number(const std::string& field) const;
  /// Empty when it is not there.
  std::string text(const std::string& field) const;
  /// All fields and their values, as one text to be compared.
  std::string digest() const;

 private:
  std::string uuid_;
  Domain domain_;
  std::map<std::string, std::string> fields_;
};

/// One bulk call: the kinds and flags are libvirt's.
Result<std::vector<StatsRecord>> bulk_stats(virConnectPtr connection, unsigned kinds,
                                            unsigned flags);

}  // namespace charter::libvirt
