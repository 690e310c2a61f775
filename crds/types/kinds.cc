#include "crds/types/kinds.h"

#include "controller/base/check.h"
#include "controller/object/view.h"

namespace charter::kinds {
namespace {

/// A resource and its kind.
struct Entry {
  Gvr gvr;
  std::string_view kind;
};

Entry ours(const char* resource, std::string_view kind) {
  return {Gvr{std::string(kGroup), std::string(kVersion), resource}, kind};
}

const Entry& entry(size_t index) {
  static const Entry kEntries[] = {
      ours("providers", "Provider"),
      ours("images", "Image"),
      ours("servicetemplates", "ServiceTemplate"),
      ours("ratecards", "RateCard"),
      ours("serviceofferings", "ServiceOffering"),
      ours("serviceofferingrevisions", "ServiceOfferingRevision"),
      ours("accounts", "Account"),
      ours("contracts", "Contract"),
      ours("serviceinstances", "ServiceInstance"),
      ours("machines", "Machine"),
      ours("volumes", "Volume"),
      ours("usagereports", "UsageReport"),
      ours("invoices", "Invoice"),
      ours("gitsources", "GitSource"),
      {Gvr{"", "v1", "namespaces"}, "Namespace"},
      {Gvr{"", "v1", "secrets"}, "Secret"},
      {Gvr{"", "v1", "serviceaccounts"}, "ServiceAccount"},
      {Gvr{"rbac.authorization.k8s.io", "v1", "roles"}, "Role"},
      {Gvr{"rbac.authorization.k8s.io", "v1", "rolebindings"}, "RoleBinding"},
      {Gvr{"rbac.authorization.k8s.io", "v1", "clusterroles"}, "ClusterRole"},
      {Gvr{"rbac.authorization.k8s.io", "v1", "clusterrolebindings"}, "ClusterRoleBinding"},
  };
  return kEntries[index];
}
constexpr size_t kEntryCount = 21;

}  // namespace

const Gvr& providers() {
  return entry(0).gvr;
}
const Gvr& images() {
  return entry(1).gvr;
}
const Gvr& service_templates() {
  return entry(2).gvr;
}
const Gvr& rate_cards() {
  return entry(3).gvr;
}
const Gvr& service_offerings() {
  return entry(4).gvr;
}
const Gvr& service_offering_revisions() {
  return entry(5).gvr;
}
const Gvr& accounts() {
  return entry(6).gvr;
}
const Gvr& contracts() {
  return entry(7).gvr;
}
const Gvr& service_instances() {
  return entry(8).gvr;
}
const Gvr& machines() {
  return entry(9).gvr;
}
const Gvr& volumes() {
  return entry(10).gvr;
}
const Gvr& usage_reports() {
  return entry(11).gvr;
}
const Gvr& invoices() {
  return entry(12).gvr;
}
const Gvr& git_sources() {
  return entry(13).gvr;
}
const Gvr& namespaces() {
  return entry(14).gvr;
}
const Gvr& secrets() {
  return entry(15).gvr;
}
const Gvr& service_accounts() {
  return entry(16).gvr;
}
const Gvr& roles() {
  return entry(17).gvr;
}
const Gvr& role_bindings() {
  return entry(18).gvr;
}
const Gvr& cluster_roles() {
  return entry(19).gvr;
}
const Gvr& cluster_role_bindings() {
  return entry(20).gvr;
}

std::string bucket(const Gvr& resource) {
  return bucket_of(resource.group, resource.resource);
}

std::string_view kind_of(const Gvr& resource) {
  for (size_t i = 0; i < kEntryCount; ++i) {
    if (entry(i).gvr == resource) return entry(i).kind;
  }
  check_failed("kind_of: one of the product's resources", __FILE__, __LINE__);
}

}  // namespace charter::kinds
