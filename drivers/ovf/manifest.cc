#include "drivers/ovf/manifest.h"

#include "controller/object/digest.h"
#include "drivers/ovf/limits.h"

#include <algorithm>
#include <set>

namespace charter {
namespace {

Error mismatch(const std::string& what) {
  return {Code::Invalid, "manifest: " + what, "DigestMismatch"};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\r' || text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  return text;
}

size_t hex_digits_of(std::string_view algorithm) {
  return algorithm == "SHA1" ? 40 : algorithm == "SHA256" ? 64 : algorithm == "SHA512" ? 128 : 0;
}

Result<ManifestLine> parse_line(std::string_view line) {
  const size_t open = line.find('('), close = line.rfind(")=");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return Error{Code::Invalid, "manifest: a line is not like SHA256(name)= digest"};
  ManifestLine read{std::string(trimmed(line.substr(0, open))),
                    std::string(line.substr(open + 1, close - open - 1)),
                    std::string(trimmed(line.substr(close + 2)))};
  const size_t digits = hex_digits_of(read.algorithm);
  if (digits == 0)
    return Error{Code::Invalid, "manifest: digests are SHA1, SHA256 or SHA512, one is neither"};
  if (!is_plain_file_name(read.name))
    return Error{Code::Invalid, "manifest: a line names no plain file name"};
  std::transform(read.digest.begin(), read.digest.end(), read.digest.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  const bool hex = read.digest.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hex || read.digest.size() != digits)
    return Error{Code::Invalid, "manifest: the digest of " + read.name + " is none"};
  return read;
}

std::string digest_of(const ManifestLine& line, std::string_view bytes) {
  if (line.algorithm == "SHA1") return sha1_hex(bytes);
  return line.algorithm == "SHA512" ? sha512_hex(bytes) : sha256_hex(bytes);
}

}  // namespace

Result<std::vector<ManifestLine>> parse_manifest(std::string_view text) {
  if (text.size() > limits::kOvfManifestBytesMax)
    return Error{Code::Invalid, "manifest: has " + std::to_string(text.size()) + " bytes, limit " +
                                    std::to_string(limits::kOvfManifestBytesMax)};
  std::vector<ManifestLine> lines;
  std::set<std::string> names;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    CHARTER_TRY_ASSIGN(ManifestLine read, parse_line(line));
    if (!names.insert(read.name).second)
      return Error{Code::Invalid, "manifest: names " + read.name + " twice"};
    lines.push_back(std::move(read));
  }
  return lines;
}

Status check_manifest(const std::vector<ManifestLine>& manifest,
                      const std::vector<TarEntry>& files) {
  std::set<std::string> checked;
  for (const auto& line : manifest) {
    const auto file = std::find_if(files.begin(), files.end(),
                                   [&](const TarEntry& entry) { return entry.name == line.name; });
    if (file == files.end()) return mismatch(line.name + " is named and not there");
    const std::string found = digest_of(line, file->bytes);
    if (found != line.digest) {
      return mismatch(line.name + " has " + line.algorithm + " " + found + ", expected " +
                      line.digest);
    }
    checked.insert(line.name);
  }
  for (const auto& file : files) {
    const bool needs_none = file.name.ends_with(".mf") || file.name.ends_with(".cert");
    if (!needs_none && !checked.contains(file.name)) return mismatch("does not name " + file.name);
  }
  return {};
}

}  // namespace charter
