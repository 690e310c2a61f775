#pragma once

#include "controller/base/clock.h"
#include "drivers/image_source.h"
#include "drivers/libvirt/domain_xml.h"
#include "drivers/libvirt/memory.h"
#include "drivers/libvirt/quiet.h"
#include "drivers/libvirt/reading.h"
#include "drivers/libvirt/settings.h"
#include "drivers/libvirt/stops.h"

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

// What every call on one endpoint knows besides its connection.
namespace charter::libvirt {

/// Locks of some machines and volumes, held until it is destroyed.
using UidLocks = std::vector<std::unique_lock<std::timed_mutex>>;

/// Shared by all calls, and by those that outlive their callers: so it holds no callback and no
/// reference to the driver. Clock and images outlive the process's drivers.
struct Endpoint {
  Settings settings;
  std::string owner;    ///< names.h: the Provider in names of volumes
  std::string host;     ///< name of the one host behind it
  std::string version;  ///< of libvirt and hypervisor, for people
  DomainType type = DomainType::Qemu;
  const Clock* clock = nullptr;
  ImageSource* images = nullptr;
  /// What looks have read of domains, by UUID: all domains of the host, ours or not.
  const std::shared_ptr<Memory<Reading>> readings = std::make_shared<Memory<Reading>>(false);
  /// And of data volumes, by "pool/name". No event tells of them, so only their age does.
  const std::shared_ptr<Memory<VolumeSize>> sizes = std::make_shared<Memory<VolumeSize>>(true);
  const std::shared_ptr<Stops> stops = std::make_shared<Stops>();
  const std::shared_ptr<Quiet> quiet = std::make_shared<Quiet>();
  /// Held while an image is brought to the host: once for many machines.
  std::timed_mutex image_mutex;

  /// Definitions are read, changed and written back: two changes of one machine must not cross.
  /// Errors: Conflict when another call holds one of them for too long.
  Result<UidLocks> lock(const std::vector<std::string>& uids);

 private:
  static constexpr size_t kStripes = 64;  // more than calls at a time, so that they rarely collide
  std::array<std::timed_mutex, kStripes> stripes_;
};

}  // namespace charter::libvirt
