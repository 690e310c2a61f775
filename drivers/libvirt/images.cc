#include "drivers/libvirt/images.h"

#include "controller/base/log.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/names.h"
#include "drivers/libvirt/storage.h"

#include <cstdio>
#include <memory>

namespace charter::libvirt {
namespace {

Result<std::optional<GoldenImage>> find_image(virConnectPtr connection, const std::string& pool,
                                              const std::string& hex, const std::string& format) {
  CHARTER_TRY_ASSIGN(const Volume mark,
                     find_volume(connection, pool, image_mark_name(hex, format)));
  if (!mark) return std::optional<GoldenImage>();
  CHARTER_TRY_ASSIGN(const Volume image, find_volume(connection, pool, image_name(hex, format)));
  if (!image) return std::optional<GoldenImage>();
  CHARTER_TRY_ASSIGN(const VolumeSize size, size_of(mark));
  return std::optional(GoldenImage{path_of(image), format, size.capacity});
}

Status upload_file(virConnectPtr connection, const Volume& volume, const ImageFile& file) {
  return upload_and_compare(connection, volume, file.bytes, [&]() -> Result<Reader> {
    const std::shared_ptr<std::FILE> opened(std::fopen(file.path.c_str(), "rb"),
                                            [](std::FILE* open) {
                                              if (open != nullptr) std::fclose(open);
                                            });
    if (!opened)
      return Error{Code::ServiceUnavailable, "the image cannot be read here", "ImageNotReady"};
    return Reader([opened](size_t most) -> Result<std::string> {
      std::string chunk(most, '\0');
      chunk.resize(std::fread(chunk.data(), 1, most, opened.get()));
      return chunk;
    });
  });
}

Status check_bootable(const std::string& format) {
  if (format == "qcow2" || format == "raw") return {};
  return Error{Code::Invalid, "image format " + format +
                                  ": the libvirt driver boots from qcow2 and raw; convert it"};
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
  const std::string name = image_name(hex, format);
  CHARTER_TRY(delete_volume(connection, pool, image_mark_name(hex, format), Wipe::Discard));
  CHARTER_TRY(delete_volume(connection, pool, name, Wipe::Discard));
  // Made as raw whatever it holds: the bytes are copied as they are, and every use states the
  // format.
  CHARTER_TRY(make_volume(connection, pool, {.name = name, .format = "raw", .bytes = file.bytes}));
  CHARTER_TRY_ASSIGN(const Volume volume, require_volume(connection, pool, name));
  CHARTER_TRY(upload_file(connection, volume, file));
  CHARTER_TRY(make_volume(
      connection, pool,
      {.name = image_mark_name(hex, format), .format = "raw", .bytes = file.virtual_bytes}));
  log_info("libvirt", "image brought to the host", {{"digest", digest}, {"pool", pool}});
  return GoldenImage{path_of(volume), format, file.virtual_bytes};
}

}  // namespace charter::libvirt
