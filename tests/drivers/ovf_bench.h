#pragma once

#include <string>
#include <utility>
#include <vector>

// OVF packages for tests.
namespace charter {

/// One header of a tar archive, with its right checksum.
std::string tar_header(const std::string& name, size_t size, char type = '0');
/// An archive of these files.
std::string tar_of(const std::vector<std::pair<std::string, std::string>>& files);

/// A descriptor of one system with a disk that it boots from, an empty one of 1 GiB, two
/// processors, 1 GiB of memory, a card and a sound device. `more` stands before the system, `items`
/// among its devices.
std::string ovf_descriptor(const std::string& more = "", const std::string& items = "",
                           const std::string& disk_file = "disk.img",
                           const std::string& capacity = "2097152");

}  // namespace charter
