#include "drivers/images/image_store.h"

#include "controller/object/digest.h"
#include "drivers/images/inspector.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace charter {
namespace {

namespace fs = std::filesystem;

/// A file's bytes, mapped read-only.
class Mapped {
 public:
  static Result<Mapped> open(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return Error{Code::NotFound, "cannot read " + path};
    struct stat facts {};
    const bool regular = ::fstat(file, &facts) == 0 && S_ISREG(facts.st_mode);
    Mapped mapped;
    if (regular && facts.st_size > 0) {
      mapped.size_ = static_cast<size_t>(facts.st_size);
      mapped.start_ = ::mmap(nullptr, mapped.size_, PROT_READ, MAP_PRIVATE, file, 0);
    }
    ::close(file);
    if (!regular) return Error{Code::Invalid, path + " is no regular file"};
    if (mapped.start_ == MAP_FAILED || mapped.size_ == 0)
      return Error{Code::Invalid, path + " is empty or cannot be mapped"};
    return mapped;
  }
  Mapped(Mapped&& other) noexcept
      : start_(std::exchange(other.start_, MAP_FAILED)), size_(other.size_) {}
  Mapped& operator=(Mapped&&) = delete;
  ~Mapped() {
    if (start_ != MAP_FAILED) ::munmap(start_, size_);
  }
  std::string_view bytes() const { return {static_cast<const char*>(start_), size_}; }

 private:
  Mapped() = default;
  void* start_ = MAP_FAILED;
  size_t size_ = 0;
};

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

Status write_file(const std::string& path, std::string_view bytes) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return write_failed(path);
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t now = ::write(file, bytes.data() + done, bytes.size() - done);
    if (now < 0 && errno == EINTR) continue;
    if (now <= 0) break;
    done += static_cast<size_t>(now);
  }
  const bool whole = done == bytes.size() && ::fsync(file) == 0;
  const Status status = whole ? Status() : Status(write_failed(path));
  ::close(file);
  if (!whole) ::unlink(path.c_str());
  return status;
}

void sync_directory(const std::string& path) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  ::fsync(folder);
  ::close(folder);
}

Result<ImageFile> look_at(const std::string& path) {
  CHARTER_TRY_ASSIGN(const Mapped mapped, Mapped::open(path));
  CHARTER_TRY_ASSIGN(const Inspection found, inspect_image(mapped.bytes()));
  return ImageFile{.path = path,
                   .format = found.format,
                   .bytes = static_cast<int64_t>(mapped.bytes().size()),
                   .virtual_bytes = found.virtual_bytes};
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
  CHARTER_TRY_ASSIGN(const Mapped mapped, Mapped::open(path));
  CHARTER_TRY_ASSIGN(const Inspection found, inspect_image(mapped.bytes()));
  const std::string hex = sha256_hex(mapped.bytes());
  if (!sha256.empty() && sha256 != hex)
    return Error{Code::Invalid, "SHA-256 is " + hex + ", expected " + sha256, "DigestMismatch"};
  StoredImage image{"sha256:" + hex,
                    {path_of(hex), found.format, static_cast<int64_t>(mapped.bytes().size()),
                     found.virtual_bytes}};
  std::error_code failed;
  if (fs::exists(path_of(hex), failed)) return image;
  fs::create_directories(directory_, failed);
  const std::string part = path_of(hex) + ".part-" + std::to_string(::getpid());
  CHARTER_TRY(write_file(part, mapped.bytes()));
  // Read again from where it is now: what was mapped could have changed while it was copied.
  CHARTER_TRY_ASSIGN(const Mapped copy, Mapped::open(part));
  if (sha256_hex(copy.bytes()) != hex) {
    ::unlink(part.c_str());
    return Error{Code::Invalid, path + " changed while it was read", "DigestMismatch"};
  }
  if (::rename(part.c_str(), path_of(hex).c_str()) != 0) return write_failed(path_of(hex));
  sync_directory(directory_);
  return image;
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
