#pragma once

#include "controller/base/result.h"
#include "controller/object/value.h"
#include "drivers/ovf/descriptor.h"

#include <map>
#include <string>
#include <vector>

// From a descriptor to documents that can be applied: one ServiceTemplate for the package, one
// Image for each disk with contents. Pure.
namespace charter {

/// A disk of the package as it lies in the server's store.
struct OvfImage {
  std::string sha256;
  std::string format;
};

/// What the documents are called and where they are told to come from.
struct OvfNames {
  std::string package;   ///< name of the template, and what those of its images begin with
  std::string space;     ///< namespace of the template
  std::string url_base;  ///< https address, ending in "/", below which the disks can be fetched
};

/// A name that objects may have, made of any text: "Web Server (v2)" is "web-server-v2". Empty when
/// nothing of it can stand in a name.
std::string object_name(std::string_view text);

/// The documents, images first. `images` is by file name. Errors: Invalid when the package does not
/// fit into one template.
Result<std::vector<Json>> documents_of(const OvfDescriptor& descriptor,
                                       const std::map<std::string, OvfImage>& images,
                                       const OvfNames& names);

}  // namespace charter
