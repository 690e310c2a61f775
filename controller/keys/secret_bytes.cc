#include "controller/keys/secret_bytes.h"

#include "controller/base/check.h"

#include <openssl/crypto.h>

#include <cstring>
#include <sys/mman.h>

namespace charter {
namespace {

constexpr size_t kPageBytes = 4096;

}  // namespace

SecretBytes::SecretBytes(std::string_view bytes) : size_(bytes.size()) {
  CHECK(bytes.size() <= kPageBytes);
  void* page =
      mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK_MSG(page != MAP_FAILED, "no memory for a key");
  page_ = static_cast<char*>(page);
  // Both are asked for, neither is needed: a container may allow no locked memory.
  (void)mlock(page_, kPageBytes);
  (void)madvise(page_, kPageBytes, MADV_DONTDUMP);
  std::memcpy(page_, bytes.data(), size_);
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept : page_(other.page_), size_(other.size_) {
  other.page_ = nullptr;
  other.size_ = 0;
}

SecretBytes::~SecretBytes() {
  if (page_ == nullptr) return;
  OPENSSL_cleanse(page_, kPageBytes);
  munmap(page_, kPageBytes);
}

void cleanse(std::string& text) {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace charter
