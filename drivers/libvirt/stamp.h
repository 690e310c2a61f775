#pragma once

#include "drivers/machine_driver.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pugi {
class xml_node;
}

// Our mark in a domain's <metadata>: whose it is, and what the definition itself cannot say. A
// domain without it is somebody else's and is never touched. It is part of the definition, so that
// domain and mark are made in one step.
namespace charter::libvirt {

/// Namespace of the element; also its version.
inline constexpr const char* kStampUri = "https://charter.dev/libvirt/machine/v1";
/// Namespaces of what changes while a machine lives.
inline constexpr const char* kStartUri = "https://charter.dev/libvirt/start/v1";
inline constexpr const char* kStopUri = "https://charter.dev/libvirt/stop/v1";
inline constexpr const char* kDetachedUri = "https://charter.dev/libvirt/detached/v1";

/// The mark.
struct Stamp {
  std::string uid;       ///< of the Machine; equals the domain's UUID
  std::string provider;  ///< UID of the Provider whose driver made it
  std::string fingerprint;
  bool complete = false;  ///< disks and seed are there; else a create was interrupted
  bool given_up = false;  ///< wedge.h: it is no machine any more, and goes when the host lets go
  std::string image_digest;
  std::string disk_class;
  int64_t disk_bytes = 0;
  int64_t memory_bytes = 0;  ///< as asked for; the hypervisor rounds
  std::string boot_pool;
  std::string boot_volume;
  std::string seed_volume;     ///< in boot_pool; empty: no seed
  std::string console_volume;  ///< in the console pool; empty: none
  std::vector<std::string> networks;
  Protection protection;
  bool operator==(const Stamp&) const = default;
};

/// When a graceful shutdown was asked for; part of a running domain only.
struct StopMark {
  int64_t first_s = 0;  ///< wall-clock seconds
  int64_t last_s = 0;
};

/// Bytes of disks.
struct Transferred {
  int64_t read_bytes = 0;
  int64_t written_bytes = 0;
  bool operator==(const Transferred&) const = default;
};

/// What the disks that left in this run have transferred; part of a running domain only. One that
/// is leaving counts as soon as it is gone, and not before: so nothing counts twice, whoever dies
/// on the way.
struct Detached {
  Transferred gone;
  std::string leaving;  ///< its name in the guest
  Transferred by_leaving;
  bool operator==(const Detached&) const = default;

  /// The sum, while the guest has these disks.
  Transferred total(const std::set<std::string>& disks) const;
};

/// Appends the mark to <metadata>.
void write_stamp(pugi::xml_node metadata, const Stamp& stamp);
/// The mark in <metadata>; nothing when there is none or it cannot be read.
std::optional<Stamp> read_stamp(const pugi::xml_node& metadata);

/// Wall-clock second of the last start that we asked for, from <metadata>.
std::optional<int64_t> read_start(const pugi::xml_node& metadata);
std::optional<StopMark> read_stop(const pugi::xml_node& metadata);
Detached read_detached(const pugi::xml_node& metadata);
/// Elements for virDomainSetMetadata.
std::string start_element(int64_t at_s);
std::string stop_element(const StopMark& mark);
std::string detached_element(const Detached& detached);

}  // namespace charter::libvirt
