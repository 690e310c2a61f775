#include "reconcilers/git_source/guards.h"

#include "controller/object/conditions.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/git_source/plan.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::git_source {
namespace {

std::string confirm_with(const Json& object) {
  const std::string ns = text_at(object, {"metadata", "namespace"});
  std::string kind = text_at(object, {"kind"});
  std::transform(kind.begin(), kind.end(), kind.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return "confirm with: kubectl annotate " + kind + " " + text_at(object, {"metadata", "name"}) +
         (ns.empty() ? "" : " -n " + ns) + " " + std::string(kConfirmPrune) + "=true";
}

bool is_confirmed(const Json& object) {
  return at(object, {"metadata", "annotations", kConfirmPrune}) != nullptr;
}

bool is_over(const Json& contract) {
  const auto ready = find_condition(contract, "Ready");
  return ready && (ready->reason == "Terminated" || ready->reason == "Expired");
}

std::string guard_of_contract(const Json& contract) {
  const Json* lock = at(contract, {"spec", "deletionProtection"});
  if (lock == nullptr || !lock->is_boolean() || lock->get<bool>()) {
    return "deletionProtection is on; lift it with: kubectl patch contract " +
           text_at(contract, {"metadata", "name"}) + " -n " +
           text_at(contract, {"metadata", "namespace"}) +
           " --type=merge -p '{\"spec\":{\"deletionProtection\":false}}'";
  }
  const bool runs = condition_is_true(contract, "Accepted") && !is_over(contract);
  return !runs || is_confirmed(contract) ? std::string()
                                         : "the contract is in force; " + confirm_with(contract);
}

}  // namespace

std::string guard_of(const Json& object) {
  const std::string kind = text_at(object, {"kind"});
  if (kind == "Contract") return guard_of_contract(object);
  const bool guarded = kind == "Account" || kind == "Namespace" ||
                       kind == "CustomResourceDefinition" || kind == "Volume";
  if (!guarded || is_confirmed(object)) return {};
  return (kind == "Volume" ? "its data would be lost; "
                           : "what belongs to it would be deleted as well; ") +
         confirm_with(object);
}

std::string field_manager_of(const std::string& source) {
  return child_name({"charter-git", source});
}

bool is_still_of(const Json& object, const std::string& manager) {
  const Json* managers = at(object, {"metadata", "managedFields"});
  if (managers == nullptr || !managers->is_array() || managers->empty()) return true;
  return std::any_of(managers->begin(), managers->end(),
                     [&](const Json& entry) { return text_at(entry, {"manager"}) == manager; });
}

}  // namespace charter::git_source
