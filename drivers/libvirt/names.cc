#include "drivers/libvirt/names.h"

#include "drivers/libvirt/limits.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace charter::libvirt {
namespace {

constexpr std::string_view kVolume = "charter-volume.";
constexpr std::string_view kBoot = "charter-boot.";

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool is_part(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const size_t dot = text.find('.');
    parts.emplace_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    text.remove_prefix(dot + 1);
  }
}

std::string of(std::string_view kind, const std::string& owner, const std::string& uid,
               std::string_view ending) {
  return std::string(kind) + owner + "." + uid + std::string(ending);
}

}  // namespace

std::string owner_of(const std::string& provider_uid) {
  uint64_t state = 0xcbf29ce484222325ULL;  // FNV-1a
  for (const char c : provider_uid)
    state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  constexpr char kHex[] = "0123456789abcdef";
  std::string owner;
  for (int i = 0; i < 8; ++i)
    owner += kHex[(state >> (4 * i)) & 15];
  return owner;
}

Result<std::string> volume_name(const VolumeMark& mark) {
  if (!is_part(mark.protection.tenant))
    return Error{Code::Invalid, "tenant: \"" + mark.protection.tenant + "\" is no namespace"};
  if (!is_part(mark.storage_class))
    return Error{Code::Invalid, "storage class: \"" + mark.storage_class + "\" is no word"};
  std::string name = volume_prefix(mark.owner, mark.uid) + (mark.shared ? "shared" : "single") +
                     "." + std::string(tenancy_word(mark.protection.tenancy)) + "." +
                     mark.protection.tenant + "." + mark.storage_class + "." + mark.format;
  if (name.size() > limits::kVolumeNameBytesMax)
    return Error{Code::Invalid, "tenant and storage class are too long together"};
  return name;
}

std::optional<VolumeMark> read_volume_name(std::string_view name) {
  if (!name.starts_with(kVolume)) return std::nullopt;
  const auto parts = split(name.substr(kVolume.size()));
  if (parts.size() != 7 || !is_uid(parts[1])) return std::nullopt;
  VolumeMark mark{.owner = parts[0], .uid = parts[1], .shared = parts[2] == "shared"};
  mark.protection.tenant = parts[4];
  mark.storage_class = parts[5];
  mark.format = parts[6];
  for (const auto tenancy :
       {Tenancy::SharedNetwork, Tenancy::TenantNetwork, Tenancy::DedicatedHost}) {
    if (tenancy_word(tenancy) != parts[3]) continue;
    mark.protection.tenancy = tenancy;
    return mark;
  }
  return std::nullopt;
}

std::string volume_prefix(const std::string& owner, const std::string& uid) {
  return of(kVolume, owner, uid, ".");
}

std::string boot_name(const std::string& owner, const std::string& uid) {
  return of(kBoot, owner, uid, ".qcow2");
}

std::string uid_of_boot_name(const std::string& owner, std::string_view name) {
  const std::string start = std::string(kBoot) + owner + ".";
  if (!name.starts_with(start) || !name.ends_with(".qcow2")) return "";
  const std::string uid(name.substr(start.size(), name.size() - start.size() - 6));
  return is_uid(uid) ? uid : "";
}

std::string seed_name(const std::string& owner, const std::string& uid) {
  return of("charter-seed.", owner, uid, ".iso");
}

std::string console_name(const std::string& owner, const std::string& uid) {
  return of("charter-console.", owner, uid, ".log");
}

namespace {
constexpr size_t kVersionAt = 14;       // of the digit that says how a UUID was made
constexpr char kRandom = '4';           // as the API's are
constexpr char kOurOwnInvention = '8';  // RFC 9562: for what vendors like
}  // namespace

std::string substitute_of(const std::string& uid) {
  if (!is_uid(uid) || uid[kVersionAt] != kRandom) return "";
  std::string substitute = uid;
  substitute[kVersionAt] = kOurOwnInvention;
  return substitute;
}

std::string machine_of(const std::string& uuid) {
  std::string uid = uuid;
  if (is_uid(uid) && uid[kVersionAt] == kOurOwnInvention) uid[kVersionAt] = kRandom;
  return uid;
}

std::string image_name(const std::string& sha256, const std::string& format) {
  return "charter-image." + sha256 + "." + format;
}

std::string image_mark_name(const std::string& sha256, const std::string& format) {
  return image_name(sha256, format) + ".complete";
}

bool is_uid(std::string_view uid) {
  if (uid.size() != 36) return false;
  for (size_t i = 0; i < uid.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? uid[i] != '-' : !is_hex(uid[i])) return false;
  }
  return true;
}

std::string digest_hex(std::string_view digest) {
  constexpr std::string_view kPrefix = "sha256:";
  if (!digest.starts_with(kPrefix) || digest.size() != kPrefix.size() + 64) return "";
  const auto hex = digest.substr(kPrefix.size());
  return std::all_of(hex.begin(), hex.end(), is_hex) ? std::string(hex) : "";
}

}  // namespace charter::libvirt
