#pragma once

#include "controller/base/result.h"
#include "drivers/images/tar.h"
#include "drivers/ovf/descriptor.h"

#include <string>
#include <string_view>
#include <vector>

// An OVF package that was opened and checked: its descriptor, its manifest, its files.
namespace charter {

/// See above. The files' bytes belong to whoever opened the package.
struct OvfPackage {
  OvfDescriptor descriptor;
  std::vector<TarEntry> files;
  std::vector<std::string> notices;  ///< for people: what was not checked, and what was left out
};

/// Reads a package whose files are these; the descriptor comes first, as the standard demands of an
/// archive. Errors: Invalid; with reason DigestMismatch when the manifest does not fit.
Result<OvfPackage> open_package(std::vector<TarEntry> files);

}  // namespace charter
