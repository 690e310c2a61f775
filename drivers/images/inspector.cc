#include "drivers/images/inspector.h"

#include "drivers/images/kernel_image.h"
#include "drivers/images/limits.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace charter {
namespace {

constexpr int64_t kSector = 512;

Error refused(const std::string& format, const std::string& why) {
  return {Code::Invalid, format + " image: " + why};
}

/// Numbers at offsets; what lies beyond the end reads as nothing.
class Bytes {
 public:
  explicit Bytes(std::string_view text) : text_(text) {}
  uint64_t size() const { return text_.size(); }
  std::string_view text(uint64_t at, uint64_t length) const {
    return at > size() ? std::string_view() : text_.substr(at, length);
  }
  bool begins(uint64_t at, std::string_view word) const { return text(at, word.size()) == word; }
  std::optional<uint64_t> big(uint64_t at, int width) const { return number(at, width, false); }
  std::optional<uint64_t> little(uint64_t at, int width) const { return number(at, width, true); }
  bool is_zero(uint64_t at, uint64_t length) const {
    const auto part = text(at, length);
    return part.size() == length &&
           std::all_of(part.begin(), part.end(), [](char c) { return c == 0; });
  }

 private:
  std::optional<uint64_t> number(uint64_t at, int width, bool little) const {
    const auto part = text(at, static_cast<uint64_t>(width));
    if (part.size() != static_cast<size_t>(width)) return std::nullopt;
    uint64_t value = 0;
    for (int i = 0; i < width; ++i) {
      const int place = little ? width - 1 - i : i;
      value = value << 8 | static_cast<unsigned char>(part[static_cast<size_t>(place)]);
    }
    return value;
  }
  std::string_view text_;
};

Result<Inspection> sized(const std::string& format, std::optional<uint64_t> bytes) {
  if (!bytes || *bytes == 0) return refused(format, "its disk has no size");
  if (*bytes > static_cast<uint64_t>(limits::kImageVirtualBytesMax)) {
    return refused(format, "its disk has " + std::to_string(*bytes) + " bytes, limit " +
                               std::to_string(limits::kImageVirtualBytesMax));
  }
  return Inspection{format, static_cast<int64_t>(*bytes), {}};
}

// --- qcow2 (docs/interop/qcow2.txt)
// ---------------------------------------------------------------

constexpr uint32_t kBackingFormat = 0xe2792aca, kEncryption = 0x0537be77, kDataFile = 0x44415441;

Status check_extensions(const Bytes& bytes, uint64_t at, uint64_t end) {
  for (size_t i = 0; i < limits::kQcow2ExtensionsMax; ++i) {
    const auto type = bytes.big(at, 4);
    const auto length = bytes.big(at + 4, 4);
    if (!type || !length) return refused("qcow2", "its header is cut off");
    if (*type == 0) return {};
    if (*type == kBackingFormat) return refused("qcow2", "names the format of a backing file");
    if (*type == kDataFile) return refused("qcow2", "keeps its data in another file");
    if (*type == kEncryption) return refused("qcow2", "is encrypted");
    at += 8 + (*length + 7) / 8 * 8;
    if (at > end) return refused("qcow2", "a header extension is larger than its header");
    if (at == end) return {};
  }
  return refused("qcow2", "has too many header extensions");
}

Status check_features(const Bytes& bytes) {
  const auto features = bytes.big(72, 8);
  if (!features) return refused("qcow2", "its header is cut off");
  if (*features & 2) return refused("qcow2", "is marked as corrupt");
  if (*features & 4) return refused("qcow2", "keeps its data in another file");
  // Dirty reference counts (1), compression type (8) and extended tables (16) refer to nothing.
  if (*features & ~uint64_t{31}) return refused("qcow2", "has unknown incompatible features");
  const auto order = bytes.big(96, 4);
  if (!order || *order > 6) return refused("qcow2", "reference counts of impossible width");
  return {};
}

Status check_tables(const Bytes& bytes, uint64_t cluster_bits, uint64_t disk) {
  const auto l1_entries = bytes.big(36, 4), l1_at = bytes.big(40, 8);
  const auto refcount_at = bytes.big(48, 8), refcount_clusters = bytes.big(56, 4);
  if (!l1_entries || !l1_at || !refcount_at || !refcount_clusters)
    return refused("qcow2", "its header is cut off");
  const uint64_t cluster = uint64_t{1} << cluster_bits;
  const uint64_t covered_bits = cluster_bits + cluster_bits - 3;  // by one entry of the first table
  const uint64_t needed = ((disk - 1) >> covered_bits) + 1;
  if (*l1_entries < needed || *l1_entries * 8 > static_cast<uint64_t>(limits::kQcow2L1BytesMax))
    return refused("qcow2", "its first table does not fit its size");
  if (*refcount_clusters == 0 ||
      *refcount_clusters * cluster > static_cast<uint64_t>(limits::kQcow2RefcountBytesMax))
    return refused("qcow2", "its reference counts are missing or too large");
  const auto lies_inside = [&](uint64_t at, uint64_t length) {
    return at % cluster == 0 && at > 0 && at <= bytes.size() && length <= bytes.size() - at;
  };
  if (!lies_inside(*l1_at, *l1_entries * 8) || !lies_inside(*refcount_at, 8))
    return refused("qcow2", "a table lies outside the file");
  return {};
}

Result<Inspection> inspect_qcow2(const Bytes& bytes) {
  const auto version = bytes.big(4, 4), backing_at = bytes.big(8, 8),
             cluster_bits = bytes.big(20, 4);
  const auto disk = bytes.big(24, 8), encryption = bytes.big(32, 4), snapshots = bytes.big(60, 4);
  if (!version || !backing_at || !cluster_bits || !disk || !encryption || !snapshots)
    return refused("qcow2", "its header is cut off");
  if (*version != 2 && *version != 3)
    return refused("qcow2", "version " + std::to_string(*version) + " is not supported");
  if (*backing_at != 0 || bytes.big(16, 4).value_or(1) != 0)
    return refused("qcow2", "has a backing file");
  if (*encryption != 0) return refused("qcow2", "is encrypted");
  if (*snapshots != 0) return refused("qcow2", "holds internal snapshots");
  if (*cluster_bits < 9 || *cluster_bits > 21)
    return refused("qcow2", "clusters of impossible size");
  CHARTER_TRY_ASSIGN(Inspection found, sized("qcow2", disk));
  uint64_t header = 72;
  if (*version == 3) {
    CHARTER_TRY(check_features(bytes));
    header = bytes.big(100, 4).value_or(0);
    if (header < 104 || header > (uint64_t{1} << *cluster_bits))
      return refused("qcow2", "its header has an impossible length");
  }
  CHARTER_TRY(check_extensions(bytes, header, uint64_t{1} << *cluster_bits));
  CHARTER_TRY(check_tables(bytes, *cluster_bits, *disk));
  return found;
}

// --- vmdk (Virtual Disk Format 5.0)
// ---------------------------------------------------------------

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = text.find_first_of(std::string_view("\n\0", 2));
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

Status check_vmdk_line(std::string_view line, int& extents) {
  if (line.starts_with("parentFileNameHint")) return refused("vmdk", "has a parent");
  if (line.starts_with("parentCID=") && !line.starts_with("parentCID=ffffffff"))
    return refused("vmdk", "has a parent");
  const bool extent =
      line.starts_with("RW ") || line.starts_with("RDONLY ") || line.starts_with("NOACCESS ");
  if (!extent) return {};
  ++extents;
  if (line.find(" SPARSE ") == std::string_view::npos)
    return refused("vmdk", "keeps its data in another file");
  if (line.find_first_of("/\\") != std::string_view::npos)
    return refused("vmdk", "names a file by its path");
  return {};
}

Result<Inspection> inspect_vmdk(const Bytes& bytes) {
  const auto version = bytes.little(4, 4), capacity = bytes.little(12, 8);
  const auto at = bytes.little(28, 8), length = bytes.little(36, 8);
  if (!version || !capacity || !at || !length) return refused("vmdk", "its header is cut off");
  if (*version < 1 || *version > 3) return refused("vmdk", "unknown version");
  if (*at == 0 || *length == 0 || *at > bytes.size() / kSector ||
      *length > limits::kVmdkDescriptorBytesMax / kSector)
    return refused("vmdk", "has no descriptor, or one outside the file");
  int extents = 0;
  for (const auto line : lines_of(bytes.text(*at * kSector, *length * kSector)))
    CHARTER_TRY(check_vmdk_line(line, extents));
  if (extents != 1) return refused("vmdk", "has not exactly one extent");
  if (*capacity > static_cast<uint64_t>(limits::kImageVirtualBytesMax / kSector))
    return refused("vmdk", "its disk is too large");
  return sized("vmdk", *capacity * kSector);
}

// --- vhdx (MS-VHDX)
// -------------------------------------------------------------------------------

constexpr uint64_t kRegionsAt = 192 * 1024;
constexpr std::string_view kMetadataRegion(
    "\x06\xa2\x7c\x8b\x90\x47\x9a\x4b\xb8\xfe\x57\x5f\x05\x0f\x88\x6e", 16);
constexpr std::string_view kFileParameters(
    "\x37\x67\xa1\xca\x36\xfa\x43\x4d\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b", 16);
constexpr std::string_view kDiskSize(
    "\x24\x42\xa5\x2f\x1b\xcd\x76\x48\xb2\x11\x5d\xbe\xd8\x3b\xf4\xb8", 16);

std::optional<uint64_t> vhdx_metadata_at(const Bytes& bytes) {
  if (!bytes.begins(kRegionsAt, "regi")) return std::nullopt;
  const uint64_t count =
      std::min<uint64_t>(bytes.little(kRegionsAt + 8, 4).value_or(0), limits::kVhdxEntriesMax);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t entry = kRegionsAt + 16 + 32 * i;
    if (bytes.begins(entry, kMetadataRegion)) return bytes.little(entry + 16, 8);
  }
  return std::nullopt;
}

