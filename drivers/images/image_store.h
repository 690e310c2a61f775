#pragma once

#include "controller/base/result.h"
#include "drivers/image_source.h"

#include <string>
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
  /// All of them, by digest.
  Result<std::vector<StoredImage>> list();

 private:
  std::string path_of(const std::string& hex) const;
  std::string directory_;
};

}  // namespace charter
