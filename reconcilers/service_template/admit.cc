#include "reconcilers/service_template/admit.h"

#include "reconcilers/common/findings.h"
#include "reconcilers/common/image_index.h"
#include "reconcilers/service_template/consistency.h"

#include <nlohmann/json.hpp>

namespace charter::service_template {

Status admit(const AdmitRequest& request, const View&) {
  if (request.object == nullptr || request.subresource == "status") return {};
  CHARTER_TRY_ASSIGN(const auto now, read_service_template(*request.object));
  if (!now.meta.deleted.empty()) return {};
  std::vector<Cause> causes;
  check_template(now.spec, causes);
  return verdict(std::move(causes));
}

Pairs header_fields(const Json& object) {
  const auto view = read_service_template(object);
  return view ? image_fields(image_names(view->spec)) : Pairs{};
}

}  // namespace charter::service_template
