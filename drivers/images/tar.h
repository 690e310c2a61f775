#pragma once

#include "controller/base/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// The directory of a tar archive, as OVF packages are (DMTF DSP0243), and images of kernels: files
// beside each other and nothing else. Nothing is unpacked here, and no name can lead anywhere: one
// that is not a plain file name is refused, and so are links, devices and directories. Pure, and
// safe on any bytes.
namespace charter {

/// One file, as a part of the archive's bytes.
struct TarEntry {
  std::string name;
  std::string_view bytes;
};

/// True for a name that can only be one of a file in a directory: no separator, not "." or "..", no
/// control characters.
bool is_plain_file_name(std::string_view name);

/// All files of an archive, in its order. Errors: Invalid.
Result<std::vector<TarEntry>> read_tar(std::string_view bytes);

}  // namespace charter
