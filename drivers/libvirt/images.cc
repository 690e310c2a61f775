#include "drivers/libvirt/images.h"

#include "controller/base/log.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/names.h"
#include "drivers/libvirt/storage.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace charter::libvirt {
namespace {

constexpr const char* kKernel = "kernel";  // format of an image, and its first volume
constexpr const char* kInitrd = "initrd";
constexpr const char* kCommand = "cmdline";

/// One volume that an image becomes on the host.
struct Piece {
  std::string name;
  int64_t at = 0, bytes = 0;  ///< in the image's file
  std::string text;           ///< instead, if it is not empty
};

/// The command line as a volume has it: volumes of less than a sector are no volumes.
std::string as_sectors(std::string text) {
  text += '\n';
  const auto sector = static_cast<size_t>(limits::kSectorBytes);
  text.resize((text.size() + sector - 1) / sector * sector, '\n');
  return text;
}

std::vector<Piece> pieces_of(const ImageFile& file, const std::string& hex) {
  if (file.format != kKernel) return {{image_name(hex, file.format), 0, file.bytes, ""}};
  const KernelParts& parts = file.kernel;
  const std::string command = as_sectors(parts.command);
  return {{image_name(hex, kKernel), parts.kernel_at, parts.kernel_bytes, ""},
          {image_name(hex, kInitrd), parts.initrd_at, parts.initrd_bytes, ""},
          {image_name(hex, kCommand), 0, static_cast<int64_t>(command.size()), command}};
}

Result<std::optional<GoldenImage>> find_kernel(virConnectPtr connection, const std::string& pool,
                                               const std::string& hex) {
  KernelPlan plan;
  for (const auto& [suffix, path] : {std::pair{kKernel, &plan.kernel}, {kInitrd, &plan.initrd}}) {
    CHARTER_TRY_ASSIGN(const Volume part, find_volume(connection, pool, image_name(hex, suffix)));
    if (!part) return std::optional<GoldenImage>();
    *path = path_of(part);
  }
  CHARTER_TRY_ASSIGN(const Volume line, find_volume(connection, pool, image_name(hex, kCommand)));
  if (!line) return std::optional<GoldenImage>();
  CHARTER_TRY_ASSIGN(const VolumeSize size, size_of(line));
  CHARTER_TRY_ASSIGN(plan.command, download(connection, line, static_cast<size_t>(size.capacity)));
  plan.command.resize(std::min(plan.command.find('\n'), plan.command.size()));
  return std::optional(GoldenImage{"", "", 0, std::move(plan)});
}

Result<std::optional<GoldenImage>> find_image(virConnectPtr connection, const std::string& pool,
                                              const std::string& hex, const std::string& format) {
  CHARTER_TRY_ASSIGN(const Volume mark,
                     find_volume(connection, pool, image_mark_name(hex, format)));
  if (!mark) return std::optional<GoldenImage>();
  if (format == kKernel) return find_kernel(connection, pool, hex);
  CHARTER_TRY_ASSIGN(const Volume image, find_volume(connection, pool, image_name(hex, format)));
  if (!image) return std::optional<GoldenImage>();
  CHARTER_TRY_ASSIGN(const VolumeSize size, size_of(mark));
  return std::optional(GoldenImage{path_of(image), format, size.capacity, {}});
}

/// Reads a part of a file from its beginning.
Result<Reader> part_of(const std::string& path, int64_t at, int64_t bytes) {
  const std::shared_ptr<std::FILE> opened(std::fopen(path.c_str(), "rb"), [](std::FILE* open) {
    if (open != nullptr) std::fclose(open);
  });
  if (!opened || ::fseeko(opened.get(), at, SEEK_SET) != 0)
    return Error{Code::ServiceUnavailable, "the image cannot be read here", "ImageNotReady"};
  return Reader([opened, left = bytes](size_t most) mutable -> Result<std::string> {
    std::string chunk(std::min(most, static_cast<size_t>(left)), '\0');
    chunk.resize(std::fread(chunk.data(), 1, chunk.size(), opened.get()));
    left -= static_cast<int64_t>(chunk.size());
    return chunk;
  });
}

Result<Reader> reader_of(const ImageFile& file, const Piece& piece) {
  if (piece.text.empty()) return part_of(file.path, piece.at, piece.bytes);
  return Reader([&piece, sent = size_t{0}](size_t most) mutable -> Result<std::string> {
    std::string chunk = piece.text.substr(sent, most);
    sent += chunk.size();
    return chunk;
  });
}

/// Made as raw whatever it holds: the bytes are copied as they are, and every use states the
/// format.
Status bring(virConnectPtr connection, const std::string& pool, const ImageFile& file,
             const Piece& piece) {
  CHARTER_TRY(delete_volume(connection, pool, piece.name, Wipe::Discard));
  CHARTER_TRY(
      make_volume(connection, pool, {.name = piece.name, .format = "raw", .bytes = piece.bytes}));
  CHARTER_TRY_ASSIGN(const Volume volume, require_volume(connection, pool, piece.name));
  return upload_and_compare(connection, volume, piece.bytes,
                            [&] { return reader_of(file, piece); });
}

Status check_bootable(const std::string& format) {
  if (format == "qcow2" || format == "raw" || format == kKernel) return {};
  return Error{Code::Invalid,
               "image format " + format +
                   ": the libvirt driver boots from qcow2, raw and kernel; convert it"};
}

}  // namespace

Result<GoldenImage> ensure_image(virConnectPtr connection, Endpoint& endpoint,
                                 const std::string& pool, const std::string& digest,
                                 const std::string& format) {
  const std::string hex = digest_hex(digest);
  if (hex.empty()) return Error{Code::Invalid, "image digest is not \"sha256:\" and 64 hex digits"};
  CHARTER_TRY(check_bootable(format));
  // Whoever hangs with it must not make all the others hang as well.
  const std::unique_lock lock(endpoint.image_mutex, limits::kLibvirtChangeDeadline);
  if (!lock.owns_lock()) {
    return Error{Code::ServiceUnavailable, "another image is still being copied to the host",
                 "ImageNotReady"};
  }
  CHARTER_TRY_ASSIGN(auto present, find_image(connection, pool, hex, format));
  if (present) return *std::move(present);
  CHARTER_TRY_ASSIGN(const ImageFile file, endpoint.images->find(digest, format));
  CHARTER_TRY(delete_volume(connection, pool, image_mark_name(hex, format), Wipe::Discard));
  for (const Piece& piece : pieces_of(file, hex))
    CHARTER_TRY(bring(connection, pool, file, piece));
  CHARTER_TRY(make_volume(connection, pool,
                          {.name = image_mark_name(hex, format),
                           .format = "raw",
                           .bytes = std::max(file.virtual_bytes, limits::kSectorBytes)}));
  log_info("libvirt", "image brought to the host", {{"digest", digest}, {"pool", pool}});
  CHARTER_TRY_ASSIGN(auto brought, find_image(connection, pool, hex, format));
  if (brought) return *std::move(brought);
  return Error{Code::ServiceUnavailable, "the image is gone from the host already",
               "ImageNotReady"};
}

}  // namespace charter::libvirt
