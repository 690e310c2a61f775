#include "reconcilers/account/permissions.h"

#include "crds/types/kinds.h"

#include <nlohmann/json.hpp>

namespace charter::account {
namespace {

using Words = std::vector<std::string>;

const Words kRead = {"get", "list", "watch"};

Words with(const Words& verbs, std::initializer_list<std::string_view> more) {
  Words out = verbs;
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

Json rule(std::string_view group, const Words& resources, const Words& verbs) {
  return {{"apiGroups", {std::string(group)}}, {"resources", resources}, {"verbs", verbs}};
}

Json contract_rule(std::initializer_list<std::string_view> verbs) {
  return rule(kinds::kGroup, {"contracts"}, with(with(kRead, {"update", "patch"}), verbs));
}

Json configure_rules() {
  return {rule(kinds::kGroup, {"serviceinstances", "volumes"},
               with(kRead, {"create", "update", "patch", "delete", "deletecollection"})),
          rule(kinds::kGroup, {"serviceinstances/scale"}, {"get", "update", "patch"}),
          rule(kinds::kGroup, {"machines", "contracts"}, kRead),
          rule("", {"secrets", "events"}, kRead)};
}

Json report_rules() {
  return {rule(kinds::kGroup, {"usagereports"}, with(kRead, {"create", "delete"})),
          rule(kinds::kGroup, {"contracts/usage"}, {"get"}),
          rule(kinds::kGroup, {"contracts", "invoices"}, kRead), rule("", {"events"}, kRead)};
}

}  // namespace

Json namespace_rules(Permission permission) {
  switch (permission) {
    case Permission::RequestContract:
      return Json::array({contract_rule({"create", kAmendVerb})});
    case Permission::AcceptContract:
      return Json::array({contract_rule({kAcceptVerb})});
    case Permission::Terminate:
      return Json::array({contract_rule({"delete", kTerminateVerb})});
    case Permission::Configure:
      return configure_rules();
    case Permission::ChangeCapacity:
      return Json::array(
          {rule(kinds::kGroup, {"serviceinstances"}, kRead),
           rule(kinds::kGroup, {"serviceinstances/scale"}, {"get", "update", "patch"})});
    case Permission::ReadReports:
      return report_rules();
    case Permission::AdministerAccount:
      break;
  }
  return Json::array({rule("rbac.authorization.k8s.io", {"roles", "rolebindings"}, kRead)});
}

Json cluster_rules(const std::string& account) {
  Json own = rule(kinds::kGroup, {"accounts"}, {"get", "update", "patch"});
  own["resourceNames"] = {account};
  return Json::array({std::move(own)});
}

std::string role_name(Permission permission) {
  std::string out = "charter:";
  for (const char c : to_word(permission)) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && out.back() != ':') out += '-';
    out += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

std::string cluster_role_name(const std::string& account) {
  return "charter:account:" + account;
}

}  // namespace charter::account
