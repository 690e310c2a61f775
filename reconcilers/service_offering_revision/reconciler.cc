#include "reconcilers/service_offering_revision/reconciler.h"

#include "crds/types/kinds.h"
#include "crds/types/service_offering.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/contract/look.h"
#include "reconcilers/contract/units.h"
#include "reconcilers/service_instance/holdings.h"
#include "reconcilers/service_instance/look.h"
#include "reconcilers/service_offering/references.h"
#include "reconcilers/service_offering_revision/admit.h"
#include "reconcilers/service_offering_revision/plan.h"

#include <nlohmann/json.hpp>

namespace charter::service_offering_revision {
namespace {

using service_offering::field_of;

constexpr const char* kAcceptedField = "status.accepted.revision";
constexpr const char* kByAccepted = "contract accepted revision";

std::vector<ObjectName> revision_of_instance(const Encoded& instance, const Caches&) {
  const auto name = field_of(instance.header(), service_instance::kRevisionField);
  if (name.empty()) return {};
  return {{"", name}};
}

std::vector<std::string> texts(const std::vector<ObjectPtr>& objects) {
  std::vector<std::string> names;
  for (const auto& name : service_offering::names_of(objects))
    names.push_back(to_string(name));
  return names;
}

class RevisionReconciler final : public Shell<ServiceOfferingRevision, Observed, Action> {
 public:
  explicit RevisionReconciler(const Runtime& rt)
      : Shell(rt, {.resource = kinds::service_offering_revisions(),
                   .finalizers = {std::string(kInUseFinalizer)},
                   .component = "charter-service-offering-revision",
                   .phase = phase_of}) {}

 private:
  Result<ServiceOfferingRevision> read(const Json& object) const override {
    return read_service_offering_revision(object);
  }
  Json render(const ServiceOfferingRevision::Status& status) const override {
    return status_json(status);
  }

  Result<std::optional<OfferingFacts>> look_at_offering(const UidRef& ref) const {
    std::optional<OfferingFacts> facts;
    const auto found = rt_.caches.get(kinds::bucket(kinds::service_offerings()), {"", ref.name});
    if (found == nullptr || found->header().uid != ref.uid) return facts;
    CHARTER_TRY_ASSIGN(const auto offering, read_service_offering(found->bare_tree()));
    facts = OfferingFacts{offering.status.revision, offering.status.edition,
                          found->header().deleting, false};
    const auto bucket = kinds::bucket(kinds::contracts());
    for (const auto& contract : rt_.caches.list_by(bucket, contract::kByOffering, ref.name)) {
      const auto& header = contract->header();
      if (contract::has_ended(header) || !field_of(header, kAcceptedField).empty()) continue;
      facts->undecided = true;
      break;
    }
    return facts;
  }

  Result<Observed> observe(const ServiceOfferingRevision& revision) override {
    Observed have;
    CHARTER_TRY_ASSIGN(have.offering, look_at_offering(revision.spec.offering));
    const auto& name = revision.meta.name;
    have.contracts =
        texts(rt_.caches.list_by(kinds::bucket(kinds::contracts()), kByAccepted, name));
    have.instances = texts(rt_.caches.list_by(kinds::bucket(kinds::service_instances()),
                                              service_instance::kByRevision, name));
    return have;
  }

  Step decide(const ServiceOfferingRevision& revision, const Observed& have) const override {
    return plan(revision, have);
  }

  Status act(const ServiceOfferingRevision& revision, const Action&) override {
    auto gone = rt_.client.remove(kinds::service_offering_revisions(), {"", revision.meta.name},
                                  {.uid = revision.meta.uid, .version = 0, .propagation = {}});
    if (!gone && gone.error().code == Code::NotFound) return {};
    return gone;
  }
};

}  // namespace

KindHooks hooks() {
  return {.admit = admit, .guard = {}, .index = header_fields};
}

ControllerSpec controller() {
  ControllerSpec spec;
  spec.name = "service-offering-revision";
  spec.primary = kinds::service_offering_revisions();
  spec.watches = {{kinds::service_offerings(), service_offering::revisions_of_offering},
                  {kinds::contracts(), service_offering::revisions_of_contract},
                  {kinds::service_instances(), revision_of_instance}};
  spec.indexes = {{kinds::service_offering_revisions(), service_offering::kByOffering,
                   service_offering::offering_index()},
                  {kinds::contracts(), contract::kByOffering, service_offering::offering_index()},
                  {kinds::contracts(), kByAccepted, index_by_field(kAcceptedField)},
                  {kinds::service_instances(), service_instance::kByRevision,
                   index_by_field(service_instance::kRevisionField)}};
  spec.make = [](const Runtime& rt) { return std::make_unique<RevisionReconciler>(rt); };
  watch_pauses(spec, PauseReach::ClusterObject);
  return spec;
}

}  // namespace charter::service_offering_revision
