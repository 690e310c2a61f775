#pragma once

#include "controller/object/object.h"

// Names of our kinds' resources, and of the built-in ones that reconcilers touch. The only place
// that spells them.
namespace charter::kinds {

/// The API group and version of all our kinds.
constexpr std::string_view kGroup = "charter.dev";
constexpr std::string_view kVersion = "v1alpha1";
constexpr std::string_view kApiVersion = "charter.dev/v1alpha1";

const Gvr& providers();
const Gvr& images();
const Gvr& service_templates();
const Gvr& rate_cards();
const Gvr& service_offerings();
const Gvr& service_offering_revisions();
const Gvr& accounts();
const Gvr& contracts();
const Gvr& service_instances();
const Gvr& machines();
const Gvr& volumes();
const Gvr& usage_reports();
const Gvr& invoices();
const Gvr& git_sources();

const Gvr& namespaces();
const Gvr& secrets();
const Gvr& service_accounts();
const Gvr& roles();
const Gvr& role_bindings();
const Gvr& cluster_roles();
const Gvr& cluster_role_bindings();

/// Bucket of a resource in a View, e.g. "charter.dev/machines" (controller/object/view.h).
std::string bucket(const Gvr& resource);
/// Kind of one of the resources above, e.g. "Machine".
std::string_view kind_of(const Gvr& resource);
/// Key in a HookTable, e.g. "charter.dev/machines".
inline std::string hook_key(const Gvr& resource) {
  return bucket(resource);
}

}  // namespace charter::kinds
