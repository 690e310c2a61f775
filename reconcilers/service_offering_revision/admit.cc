#include "reconcilers/service_offering_revision/admit.h"

#include "controller/object/causes.h"
#include "reconcilers/common/findings.h"
#include "reconcilers/common/image_index.h"
#include "reconcilers/service_offering/content.h"
#include "reconcilers/service_offering/references.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::service_offering_revision {

Status admit(const AdmitRequest& request, const View&) {
  if (request.object == nullptr || request.subresource == "status") return {};
  std::vector<Cause> causes;
  if (request.before != nullptr) {
    const auto* now = at(*request.object, {"spec"});
    const auto* before = at(*request.before, {"spec"});
    if (now == nullptr || before == nullptr || *now != *before) {
      causes.push_back(forbidden_cause("spec", "a revision is immutable: publish a new edition"));
    }
    return verdict(std::move(causes));
  }
  CHARTER_TRY_ASSIGN(const auto revision, read_service_offering_revision(*request.object));
  const auto hash = service_offering::hash_of(revision.spec);
  if (revision.spec.content_hash != hash) {
    causes.push_back(invalid_cause("spec.contentHash", revision.spec.content_hash,
                                   "the content has hash " + hash));
  }
  return verdict(std::move(causes));
}

Pairs header_fields(const Json& object) {
  std::set<std::string> images;
  if (const auto* list = at(object, {"spec", "images"}); list != nullptr && list->is_array()) {
    for (const auto& image : *list)
      images.insert(text_at(image, {"name"}));
  }
  auto fields = image_fields(images);
  fields.emplace_back(service_offering::kFrozenRateCardField,
                      text_at(object, {"spec", "billing", "rateCardRef"}));
  std::sort(fields.begin(), fields.end());
  return fields;
}

}  // namespace charter::service_offering_revision
