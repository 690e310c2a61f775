#include "controller/cli/encryption_keys.h"

#include "controller/base/limits.h"
#include "controller/base/log.h"
#include "controller/cli/credentials.h"
#include "controller/object/view.h"
#include "controller/store/directory_lock.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace charter {
namespace {

constexpr unsigned kOwnerOnly = 0600;

std::string folder_of(const std::string& file) {
  const std::string folder = std::filesystem::path(file).parent_path().string();
  return folder.empty() ? "." : folder;
}

Error cannot(const std::string& file, const char* what) {
  return {Code::InternalError, file + ": cannot " + what + ": " + std::strerror(errno)};
}

/// Makes the file unless it is there. Two programs may start at once: neither may replace the key
/// that the other has begun to use.
Status make_key_file(const std::string& data_dir, const std::string& file) {
  const std::string folder = folder_of(file);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return cannot(folder, "create");
  CHARTER_TRY_ASSIGN(std::string text, with_new_key(""));
  const std::string own = file + "." + std::to_string(getpid());
  const Status written = write_file(own, text, kOwnerOnly);
  cleanse(text);
  CHARTER_TRY(written);
  const bool linked = link(own.c_str(), file.c_str()) == 0;
  const bool there = linked || errno == EEXIST;
  const Error error = cannot(file, "create");
  unlink(own.c_str());
  if (!there) return error;
  if (linked) log_info("keys", "made a key for encryption at rest", {{"file", file}});
  // What is sealed with the key is worth nothing without it: its name must be on the disk first.
  CHARTER_TRY(sync_directory(folder));
  return sync_directory(data_dir);
}

}  // namespace

CommandFlag encryption_key_flag() {
  return {"encryption-key-file",
          "Keys that seal Secrets at rest, one a line in base64, the newest first; "
          "empty: DATA-DIR/keys/encryption.keys",
          ""};
}

std::string encryption_key_file(const std::string& data_dir, const std::string& flag) {
  return flag.empty() ? data_dir + "/keys/encryption.keys" : flag;
}

RingSealer::Buckets sealed_buckets() {
  return {bucket_of("", "secrets")};
}

Result<std::shared_ptr<const RingSealer>> load_sealer(const std::string& file) {
  struct stat found = {};
  if (stat(file.c_str(), &found) != 0) {
    if (errno == ENOENT) return Error{Code::NotFound, file + ": there is no such key file"};
    return cannot(file, "look at");
  }
  if ((found.st_mode & S_IRWXO) != 0) {
    return Error{Code::Invalid, file + ": is accessible to others; chmod 600 it"};
  }
  if (static_cast<size_t>(found.st_size) > limits::kKeyFileBytesMax)
    return Error{Code::Invalid, file + ": is too large for a key file"};
  auto text = read_file(file);
  if (!text) return Error{Code::InternalError, file + ": cannot read"};
  auto ring = KeyRing::parse(*text, file);
  cleanse(*text);
  if (!ring) return ring.error();
  return std::make_shared<const RingSealer>(std::move(*ring), sealed_buckets());
}

Result<std::shared_ptr<const RingSealer>> load_or_make_sealer(const std::string& data_dir,
                                                              const std::string& flag) {
  const std::string file = encryption_key_file(data_dir, flag);
  auto loaded = load_sealer(file);
  if (loaded || loaded.error().code != Code::NotFound || !flag.empty()) return loaded;
  CHARTER_TRY(make_key_file(data_dir, file));
  return load_sealer(file);
}

Status replace_key_file(const std::string& file, const std::string& text) {
  CHARTER_TRY(write_file(file, text, kOwnerOnly));
  return sync_directory(folder_of(file));
}

}  // namespace charter
