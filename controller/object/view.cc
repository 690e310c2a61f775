#include "controller/object/view.h"

namespace charter {

std::string bucket_of(std::string_view group, std::string_view resource) {
  std::string bucket;
  bucket.reserve(group.size() + 1 + resource.size());
  bucket.append(group).append("/").append(resource);
  return bucket;
}

}  // namespace charter
