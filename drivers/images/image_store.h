#pragma once

#include "controller/base/result.h"
#include "drivers/image_source.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

// Images in a directory of their own, named by the SHA-256 of their bytes. What is in it was
// inspected and hashed before it got its name, and nothing writes to it afterwards: so a name that
// is there can be trusted, also after a crash. Several processes may use one directory.
namespace charter {

/// One image of the store.
struct StoredImage {
  std::string digest;  ///< "sha256:…"
  ImageFile file;
};

/// A directory of images. Thread-safe.
class ImageStore final : public ImageSource {
 public:
  /// Made when it is first written to.
  explicit ImageStore(std::string directory) : directory_(std::move(directory)) {}

  Result<ImageFile> find(const std::string& digest, const std::string& format) override;
  /// Copies a file in. `sha256` in hex, when it is not empty, must be that of its bytes. Errors:
  /// NotFound; Invalid for what the inspector refuses; Invalid with reason DigestMismatch;
  /// InsufficientStorage.
  Result<StoredImage> import_file(const std::string& path, const std::string& sha256);
  /// As import_file, for bytes that the caller holds and that nothing changes meanwhile; `from`
  /// names them in messages.
  Result<StoredImage> import_bytes(std::string_view bytes, const std::string& sha256,
                                   const std::string& from);
  /// Next bytes of a feed, and what brings them.
  using Sink = std::function<Status(std::string_view)>;
  using Feed = std::function<Status(const Sink&)>;
  /// Takes what a feed brings, at most `bytes_max`, and keeps it only if `sha256`, which must be
  /// given, is the digest of all of it. Errors: as import_file, and the feed's;
  /// RequestEntityTooLarge.
  Result<StoredImage> import_feed(const Feed& feed, const std::string& sha256, int64_t bytes_max);
  const std::string& directory() const { return directory_; }
  /// All of them, by digest.
  Result<std::vector<StoredImage>> list();

 private:
  std::string path_of(const std::string& hex) const;
  Result<StoredImage> adopt(const std::string& part, const std::string& hex);
  std::string directory_;
};

}  // namespace charter
