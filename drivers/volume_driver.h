#pragma once

#include "controller/base/result.h"
#include "drivers/protection.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// Port to whatever holds data volumes. Same contract as machine_driver.h: identity by uid, owner
// stamps, idempotent, observe to learn.
namespace charter {

/// Desired external volume.
struct VolumeSpec {
  std::string uid;
  std::string name;
  int64_t size_bytes = 0;
  std::string storage_class;
  bool shared = false;  ///< may be attached to several machines
  Protection protection;
};

/// What the driver sees of one volume.
struct VolumeState {
  std::string uid;
  std::string external_id;
  std::string host;
  int64_t size_bytes = 0;
  std::string storage_class;
  Protection protection;                 ///< as it is, not as it was asked for
  std::vector<std::string> attached_to;  ///< machine uids, sorted
};

/// One endpoint's volumes.
class VolumeDriver {
 public:
  virtual ~VolumeDriver() = default;
  virtual Result<std::optional<VolumeState>> observe_volume(const std::string& uid) = 0;
  /// Idempotent by uid. Errors: as MachineDriver::create.
  virtual Status create_volume(const VolumeSpec& spec) = 0;
  /// Errors: Invalid when `size_bytes` is smaller than now.
  virtual Status grow_volume(const std::string& uid, int64_t size_bytes) = 0;
  virtual Status attach_volume(const std::string& uid, const std::string& machine_uid) = 0;
  virtual Status detach_volume(const std::string& uid, const std::string& machine_uid) = 0;
  virtual Status remove_volume(const std::string& uid) = 0;
};

}  // namespace charter
