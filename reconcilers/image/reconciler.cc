#include "reconcilers/image/reconciler.h"

#include "crds/types/kinds.h"
#include "reconcilers/common/image_index.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/image/admit.h"
#include "reconcilers/image/plan.h"

#include <nlohmann/json.hpp>

namespace charter::image {
namespace {

std::vector<ObjectName> images_of(const Encoded& user, const Caches&) {
  std::vector<ObjectName> names;
  for (auto& image : image_index(user.header()))
    names.push_back({"", std::move(image)});
  return names;
}

class ImageReconciler final : public Shell<Image, Observed, Action> {
 public:
  explicit ImageReconciler(const Runtime& rt)
      : Shell(rt, {.resource = kinds::images(),
                   .finalizers = {std::string(kInUseFinalizer)},
                   .component = "charter-image",
                   .phase = phase_of}) {}

 private:
  Result<Image> read(const Json& object) const override { return read_image(object); }
  Json render(const Image::Status& status) const override { return status_json(status); }

  Result<Observed> observe(const Image& image) override {
    Observed have;
    const auto add = [&](const Gvr& resource, const std::string& what) {
      for (const auto& user :
           rt_.caches.list_by(kinds::bucket(resource), kByImage, image.meta.name)) {
        have.users.push_back(what + to_string({user->header().ns, user->header().name}));
      }
    };
    add(kinds::service_templates(), "service template ");
    add(kinds::service_offering_revisions(), "service offering revision ");
    return have;
  }

  Step decide(const Image& image, const Observed& have) const override { return plan(image, have); }
  Status act(const Image&, const Action&) override { return {}; }
};

}  // namespace

KindHooks hooks() {
  return {.admit = admit, .guard = {}, .index = {}};
}

ControllerSpec controller() {
  ControllerSpec spec;
  spec.name = "image";
  spec.primary = kinds::images();
  spec.watches = {{kinds::service_templates(), images_of},
                  {kinds::service_offering_revisions(), images_of}};
  spec.indexes = {{kinds::service_templates(), kByImage, image_index},
                  {kinds::service_offering_revisions(), kByImage, image_index}};
  spec.make = [](const Runtime& rt) { return std::make_unique<ImageReconciler>(rt); };
  watch_pauses(spec, PauseReach::ClusterObject);
  return spec;
}

}  // namespace charter::image
