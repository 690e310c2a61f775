#include "controller/cli/control_plane.h"

#include "controller/api/rbac_install.h"
#include "controller/runtime/cluster_role_aggregation.h"
#include "controller/runtime/definition_cleaner.h"
#include "controller/runtime/event_expiry.h"
#include "controller/runtime/local_client.h"

#include <string>
#include <utility>
#include <vector>

namespace charter {
namespace {

std::vector<ServedResource> served_resources(const KindTable& table) {
  std::vector<ServedResource> out;
  for (const auto& type : table.all()) {
    if (type->storage) out.push_back({type->gvr, type->kind, type->namespaced});
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<ControlPlane>> ControlPlane::open(const ControlPlaneParts& parts,
                                                         StoreOptions options) {
  std::unique_ptr<ControlPlane> plane(new ControlPlane(parts));
  define_embedded(plane->kinds_, embedded::builtin_kinds(), KindRegistry::Origin::Builtin);
  define_embedded(plane->kinds_, parts.product.definitions, KindRegistry::Origin::Definition);
  options.kinds = stored_kinds(plane->kinds_, plane->parts_.product.hooks);
  CHARTER_TRY_ASSIGN(plane->store_, Store::open(std::move(options)));
  if (parts.webhooks) {
    plane->webhooks_ = std::make_unique<Webhooks>(WebhookParts{
        *plane->store_, plane->kinds_, parts.clock, parts.random, parts.metrics, *parts.webhooks});
  }
  plane->api_ = std::make_unique<ApiServer>(plane->api_parts(), parts.metrics);
  return plane;
}

ControlPlane::~ControlPlane() = default;

ApiParts ControlPlane::api_parts() {
  ApiParts parts{*store_,        kinds_,        parts_.product.hooks,
                 parts_.clock,   parts_.random, parts_.heavy};
  parts.webhooks = webhooks_.get();
  parts.waiting = parts_.waiting;
  return parts;
}

Status ControlPlane::install(const AddControllers& add) {
  manager_ = std::make_unique<Manager>(ManagerParts{[this](const std::string& field_manager) {
                                                      return std::make_shared<LocalClient>(
                                                          api_->verbs(), field_manager);
                                                    },
                                                    parts_.clock, parts_.random, parts_.metrics,
                                                    store_.get()});
  collector_ = std::make_unique<GarbageCollector>(*manager_);
  cleaner_ = std::make_unique<NamespaceCleaner>(*manager_);
  add_definition_cleaner(*manager_);
  add_cluster_role_aggregation(*manager_);
  add_event_expiry(*manager_);
  CHARTER_TRY_ASSIGN(hold_, add(*manager_));
  definitions_ = std::make_unique<Definitions>(api_parts(), [this] { tell_resources(); });
  CHARTER_TRY(definitions_->install(api_->verbs(), parts_.product.definitions));
  CHARTER_TRY(install_roles(api_->verbs(), embedded::builtin_roles()));
  CHARTER_TRY(install_roles(api_->verbs(), parts_.product.roles));
  tell_resources();
  return {};
}

void ControlPlane::tell_resources() {
  const std::vector<ServedResource> resources = served_resources(*kinds_.table());
  collector_->set_resources(resources);
  cleaner_->set_resources(resources);
}

Status ControlPlane::stop() {
  Status stopped = manager_ ? manager_->stop() : Status();
  definitions_.reset();
  store_->stop();
  return stopped;
}

}  // namespace charter