/// Offset of an item of the metadata.
std::optional<uint64_t> vhdx_item_at(const Bytes& bytes, uint64_t metadata, std::string_view item) {
  const uint64_t count =
      std::min<uint64_t>(bytes.little(metadata + 10, 2).value_or(0), limits::kVhdxEntriesMax);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t entry = metadata + 32 + 32 * i;
    if (!bytes.begins(entry, item)) continue;
    const auto offset = bytes.little(entry + 16, 4);
    return offset ? std::optional(metadata + *offset) : std::nullopt;
  }
  return std::nullopt;
}

Result<Inspection> inspect_vhdx(const Bytes& bytes) {
  const auto metadata = vhdx_metadata_at(bytes);
  if (!metadata || *metadata > bytes.size() || !bytes.begins(*metadata, "metadata"))
    return refused("vhdx", "has no metadata");
  const auto parameters = vhdx_item_at(bytes, *metadata, kFileParameters);
  const auto flags = parameters ? bytes.little(*parameters + 4, 4) : std::nullopt;
  if (!flags) return refused("vhdx", "its parameters are missing");
  if (*flags & 2) return refused("vhdx", "has a parent");
  const auto size = vhdx_item_at(bytes, *metadata, kDiskSize);
  return sized("vhdx", size ? bytes.little(*size, 8) : std::nullopt);
}

