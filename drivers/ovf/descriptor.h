#pragma once

#include "controller/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The descriptor of an OVF package (DMTF DSP0243, versions 1 and 2): what systems it describes.
// Pure, and safe on any bytes: the XML parser loads nothing from anywhere, and a document type
// declaration, the only thing that could name something outside, is refused. Namespaces are told
// apart by nobody: elements and attributes count by their local names, as all makers write them.
//
// What a machine of ours cannot express is either said to be left out, when the system is the same
// without it, or refused, when it is not: disks with contents that are not booted from, disks that
// build on others, compressed or split files, and sections that say that they must be understood.
namespace charter {

/// A file of the package.
struct OvfFile {
  std::string id, name;
};

/// A virtual disk.
struct OvfDisk {
  std::string id;
  std::string file;  ///< name of the file with its contents; empty: it begins with zeros
  int64_t capacity_bytes = 0;
};

/// One virtual machine.
struct OvfSystem {
  std::string id;
  std::string description;
  std::string os;  ///< for people, e.g. "Debian 12 (64-bit)"; may be empty
  int64_t vcpus = 0;
  int64_t memory_bytes = 0;
  OvfDisk boot;                       ///< with contents
  std::vector<OvfDisk> data;          ///< without
  std::vector<std::string> networks;  ///< names, one for each card
};

/// Everything that can be used, and what cannot.
struct OvfDescriptor {
  std::vector<OvfSystem> systems;
  std::vector<std::string> ignored;  ///< for people, one line each
};

/// Errors: Invalid.
Result<OvfDescriptor> parse_descriptor(std::string_view text);

}  // namespace charter
