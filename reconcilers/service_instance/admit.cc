#include "reconcilers/service_instance/admit.h"

#include "controller/object/causes.h"
#include "crds/types/account.h"
#include "crds/types/kinds.h"
#include "crds/types/provider.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/service_instance/components.h"
#include "reconcilers/service_instance/holdings.h"
#include "reconcilers/service_instance/placement.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace charter::service_instance {
namespace {

// Beyond this the lists in status could not name every machine.
constexpr int64_t kMachinesMax = 1'024;

/// One write being judged.
struct InstanceWrite {
  const ServiceInstance& now;
  const ServiceInstance* before;  ///< null: create
  const View& view;
  std::vector<Cause>& causes;
  Catalogs& catalogs;
};

Error invalid(std::vector<Cause> causes) {
  std::string text;
  for (const auto& cause : causes)
    text += (text.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  return Error{Code::Invalid, std::move(text), {}, std::move(causes)};
}

void check_lease(const InstanceWrite& write) {
  const auto& lease = write.now.spec.lease;
  if (!lease || lease->duration > Duration::zero()) return;
  write.causes.push_back(
      invalid_cause("spec.lease.duration", duration_text(lease->duration), "must be above zero"));
}

const ServiceInstance::VolumeRequest* find_request(const ServiceInstance& instance,
                                                   const std::string& name) {
  const auto& volumes = instance.spec.volumes;
  const auto found = std::find_if(volumes.begin(), volumes.end(),
                                  [&name](const auto& volume) { return volume.name == name; });
  return found == volumes.end() ? nullptr : &*found;
}

void check_volumes(const InstanceWrite& write) {
  std::set<std::string> names;
  const auto& volumes = write.now.spec.volumes;
  for (size_t i = 0; i < volumes.size(); ++i) {
    const auto& volume = volumes[i];
    const auto field = "spec.volumes[" + std::to_string(i) + "]";
    if (!names.insert(volume.name).second)
      write.causes.push_back(duplicate_cause(field + ".name", volume.name));
    const auto* old = write.before ? find_request(*write.before, volume.name) : nullptr;
    if (old == nullptr) continue;
    if (volume.size_bytes < old->size_bytes) {
      write.causes.push_back(
          invalid_cause(field + ".size", bytes_text(volume.size_bytes),
                        "a volume can't shrink without losing what is on it; it has " +
                            bytes_text(old->size_bytes)));
    }
    if (volume.shared != old->shared)
      write.causes.push_back(invalid_cause(field + ".shared", volume.shared, "field is immutable"));
    if (volume.volume_class != old->volume_class) {
      write.causes.push_back(
          invalid_cause(field + ".class", volume.volume_class, "field is immutable"));
    }
  }
}

// Disks that a parameter sizes shrink as little as those of spec.volumes.
void check_no_shrink(const InstanceWrite& write, const Blueprint& now, const Blueprint& before) {
  for (const auto& machine : now.machines) {
    for (const auto& old : before.machines) {
      if (machine.component != old.component) continue;
      if (machine.boot_disk.size_bytes >= old.boot_disk.size_bytes) continue;
      write.causes.push_back(
          invalid_cause("spec.parameters", bytes_text(machine.boot_disk.size_bytes),
                        "the boot disk of " + machine.component + " can't shrink; it has " +
                            bytes_text(old.boot_disk.size_bytes)));
    }
  }
  for (const auto& volume : now.volumes) {
    if (find_request(write.now, volume.name) != nullptr) continue;
    for (const auto& old : before.volumes) {
      if (volume.name != old.name || volume.size_bytes >= old.size_bytes) continue;
      write.causes.push_back(invalid_cause(
          "spec.parameters", bytes_text(volume.size_bytes),
          "volume " + volume.name + " can't shrink; it has " + bytes_text(old.size_bytes)));
    }
  }
}

void check_design(const InstanceWrite& write, const ServiceOfferingRevision::Spec& catalog) {
  const auto now = make_blueprint(catalog, write.now.spec);
  if (!now) {
    write.causes.insert(write.causes.end(), now.error().causes.begin(), now.error().causes.end());
    if (now.error().causes.empty())
      write.causes.push_back(forbidden_cause("spec.parameters", now.error().message));
    return;
  }
  const auto machines = replicas_of(write.now.spec) * static_cast<int64_t>(now->machines.size());
  if (machines > kMachinesMax) {
    write.causes.push_back(invalid_cause("spec.replicas", replicas_of(write.now.spec),
                                         "makes " + std::to_string(machines) +
                                             " machines; an instance has at most " +
                                             std::to_string(kMachinesMax)));
  }
  if (write.before == nullptr) return;
  if (const auto before = make_blueprint(catalog, write.before->spec))
    check_no_shrink(write, *now, *before);
}

// Placements that the provider has to be within, as far as they are known by now.
std::vector<Placement> placements(const InstanceWrite& write, const Contract& contract,
                                  const ServiceOfferingRevision::Spec* catalog) {
  std::vector<Placement> within;
  if (contract.status.accepted && contract.status.accepted->placement) {
    within.push_back(*contract.status.accepted->placement);
  } else if (contract.spec.placement) {
    within.push_back(*contract.spec.placement);
  }
  if (catalog != nullptr) within.push_back(catalog->placement.within);
  if (const auto found = account_of(write.view, write.now.meta.ns)) {
    const auto account = read_account(found->bare_tree());
    if (account && account->spec.placement) within.push_back(*account->spec.placement);
  }
  return within;
}

Status check_provider(const InstanceWrite& write, const std::vector<Placement>& within) {
  const auto& named = write.now.spec.provider;
  if (!named || (write.before && write.before->spec.provider == named)) return {};
  const std::string field = "spec.providerRef.name";
  const auto found = write.view.get(kinds::bucket(kinds::providers()), {"", named->name});
  if (found == nullptr) {
    write.causes.push_back(invalid_cause(field, named->name, "there is no Provider of this name"));
    return {};
  }
  CHARTER_TRY_ASSIGN(const auto provider, read_provider(found->bare_tree()));
  const auto& jurisdiction = provider.spec.location.jurisdiction;
  for (const auto& placement : within) {
    const auto why = outside(placement, named->name, jurisdiction);
    if (why.empty()) continue;
    write.causes.push_back(invalid_cause(field, named->name, "the provider " + why));
    break;
  }
  return {};
}

// An instance is judged by what it is pinned to; a newer revision that its contract accepted
// changes nothing for it.
Result<CatalogPtr> catalog_of(const InstanceWrite& write, const ObjectName& contract) {
  if (write.before != nullptr && !write.before->status.revision.empty()) {
    CHARTER_TRY_ASSIGN(auto pinned,
                       revision_spec(write.view, write.before->status.revision, write.catalogs));
    if (pinned) return pinned;
  }
  CHARTER_TRY_ASSIGN(auto terms, terms_of(write.view, contract, write.catalogs));
  return terms ? std::move(terms->catalog) : CatalogPtr();
}

bool asks_for_the_same(const InstanceWrite& write) {
  const auto* before = write.before;
  return before != nullptr && before->spec.parameters == write.now.spec.parameters &&
         before->spec.volumes == write.now.spec.volumes &&
         before->spec.replicas == write.now.spec.replicas &&
         before->spec.provider == write.now.spec.provider;
}

Status check_against_contract(const InstanceWrite& write) {
  const auto& name = write.now.spec.contract.name;
  // Deactivating, labelling or prolonging must work whatever became of contract and catalog.
  if (asks_for_the_same(write)) return {};
  const ObjectName key{write.now.meta.ns, name};
  const auto found = write.view.get(kinds::bucket(kinds::contracts()), key);
  if (found == nullptr) {
    write.causes.push_back(
        invalid_cause("spec.contractRef.name", name,
                      "there is no Contract of this name in namespace " + write.now.meta.ns));
    return {};
  }
  CHARTER_TRY_ASSIGN(const auto contract, write.catalogs.contracts.get(found, read_contract));
  CHARTER_TRY_ASSIGN(const auto catalog, catalog_of(write, key));
  if (catalog) check_design(write, *catalog);
  return check_provider(write, placements(write, *contract, catalog.get()));
}

}  // namespace

Status admit(const AdmitRequest& request, const View& view, Catalogs& catalogs) {
  if (request.subresource == "status") return {};
  if (request.operation == AdmitRequest::Operation::Delete) return {};
  std::optional<ServiceInstance> before;
  if (request.before != nullptr) {
    CHARTER_TRY_ASSIGN(before, read_service_instance(*request.before));
    if (!before->meta.deleted.empty()) return {};
  }
  CHARTER_TRY_ASSIGN(const auto now, read_service_instance(*request.object));
  std::vector<Cause> causes;
  const InstanceWrite write{now, before ? &*before : nullptr, view, causes, catalogs};
  if (before && before->spec.contract != now.spec.contract) {
    causes.push_back(
        invalid_cause("spec.contractRef.name", now.spec.contract.name, "field is immutable"));
  }
  if (now.spec.replicas.value_or(0) < 0)
    causes.push_back(invalid_cause("spec.replicas", *now.spec.replicas, "must not be negative"));
  check_lease(write);
  check_volumes(write);
  if (!causes.empty()) return invalid(std::move(causes));
  CHARTER_TRY(check_against_contract(write));
  if (!causes.empty()) return invalid(std::move(causes));
  return {};
}

Status guard(const AdmitRequest& request, const View& view, Catalogs& catalogs) {
  if (request.object == nullptr || request.subresource == "status") return {};
  const auto& object = *request.object;
  if (!text_at(object, {"metadata", "deletionTimestamp"}).empty()) return {};
  if (request.before != nullptr && header_fields(object) == header_fields(*request.before))
    return {};
  const ObjectName contract{text_at(object, {"metadata", "namespace"}),
                            text_at(object, {"spec", "contractRef", "name"})};
  CHARTER_TRY_ASSIGN(const auto terms, terms_of(view, contract, catalogs));
  if (!terms) return {};
  const auto short_of = shortages(view, *terms, object, request.before, catalogs);
  if (short_of.empty()) return {};
  std::vector<Cause> causes;
  std::string text;
  for (const auto& shortage : short_of) {
    const auto line = to_string(shortage);
    causes.push_back({"FieldValueForbidden", line, field_of(terms->catalog->units, shortage.unit)});
    text += (text.empty() ? "" : ", ") + line;
  }
  return Error{Code::Forbidden, std::move(text), "TooManyUnits", std::move(causes)};
}

Status admit(const AdmitRequest& request, const View& view) {
  Catalogs once;
  return admit(request, view, once);
}

Status guard(const AdmitRequest& request, const View& view) {
  Catalogs once;
  return guard(request, view, once);
}

}  // namespace charter::service_instance
