#include "controller/object/view.h"

namespace charter {

std::string bucket_of(std::string_view group, std::string_view resource) {
  std::string bucket;
  bucket.reserve(group.size() + 1 + resource.size());
  bucket.append(group).append("/").append(resource);
  return bucket;
}

Tally View::tally(std::string_view bucket, std::string_view ns, std::string_view field) const {
  Tally counts;
  scan(bucket, ns, [&](const ObjectPtr& object) {
    if (const std::string* value = find_pair(object->header().fields, field)) ++counts[*value];
    return true;
  });
  return counts;
}

}  // namespace charter
