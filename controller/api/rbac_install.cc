#include "controller/api/rbac_install.h"

#include "controller/api/blocking_write.h"
#include "controller/api/rbac_cover.h"
#include "controller/base/check.h"
#include "controller/base/log.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

constexpr const char* kAutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";
constexpr const char* kBootstrapping = "kubernetes.io/bootstrapping";

/// What `list` lacks of `wanted` is added at its end.
void add_missing(Json& list, const Json& wanted) {
  if (!list.is_array()) list = Json::array();
  for (const Json& entry : wanted) {
    if (std::find(list.begin(), list.end(), entry) == list.end()) list.push_back(entry);
  }
}

/// The object with what `wanted` has and it lacks.
Result<Json> completed(const Json& before, const Json& wanted) {
  Json next = before;
  for (const char* member : {"labels", "annotations"}) {
    for (const auto& [key, value] : wanted["metadata"][member].items()) {
      if (!next["metadata"][member].contains(key)) next["metadata"][member][key] = value;
    }
  }
  if (wanted.contains("aggregationRule")) {
    add_missing(next["aggregationRule"]["clusterRoleSelectors"],
                wanted["aggregationRule"]["clusterRoleSelectors"]);
    return next;
  }
  if (wanted.contains("subjects")) add_missing(next["subjects"], wanted["subjects"]);
  if (!wanted.contains("rules")) return next;
  CHARTER_TRY_ASSIGN(const auto missing, missing_rules(read_rules(before), read_rules(wanted)));
  for (const PolicyRule& rule : missing)
    next["rules"].push_back(to_json(rule));
  return next;
}

Status put(ResourceVerbs& verbs, const ResourceTypePtr& type, Json wanted) {
  const std::string name = text_at(wanted, {"metadata", "name"});
  wanted["metadata"]["annotations"][kAutoUpdate] = "true";
  wanted["metadata"]["labels"][kBootstrapping] = "rbac-defaults";
  BlockingWrite write;
  const ObjectPtr current = verbs.parts().store.get(type->bucket(), {"", name});
  if (!current) {
    verbs.create(type, "", std::move(wanted), install_options(), write.done());
    CHARTER_TRY(write.take());
    return {};
  }
  const Json before = current->tree();
  if (text_at(before, {"metadata", "annotations", kAutoUpdate}) == "false") return {};
  if (before.value("roleRef", Json()) != wanted.value("roleRef", Json())) {
    // roleRef can't be changed: somebody put another binding in the place of ours, on purpose.
    log_warn("rbac", "a default binding names another role and is left alone", {{"name", name}});
    return {};
  }
  const auto edit = [wanted = std::move(wanted)](const Json* now) {
    return completed(*now, wanted);
  };
  verbs.modify(type, {"", name}, "", edit, install_options(), write.done());
  CHARTER_TRY(write.take());
  return {};
}

}  // namespace

Status install_roles(ResourceVerbs& verbs, std::span<const embedded::File> files) {
  const auto table = verbs.parts().kinds.table();
  for (const embedded::File& file : files) {
    CHARTER_TRY_ASSIGN(const std::vector<Json> documents, parse_yaml_stream(file.text));
    for (const Json& document : documents) {
      const ResourceType* type =
          table->find_kind(text_at(document, {"apiVersion"}), text_at(document, {"kind"}));
      CHECK_MSG(type && !type->namespaced, file.name);
      CHARTER_TRY(put(verbs, ResourceTypePtr(table, type), document));
    }
  }
  return {};
}

}  // namespace charter
