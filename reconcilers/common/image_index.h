#pragma once

#include "controller/object/object.h"

#include <set>
#include <string>
#include <vector>

// Finding who names an image: templates and revisions keep the names in their headers. Pure.
namespace charter {

/// Name of the index of ServiceTemplates and ServiceOfferingRevisions by image.
inline constexpr const char* kByImage = "image";

/// Header fields "image/NAME" → NAME.
Pairs image_fields(const std::set<std::string>& images);
/// Values of the index: the names in a header.
std::vector<std::string> image_index(const Header& header);

}  // namespace charter
