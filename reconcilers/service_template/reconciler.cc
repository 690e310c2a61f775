#include "reconcilers/service_template/reconciler.h"

#include "crds/types/kinds.h"
#include "reconcilers/common/image_index.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/service_offering/references.h"
#include "reconcilers/service_template/admit.h"
#include "reconcilers/service_template/consistency.h"
#include "reconcilers/service_template/plan.h"

#include <nlohmann/json.hpp>

namespace charter::service_template {
namespace {

class ServiceTemplateReconciler final : public Shell<ServiceTemplate, Observed, Action> {
 public:
  explicit ServiceTemplateReconciler(const Runtime& rt)
      : Shell(rt, {.resource = kinds::service_templates(),
                   .finalizers = {std::string(kInUseFinalizer)},
                   .component = "charter-service-template",
                   .phase = phase_of}) {}

 private:
  Result<ServiceTemplate> read(const Json& object) const override {
    return read_service_template(object);
  }
  Json render(const ServiceTemplate::Status& status) const override { return status_json(status); }

  Result<Observed> observe(const ServiceTemplate& object) override {
    Observed have;
    for (const auto& image : image_names(object.spec)) {
      if (rt_.caches.get(kinds::bucket(kinds::images()), {"", image})) have.images.insert(image);
    }
    const auto key = object.meta.ns + "/" + object.meta.name;
    for (const auto& offering : rt_.caches.list_by(kinds::bucket(kinds::service_offerings()),
                                                   service_offering::kByTemplate, key)) {
      have.offerings.push_back(offering->header().name);
    }
    return have;
  }

  Step decide(const ServiceTemplate& object, const Observed& have) const override {
    return plan(object, have);
  }
  Status act(const ServiceTemplate&, const Action&) override { return {}; }
};

}  // namespace

KindHooks hooks() {
  return {.admit = admit, .guard = {}, .index = header_fields};
}

ControllerSpec controller() {
  ControllerSpec spec;
  spec.name = "service-template";
  spec.primary = kinds::service_templates();
  spec.watches = {{kinds::images(), map_by_index(kinds::service_templates(), kByImage)},
                  {kinds::service_offerings(), service_offering::template_of}};
  spec.indexes = {{kinds::service_templates(), kByImage, image_index},
                  {kinds::service_offerings(), service_offering::kByTemplate,
                   service_offering::template_index}};
  spec.make = [](const Runtime& rt) { return std::make_unique<ServiceTemplateReconciler>(rt); };
  watch_pauses(spec, PauseReach::NamespacedObject);
  return spec;
}

}  // namespace charter::service_template
