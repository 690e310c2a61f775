#include "reconcilers/service_offering/reconciler.h"

#include "crds/types/kinds.h"
#include "reconcilers/common/image_index.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/contract/look.h"
#include "reconcilers/contract/units.h"
#include "reconcilers/service_offering/admit.h"
#include "reconcilers/service_offering/plan.h"
#include "reconcilers/service_offering/references.h"
#include "reconcilers/service_template/consistency.h"

#include <nlohmann/json.hpp>

namespace charter::service_offering {
namespace {

// What is being deleted is no source: publishing would freeze what its owner takes back.
ObjectPtr find_source(const Caches& caches, const Gvr& resource, const ObjectName& name) {
  const auto found = caches.get(kinds::bucket(resource), name);
  return found != nullptr && found->header().deleting ? nullptr : found;
}

Result<Sources> look_at_sources(const ServiceOffering& offering, const Caches& caches) {
  Sources sources;
  const auto& ref = offering.spec.template_ref;
  if (const auto found = find_source(caches, kinds::service_templates(), {ref.ns, ref.name})) {
    CHARTER_TRY_ASSIGN(auto sold, read_service_template(found->bare_tree()));
    sources.sold = std::move(sold.spec);
    for (const auto& name : service_template::image_names(*sources.sold)) {
      const auto image = find_source(caches, kinds::images(), {"", name});
      if (image == nullptr) continue;
      CHARTER_TRY_ASSIGN(auto read, read_image(image->bare_tree()));
      sources.images.emplace(name, std::move(read.spec));
    }
  }
  if (!offering.spec.billing) return sources;
  const ObjectName card{"", offering.spec.billing->rate_card};
  if (const auto found = find_source(caches, kinds::rate_cards(), card)) {
    CHARTER_TRY_ASSIGN(auto read, read_rate_card(found->bare_tree()));
    sources.rates = std::move(read.spec.rates);
  }
  return sources;
}

class ServiceOfferingReconciler final : public Shell<ServiceOffering, Observed, Action> {
 public:
  explicit ServiceOfferingReconciler(const Runtime& rt)
      : Shell(rt, {.resource = kinds::service_offerings(),
                   .finalizers = {std::string(kInUseFinalizer)},
                   .component = "charter-service-offering",
                   .phase = phase_of}) {}

 private:
  Result<ServiceOffering> read(const Json& object) const override {
    return read_service_offering(object);
  }
  Json render(const ServiceOffering::Status& status) const override { return status_json(status); }

  Result<Observed> observe(const ServiceOffering& offering) override {
    Observed have;
    have.now = rt_.clock.now();
    CHARTER_TRY_ASSIGN(have.sources, look_at_sources(offering, rt_.caches));
    const auto bucket = kinds::bucket(kinds::service_offering_revisions());
    for (const auto& found : rt_.caches.list_by(bucket, kByOffering, offering.meta.name)) {
      if (found->header().deleting) continue;
      CHARTER_TRY_ASSIGN(auto read, read_service_offering_revision(found->bare_tree()));
      if (read.spec.offering.uid != offering.meta.uid) continue;
      const auto created = parse_time(read.meta.created).value_or(have.now);
      have.revisions.push_back({read.meta.name, created, std::move(read.spec)});
    }
    const auto contracts = kinds::bucket(kinds::contracts());
    for (const auto& contract :
         rt_.caches.list_by(contracts, contract::kByOffering, offering.meta.name)) {
      const auto& header = contract->header();
      if (!contract::has_ended(header)) have.contracts.push_back(header.ns + "/" + header.name);
    }
    return have;
  }

  Step decide(const ServiceOffering& offering, const Observed& have) const override {
    return plan(offering, have);
  }

  Status act(const ServiceOffering& offering, const Action& action) override {
    const auto& create = std::get<CreateRevision>(action);
    const auto& resource = kinds::service_offering_revisions();
    auto revision = new_object(resource, {"", create.name}, spec_json(create.spec));
    add_owner(revision, kinds::service_offerings(), offering.meta);
    add_finalizer(revision, kInUseFinalizer);
    const auto created = rt_.client.create(resource, revision);
    if (created || created.error().code == Code::AlreadyExists) return {};
    return created.error();
  }
};

}  // namespace

KindHooks hooks() {
  return {.admit = admit, .guard = {}, .index = {}};
}

ControllerSpec controller() {
  ControllerSpec spec;
  spec.name = "service-offering";
  spec.primary = kinds::service_offerings();
  spec.watches = {{kinds::service_templates(), offerings_of_template},
                  {kinds::images(), offerings_of_image},
                  {kinds::rate_cards(), offerings_of_rate_card},
                  {kinds::service_offering_revisions(), offering_of},
                  {kinds::contracts(), offering_of}};
  spec.indexes = {{kinds::service_offerings(), kByTemplate, template_index},
                  {kinds::service_offerings(), kByRateCard, rate_card_index()},
                  {kinds::service_templates(), kByImage, image_index},
                  {kinds::service_offering_revisions(), kByOffering, offering_index()},
                  {kinds::contracts(), contract::kByOffering, offering_index()}};
  spec.make = [](const Runtime& rt) { return std::make_unique<ServiceOfferingReconciler>(rt); };
  watch_pauses(spec, PauseReach::ClusterObject);
  return spec;
}

}  // namespace charter::service_offering
