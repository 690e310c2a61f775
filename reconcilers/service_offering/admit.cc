#include "reconcilers/service_offering/admit.h"

#include "controller/object/causes.h"
#include "crds/types/kinds.h"
#include "reconcilers/common/findings.h"
#include "reconcilers/service_offering/content.h"

#include <nlohmann/json.hpp>

namespace charter::service_offering {
namespace {

std::optional<Template> find_template(const View& view, const NamespacedRef& ref) {
  const auto found = view.get(kinds::bucket(kinds::service_templates()), {ref.ns, ref.name});
  if (found == nullptr) return std::nullopt;
  auto read = read_service_template(found->bare_tree());
  if (!read) return std::nullopt;
  return std::move(read->spec);
}

std::optional<Rates> find_rates(const View& view, const std::optional<OfferingBilling>& billing) {
  if (!billing) return std::nullopt;
  const auto found = view.get(kinds::bucket(kinds::rate_cards()), {"", billing->rate_card});
  if (found == nullptr) return std::nullopt;
  auto read = read_rate_card(found->bare_tree());
  if (!read) return std::nullopt;
  return std::move(read->spec.rates);
}

void check_change(const ServiceOffering& now, const ServiceOffering& before,
                  std::vector<Cause>& causes) {
  if (now.spec.edition < before.spec.edition) {
    causes.push_back(invalid_cause("spec.edition", now.spec.edition,
                                   "must not fall, it is " + std::to_string(before.spec.edition)));
  }
  if (now.spec.publication == Publication::Draft && before.spec.publication != Publication::Draft) {
    causes.push_back(invalid_cause("spec.publication", "Draft",
                                   "what was published does not become a draft again; Retired "
                                   "takes no new contracts"));
  }
}

}  // namespace

Status admit(const AdmitRequest& request, const View& view) {
  if (request.object == nullptr || request.subresource == "status") return {};
  CHARTER_TRY_ASSIGN(const auto now, read_service_offering(*request.object));
  if (!now.meta.deleted.empty()) return {};
  std::vector<Cause> causes;
  if (request.before != nullptr) {
    CHARTER_TRY_ASSIGN(const auto before, read_service_offering(*request.before));
    // Labels, annotations and finalizers: whatever became of template and prices.
    if (before.spec == now.spec) return {};
    check_change(now, before, causes);
  }
  check_alone(now.spec, causes);
  if (const auto sold = find_template(view, now.spec.template_ref)) {
    check_against_template(now.spec, *sold, causes);
  }
  const auto publication = now.spec.publication;
  if (publication == Publication::Published || publication == Publication::Deprecated) {
    const auto rates = find_rates(view, now.spec.billing);
    check_complete(now.spec, rates ? &*rates : nullptr, causes);
  }
  return verdict(std::move(causes));
}

}  // namespace charter::service_offering
