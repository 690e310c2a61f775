#include "reconcilers/common/image_index.h"

namespace charter {
namespace {

constexpr std::string_view kPrefix = "image/";

}  // namespace

Pairs image_fields(const std::set<std::string>& images) {
  Pairs fields;
  for (const auto& image : images)
    fields.emplace_back(std::string(kPrefix) + image, image);
  return fields;
}

std::vector<std::string> image_index(const Header& header) {
  std::vector<std::string> images;
  for (const auto& [field, value] : header.fields) {
    if (field.starts_with(kPrefix)) images.push_back(value);
  }
  return images;
}

}  // namespace charter
