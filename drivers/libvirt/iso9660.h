#pragma once

#include <string>
#include <vector>

// A read-only disk image with a few small files: ISO 9660 with Joliet names, so that guests see
// lower case. Pure, and the same files give the same bytes: nothing in it is a time.
namespace charter::libvirt {

/// A file in the root directory.
struct IsoFile {
  std::string name;  ///< as guests see it, at most 64 characters of ASCII
  std::string content;
};

/// The image. `label` is the volume's name, at most 16 characters.
std::string build_iso(const std::string& label, const std::vector<IsoFile>& files);

}  // namespace charter::libvirt