// --- vdi
// ------------------------------------------------------------------------------------------

Result<Inspection> inspect_vdi(const Bytes& bytes) {
  const auto version = bytes.little(0x44, 4), type = bytes.little(0x4c, 4);
  if (!version || !type) return refused("vdi", "its header is cut off");
  if (*version != 0x10001) return refused("vdi", "unknown version");
  if (*type != 1 && *type != 2) return refused("vdi", "is a difference image");
  if (!bytes.is_zero(0x1a8, 32)) return refused("vdi", "has a parent");
  return sized("vdi", bytes.little(0x170, 8));
}

// --- everything else
// ------------------------------------------------------------------------------

/// How formats begin that QEMU knows and nobody may bring.
struct Magic {
  std::string_view word;
  std::string_view format;
};
constexpr std::array<Magic, 11> kForeign = {{{"QED", "qed"},
                                             {"conectix", "vpc"},
                                             {"COWD", "vmdk 3"},
                                             {"# Disk DescriptorFile", "vmdk descriptor"},
                                             {"Bochs Virtual HD Image", "bochs"},
                                             {"WithoutFreeSpace", "parallels"},
                                             {"WithouFreSpacExt", "parallels"},
                                             {"LUKS\xba\xbe", "luks"},
                                             {"OOOM", "cow"},
                                             {"#!/bin/sh\n#V2.0 Format", "cloop"},
                                             {"json:", "json"}}};

}  // namespace

Result<Inspection> inspect_image(std::string_view text) {
  const Bytes bytes(text);
  if (bytes.size() > static_cast<uint64_t>(limits::kImageBytesMax))
    return refused("this",
                   "its file has more than " + std::to_string(limits::kImageBytesMax) + " bytes");
  if (bytes.begins(0, "QFI\xfb")) return inspect_qcow2(bytes);
  if (bytes.begins(0, "KDMV")) return inspect_vmdk(bytes);
  if (bytes.begins(0, "vhdxfile")) return inspect_vhdx(bytes);
  if (bytes.begins(0x40, "\x7f\x10\xda\xbe")) return inspect_vdi(bytes);
  if (bytes.begins(32769, "CD001")) return sized("iso", bytes.size());
  if (is_kernel_image(text)) {
    CHARTER_TRY_ASSIGN(KernelParts parts, read_kernel_image(text));
    return Inspection{"kernel", 0, std::move(parts)};
  }
  for (const auto& magic : kForeign) {
    if (bytes.begins(0, magic.word))
      return refused(std::string(magic.format), "this format is not supported");
  }
  return sized("raw", bytes.size());
}

}  // namespace charter
