#pragma once

#include "controller/base/result.h"
#include "drivers/libvirt/handle.h"
#include "drivers/libvirt/reading.h"
#include "drivers/libvirt/settings.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

// Volumes of libvirt's storage pools: made, filled, measured and taken away. libvirt protects
// nothing here: it deletes and shrinks what is in use without a word, so whoever calls this knows
// that he may. Every function takes the connection that the calling worker holds.
namespace charter::libvirt {

/// A volume to be made.
struct VolumePlan {
  std::string name;
  std::string format;  ///< "qcow2" or "raw"
  int64_t bytes = 0;
  std::string backing_path;  ///< of an image that it begins as; empty: it begins with zeros
  std::string backing_format;
};

/// Makes missing directory pools that have a path, and starts them. All of them, in the order of
/// the settings. Errors: ServiceUnavailable naming the pool.
Result<std::vector<Pool>> ensure_pools(virConnectPtr connection, const Settings& settings);

/// An active pool. Errors: ServiceUnavailable when there is none, or when it is stopped: nothing
/// may be concluded from what it does not list.
Result<Pool> open_pool(virConnectPtr connection, const std::string& name);

/// The volume, or nothing when the active pool has none of this name for sure.
Result<Volume> find_volume(virConnectPtr connection, const std::string& pool,
                           const std::string& name);
/// As find_volume. Errors: also NotFound.
Result<Volume> require_volume(virConnectPtr connection, const std::string& pool,
                              const std::string& name);
/// All volumes of a pool; `name` is the pool's. Errors: ServiceUnavailable also when it is stopped.
Result<std::vector<Volume>> volumes_of(const Pool& pool, const std::string& name);
/// Names of all volumes of an active pool.
Result<std::vector<std::string>> volume_names(virConnectPtr connection, const std::string& pool);

/// Makes it. One that is there already stays as it is. Errors: WaitForCapacity when the host is
/// full.
Status make_volume(virConnectPtr connection, const std::string& pool, const VolumePlan& plan);

Result<VolumeSize> size_of(const Volume& volume);
std::string path_of(const Volume& volume);
/// Directory of a pool, empty when it has none.
std::string directory_of(const Pool& pool);

/// Next bytes of a stream, at most as many as asked for; empty at its end.
using Reader = std::function<Result<std::string>(size_t bytes_max)>;
/// Writes exactly `bytes` of `reader` to the volume's beginning. Errors: Invalid when this host
/// takes no uploads.
Status upload(virConnectPtr connection, const Volume& volume, int64_t bytes, const Reader& reader);

/// As upload, and reads it back: libvirt says nothing when its host has no room for what it writes.
/// `open` gives the same bytes each time. Errors: also WaitForCapacity when they are not there.
Status upload_and_compare(virConnectPtr connection, const Volume& volume, int64_t bytes,
                          const std::function<Result<Reader>()>& open);

/// The first bytes of a volume.
Result<std::string> download(virConnectPtr connection, const Volume& volume, size_t bytes);

/// Takes it away. One that is gone already is success.
Status delete_volume(virConnectPtr connection, const std::string& pool, const std::string& name,
                     Wipe wipe);

}  // namespace charter::libvirt
