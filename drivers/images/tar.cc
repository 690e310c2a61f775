#include "drivers/images/tar.h"

#include "drivers/images/limits.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>

namespace charter {
namespace {

constexpr size_t kBlock = 512;

/// A field of a header, by its place in POSIX's ustar.
struct Field {
  size_t at, size;
};
constexpr Field kName{0, 100}, kSize{124, 12}, kChecksum{148, 8}, kType{156, 1}, kMagic{257, 5},
    kPrefix{345, 155};

std::string_view raw(std::string_view block, Field field) {
  return block.substr(field.at, field.size);
}

std::string_view text(std::string_view block, Field field) {
  const std::string_view all = raw(block, field);
  return all.substr(0, std::min(all.find('\0'), all.size()));
}

/// Octal digits between blanks and zero bytes, or GNU's big-endian number behind a set first bit.
std::optional<uint64_t> number(std::string_view block, Field field) {
  std::string_view digits = raw(block, field);
  uint64_t value = 0;
  if ((static_cast<unsigned char>(digits[0]) & 0x80) != 0) {
    if (static_cast<unsigned char>(digits[0]) != 0x80) return std::nullopt;  // negative, or beyond
    for (const char c : digits.substr(1)) {
      if (value >> 55 != 0) return std::nullopt;
      value = value << 8 | static_cast<unsigned char>(c);
    }
    return value;
  }
  while (!digits.empty() && digits.front() == ' ')
    digits.remove_prefix(1);
  while (!digits.empty() && (digits.back() == ' ' || digits.back() == '\0'))
    digits.remove_suffix(1);
  if (digits.empty()) return std::nullopt;
  for (const char c : digits) {
    if (c < '0' || c > '7') return std::nullopt;
    value = value << 3 | static_cast<uint64_t>(c - '0');  // eleven digits are 33 bits
  }
  return value;
}

bool has_its_checksum(std::string_view block) {
  uint64_t sum = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    const bool own = i >= kChecksum.at && i < kChecksum.at + kChecksum.size;
    sum += own ? ' ' : static_cast<unsigned char>(block[i]);
  }
  return number(block, kChecksum) == sum;
}

bool is_zero(std::string_view block) {
  return std::all_of(block.begin(), block.end(), [](char c) { return c == '\0'; });
}

Error broken(const std::string& what) {
  return {Code::Invalid, "package: " + what};
}

Result<std::string> name_of(std::string_view block) {
  const bool is_ustar = raw(block, kMagic) == "ustar";
  const std::string prefix(is_ustar ? text(block, kPrefix) : "");
  std::string name(text(block, kName));
  if (!prefix.empty()) name = prefix + "/" + name;
  if (!is_plain_file_name(name)) return broken("an entry is no plain file name");
  return name;
}

}  // namespace

bool is_plain_file_name(std::string_view name) {
  const bool controls = std::any_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '\x7f' || c == '/' || c == '\\';
  });
  return !name.empty() && name.size() <= limits::kTarNameBytesMax && !controls && name != "." &&
         name != "..";
}

Result<std::vector<TarEntry>> read_tar(std::string_view bytes) {
  std::vector<TarEntry> entries;
  std::set<std::string> names;
  size_t at = 0;
  while (bytes.size() - at >= kBlock) {
    const std::string_view block = bytes.substr(at, kBlock);
    if (is_zero(block)) return entries;  // the archive's end; what follows is padding
    if (!has_its_checksum(block)) return broken("a header's checksum is wrong");
    const char type = block[kType.at];
    if (type != '0' && type != '\0')
      return broken("an entry is no regular file: links, directories and extensions are refused");
    CHARTER_TRY_ASSIGN(std::string name, name_of(block));
    const auto size = number(block, kSize);
    at += kBlock;
    if (!size || *size > bytes.size() - at) return broken(name + " ends beyond the package");
    if (!names.insert(name).second) return broken(name + " is there twice");
    if (entries.size() >= limits::kTarEntriesMax) {
      return broken("more than " + std::to_string(limits::kTarEntriesMax) + " files");
    }
    entries.push_back({std::move(name), bytes.substr(at, *size)});
    const uint64_t padded = (*size + kBlock - 1) / kBlock * kBlock;
    at += static_cast<size_t>(std::min<uint64_t>(padded, bytes.size() - at));
  }
  return broken("it ends without an end");
}

}  // namespace charter
