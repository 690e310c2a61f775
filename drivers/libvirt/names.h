#pragma once

#include "drivers/volume_driver.h"

#include <optional>
#include <string>
#include <string_view>

// Names of our volumes in storage pools. libvirt keeps no metadata of a volume and can rename none,
// so the name is the owner's mark, and says for ever what the volume was made as:
//
//   charter-volume.OWNER.UID.shared|single.TENANCY.TENANT.CLASS.raw|qcow2
//   charter-boot.OWNER.UID.qcow2          charter-seed.OWNER.UID.iso
//   charter-console.OWNER.UID.log         charter-image.SHA256.FORMAT and .complete
//
// OWNER stands for the Provider, so that two servers can share a pool. Tenants are namespaces and
// classes are words: neither holds a dot. Pure.
namespace charter::libvirt {

/// What the name of a data volume says.
struct VolumeMark {
  std::string owner;
  std::string uid;
  bool shared = false;
  Protection protection;
  std::string storage_class;
  std::string format;
  bool operator==(const VolumeMark&) const = default;
};

/// Eight hex digits for a Provider's UID.
std::string owner_of(const std::string& provider_uid);

/// Errors: Invalid when a part cannot stand in a name.
Result<std::string> volume_name(const VolumeMark& mark);
std::optional<VolumeMark> read_volume_name(std::string_view name);
/// What all names of one volume begin with.
std::string volume_prefix(const std::string& owner, const std::string& uid);

std::string boot_name(const std::string& owner, const std::string& uid);
/// The UID in the name of a boot disk of this owner; empty for other names.
std::string uid_of_boot_name(const std::string& owner, std::string_view name);
std::string seed_name(const std::string& owner, const std::string& uid);
std::string console_name(const std::string& owner, const std::string& uid);

/// UUID of the domain that stands in for a machine's own when the host does not let go of that
/// one (wedge.h): the same, of another version. Empty for a UID that is no random UUID.
std::string substitute_of(const std::string& uid);
/// The machine whose domain or substitute has this UUID.
std::string machine_of(const std::string& uuid);

/// `sha256` in hex.
std::string image_name(const std::string& sha256, const std::string& format);
/// Stands beside an image once all its bytes are there; its capacity is that of the image's disk.
std::string image_mark_name(const std::string& sha256, const std::string& format);

/// 36 characters of lower-case hex and dashes, as the API makes UIDs.
bool is_uid(std::string_view uid);
/// The hex digits of "sha256:…"; empty for anything else.
std::string digest_hex(std::string_view digest);

}  // namespace charter::libvirt
