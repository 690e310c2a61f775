#include "reconcilers/service_instance/reconciler.h"

#include "controller/base/limits.h"
#include "crds/types/kinds.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/contract/look.h"
#include "reconcilers/service_instance/admit.h"
#include "reconcilers/service_instance/children.h"
#include "reconcilers/service_instance/holdings.h"
#include "reconcilers/service_instance/look.h"
#include "reconcilers/service_instance/plan.h"

#include <nlohmann/json.hpp>

namespace charter::service_instance {
namespace {

class ServiceInstanceReconciler final : public Shell<ServiceInstance, Observed, Action> {
 public:
  explicit ServiceInstanceReconciler(const Runtime& rt)
      : Shell(rt, {.resource = kinds::service_instances(),
                   .finalizers = {std::string(kReclaimFinalizer)},
                   .component = "charter-service-instance",
                   .phase = phase_of}) {}

 private:
  Result<ServiceInstance> read(const Json& object) const override {
    return read_service_instance(object);
  }
  Json render(const ServiceInstance::Status& status) const override { return status_json(status); }
  std::string provider_of(const ServiceInstance& instance) const override {
    return instance.status.placement ? instance.status.placement->provider : std::string();
  }
  Result<Observed> observe(const ServiceInstance& instance) override {
    return look(instance, rt_.caches, rt_.clock.now(), shelves_);
  }
  Step decide(const ServiceInstance& instance, const Observed& have) const override {
    return plan(instance, have);
  }
  Status act(const ServiceInstance& instance, const Action& action) override {
    return carry_out(rt_, instance, action);
  }

  Shelves shelves_;
};

}  // namespace

KindHooks hooks() {
  auto catalogs = std::make_shared<Catalogs>();
  return {.admit = [catalogs](const AdmitRequest& request,
                              const View& view) { return admit(request, view, *catalogs); },
          .guard = [catalogs](const AdmitRequest& request,
                              const View& view) { return guard(request, view, *catalogs); },
          .index = header_fields,
          .finalizers = {std::string(kReclaimFinalizer)}};
}

ControllerSpec controller() {
  ControllerSpec spec;
  spec.name = "service-instance";
  spec.primary = kinds::service_instances();
  spec.workers = kBusyWorkers;
  const auto owner = map_to_owner(std::string(kinds::kGroup), "ServiceInstance");
  spec.watches = {{kinds::machines(), owner},
                  {kinds::volumes(), owner},
                  {kinds::secrets(), owner},
                  {kinds::contracts(), instances_of_contract},
                  {kinds::providers(), instances_of_provider},
                  {kinds::service_offering_revisions(), instances_of_revision},
                  {kinds::accounts(), instances_of_account}};
  spec.indexes = {
      {kinds::service_instances(), kByWait, wait_index},
      {kinds::service_instances(), kByRevision, index_by_field(kRevisionField)},
      {kinds::service_instances(), kByProvider, index_by_field("status.placement.provider")},
      {kinds::service_instances(), contract::kByContract, contract::contract_index}};
  spec.reads = {kinds::service_offerings()};
  spec.make = [](const Runtime& rt) { return std::make_unique<ServiceInstanceReconciler>(rt); };
  watch_pauses(spec, PauseReach::NamespacedObject, kByProvider);
  return spec;
}

}  // namespace charter::service_instance
