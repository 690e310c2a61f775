#include "reconcilers/provider/reconciler.h"

#include "crds/types/kinds.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/provider/admit.h"
#include "reconcilers/provider/look.h"
#include "reconcilers/provider/plan.h"

#include <nlohmann/json.hpp>

namespace charter::provider {
namespace {

class ProviderReconciler final : public Shell<Provider, Observed, Action> {
 public:
  ProviderReconciler(const Runtime& rt, DriverPool& drivers)
      : Shell(rt, {.resource = kinds::providers(),
                   .finalizers = {std::string(kInUseFinalizer)},
                   .component = "charter-provider",
                   .phase = phase_of}),
        drivers_(drivers) {}

 private:
  Result<Provider> read(const Json& object) const override { return read_provider(object); }
  Json render(const Provider::Status& status) const override { return status_json(status); }
  std::string provider_of(const Provider& provider) const override { return provider.meta.name; }
  Result<Observed> observe(const Provider& provider) override {
    return look(provider, rt_, drivers_);
  }
  Step decide(const Provider& provider, const Observed& have) const override {
    return plan(provider, have);
  }
  Status act(const Provider& provider, const Action&) override {
    drivers_.close(provider.meta.name);
    return {};
  }

  DriverPool& drivers_;
};

// Machines, volumes and instances matter only to providers that wait for the last of them to go:
// a look for each of their changes would be a look per machine.
std::vector<ObjectName> providers_in_deletion(const Encoded&, const Caches& caches) {
  std::vector<ObjectName> names;
  caches.scan(kinds::bucket(kinds::providers()), "", [&](const ObjectPtr& provider) {
    if (provider->header().deleting) names.push_back({"", provider->header().name});
    return true;
  });
  return names;
}

}  // namespace

std::vector<std::string> uid_index(const Header& header) {
  return {header.uid};
}

KindHooks hooks() {
  return {.admit = admit};
}

ControllerSpec controller(DriverPool& drivers) {
  ControllerSpec spec;
  spec.name = "provider";
  spec.primary = kinds::providers();
  spec.watches = {{kinds::machines(), providers_in_deletion},
                  {kinds::volumes(), providers_in_deletion},
                  {kinds::service_instances(), providers_in_deletion}};
  spec.indexes = {{kinds::machines(), kByUid, uid_index}, {kinds::volumes(), kByUid, uid_index}};
  spec.make = [&drivers](const Runtime& rt) {
    return std::make_unique<ProviderReconciler>(rt, drivers);
  };
  watch_pauses(spec, PauseReach::ClusterObject);
  return spec;
}

void route_hints(DriverPool& drivers, const Caches& caches, Controller& machines,
                 Controller& volumes) {
  drivers.on_hint([&caches, &machines, &volumes](const std::string& uid) {
    const auto pass_on = [&](const Gvr& resource, Controller& controller) {
      for (const auto& object : caches.list_by(kinds::bucket(resource), kByUid, uid))
        controller.add({object->header().ns, object->header().name}, Priority::Drift);
    };
    pass_on(kinds::machines(), machines);
    pass_on(kinds::volumes(), volumes);
  });
}

}  // namespace charter::provider
