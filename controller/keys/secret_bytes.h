#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace charter {

/// Bytes of a key, at most a page: in memory of their own that is not swapped out and not part of a
/// core dump where the system allows it, and overwritten at the end. Immutable.
class SecretBytes {
 public:
  explicit SecretBytes(std::string_view bytes);
  ~SecretBytes();
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&&) = delete;
  SecretBytes(const SecretBytes&) = delete;
  std::string_view view() const { return {page_, size_}; }

 private:
  char* page_;
  size_t size_;
};

/// Overwrites a text in a way that no compiler leaves out, and empties it.
void cleanse(std::string& text);

}  // namespace charter
