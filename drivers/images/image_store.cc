#include "drivers/images/image_store.h"

#include "controller/object/digest.h"
#include "drivers/images/inspector.h"
#include "drivers/images/mapped_file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace charter {
namespace {

namespace fs = std::filesystem;

bool is_hex(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Error write_failed(const std::string& path) {
  const bool full = errno == ENOSPC || errno == EDQUOT;
  return {full ? Code::InsufficientStorage : Code::InternalError,
          full ? "no room for the image at " + path : "cannot write " + path};
}

/// A file that is written from its beginning, and is gone unless it is kept.
class Part {
 public:
  explicit Part(std::string path)
      : path_(std::move(path)),
        file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {}
  ~Part() {
    if (file_ >= 0) ::close(file_);
    if (!kept_) ::unlink(path_.c_str());
  }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  Status add(std::string_view bytes) {
    if (file_ < 0) return write_failed(path_);
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t now = ::write(file_, bytes.data() + done, bytes.size() - done);
      if (now < 0 && errno == EINTR) continue;
      if (now <= 0) return write_failed(path_);
      done += static_cast<size_t>(now);
    }
    return {};
  }
  Status finish() { return file_ >= 0 && ::fsync(file_) == 0 ? Status() : write_failed(path_); }
  void keep() { kept_ = true; }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  const int file_;
  bool kept_ = false;
};

void sync_directory(const std::string& path) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  ::fsync(folder);
  ::close(folder);
}

Result<ImageFile> look_at(const std::string& path) {
  CHARTER_TRY_ASSIGN(const MappedFile mapped, MappedFile::open(path));
  CHARTER_TRY_ASSIGN(const Inspection found, inspect_image(mapped.bytes()));
  return ImageFile{.path = path,
                   .format = found.format,
                   .bytes = static_cast<int64_t>(mapped.bytes().size()),
                   .virtual_bytes = found.virtual_bytes,
                   .kernel = found.kernel};
}

}  // namespace

std::string ImageStore::path_of(const std::string& hex) const {
  return directory_ + "/sha256-" + hex;
}

Result<ImageFile> ImageStore::find(const std::string& digest, const std::string& format) {
  constexpr std::string_view kPrefix = "sha256:";
  const std::string hex = digest.starts_with(kPrefix) ? digest.substr(kPrefix.size()) : "";
  if (!is_hex(hex))
    return Error{Code::Invalid, "image digest is not \"sha256:\" and 64 hex digits"};
  std::error_code ignored;
  if (!fs::exists(path_of(hex), ignored)) {
    return Error{Code::ServiceUnavailable,
                 "image " + digest + " is not on this server: charter image import FILE",
                 "ImageNotReady"};
  }
  CHARTER_TRY_ASSIGN(ImageFile file, look_at(path_of(hex)));
  if (file.format != format) {
    return Error{Code::Invalid,
                 "image " + digest + " is " + file.format + ", its Image says " + format,
                 "InvalidSpec"};
  }
  return file;
}

Result<StoredImage> ImageStore::import_file(const std::string& path, const std::string& sha256) {
  CHARTER_TRY_ASSIGN(const MappedFile mapped, MappedFile::open(path));
  return import_bytes(mapped.bytes(), sha256, path);
}

Result<StoredImage> ImageStore::import_bytes(std::string_view bytes, const std::string& sha256,
                                             const std::string& from) {
  CHARTER_TRY_ASSIGN(const Inspection found, inspect_image(bytes));
  const std::string hex = sha256_hex(bytes);
  if (!sha256.empty() && sha256 != hex)
    return Error{Code::Invalid, "SHA-256 is " + hex + ", expected " + sha256, "DigestMismatch"};
  StoredImage image{"sha256:" + hex,
                    {path_of(hex), found.format, static_cast<int64_t>(bytes.size()),
                     found.virtual_bytes, found.kernel}};
  std::error_code failed;
  if (fs::exists(path_of(hex), failed)) return image;
  fs::create_directories(directory_, failed);
  Part part(path_of(hex) + ".part-" + std::to_string(::getpid()));
  CHARTER_TRY(part.add(bytes));
  CHARTER_TRY(part.finish());
  // Read again from where it is now: what was mapped could have changed while it was copied.
  auto adopted = adopt(part.path(), hex);
  if (adopted) part.keep();
  if (!adopted && adopted.error().reason == "DigestMismatch")
    return Error{Code::Invalid, from + " changed while it was read", "DigestMismatch"};
  return adopted;
}

Result<StoredImage> ImageStore::import_feed(const Feed& feed, const std::string& sha256,
                                            int64_t bytes_max) {
  if (!is_hex(sha256)) return Error{Code::Invalid, "sha256: must be 64 lower-case hex digits"};
  std::error_code failed;
  if (fs::exists(path_of(sha256), failed)) {
    CHARTER_TRY_ASSIGN(ImageFile file, look_at(path_of(sha256)));
    return StoredImage{"sha256:" + sha256, std::move(file)};
  }
  fs::create_directories(directory_, failed);
  Part part(path_of(sha256) + ".part-" + std::to_string(::getpid()));
  int64_t got = 0;
  CHARTER_TRY(feed([&](std::string_view bytes) -> Status {
    got += static_cast<int64_t>(bytes.size());
    if (got > bytes_max) {
      return Error{Code::RequestEntityTooLarge,
                   "the image has more than " + std::to_string(bytes_max) + " bytes"};
    }
    return part.add(bytes);
  }));
  CHARTER_TRY(part.finish());
  CHARTER_TRY_ASSIGN(StoredImage image, adopt(part.path(), sha256));
  part.keep();
  return image;
}

// Of a file that nobody writes any more.
Result<StoredImage> ImageStore::adopt(const std::string& part, const std::string& hex) {
  CHARTER_TRY_ASSIGN(const MappedFile mapped, MappedFile::open(part));
  const std::string found = sha256_hex(mapped.bytes());
  if (found != hex)
    return Error{Code::Invalid, "SHA-256 is " + found + ", expected " + hex, "DigestMismatch"};
  CHARTER_TRY_ASSIGN(const Inspection inspection, inspect_image(mapped.bytes()));
  if (::rename(part.c_str(), path_of(hex).c_str()) != 0) return write_failed(path_of(hex));
  sync_directory(directory_);
  return StoredImage{"sha256:" + hex,
                     {path_of(hex), inspection.format, static_cast<int64_t>(mapped.bytes().size()),
                      inspection.virtual_bytes, inspection.kernel}};
}

Result<std::vector<StoredImage>> ImageStore::list() {
  std::vector<StoredImage> images;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(directory_, failed)) {
    const std::string name = entry.path().filename();
    constexpr std::string_view kPrefix = "sha256-";
    if (!name.starts_with(kPrefix) || !is_hex(name.substr(kPrefix.size()))) continue;
    CHARTER_TRY_ASSIGN(ImageFile file, look_at(entry.path()));
    images.push_back({"sha256:" + name.substr(kPrefix.size()), std::move(file)});
  }
  std::sort(images.begin(), images.end(),
            [](const auto& a, const auto& b) { return a.digest < b.digest; });
  return images;
}

}  // namespace charter
