#pragma once

#include "controller/base/result.h"
#include "drivers/images/tar.h"

#include <string>
#include <string_view>
#include <vector>

// The manifest of an OVF package: a digest for each file. Pure.
namespace charter {

/// One line: `SHA256(disk.vmdk)= 0123…`.
struct ManifestLine {
  std::string algorithm;  ///< "SHA1", "SHA256" or "SHA512"
  std::string name;
  std::string digest;  ///< lower-case hex
  bool operator==(const ManifestLine&) const = default;
};

/// Errors: Invalid for anything that is no such line, and for a file that is named twice.
Result<std::vector<ManifestLine>> parse_manifest(std::string_view text);

/// Compares each file with its line. Files that end in .mf and .cert need none. Errors: Invalid
/// with reason DigestMismatch when one differs, is missing on either side.
Status check_manifest(const std::vector<ManifestLine>& manifest,
                      const std::vector<TarEntry>& files);

}  // namespace charter
