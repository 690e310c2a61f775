#include "reconcilers/account/roles.h"

#include "crds/types/kinds.h"
#include "reconcilers/common/naming.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace charter::account {
namespace {

constexpr const char* kRbacGroup = "rbac.authorization.k8s.io";

const std::vector<Gvr>& role_resources() {
  static const std::vector<Gvr> kAll = {kinds::roles(), kinds::cluster_roles(),
                                        kinds::role_bindings(), kinds::cluster_role_bindings()};
  return kAll;
}

Json subject_json(const Account::Subject& subject) {
  Json out = {{"kind", std::string(to_word(subject.kind))}, {"name", subject.name}};
  if (subject.kind == SubjectKind::ServiceAccount) {
    out["namespace"] = subject.ns;
  } else {
    out["apiGroup"] = kRbacGroup;
  }
  return out;
}

std::map<Permission, Json> subjects_by_permission(const Account& account) {
  std::map<Permission, Json> out;
  for (const auto& member : account.spec.members) {
    for (const auto permission : std::set(member.permissions.begin(), member.permissions.end())) {
      out[permission].push_back(subject_json(member.subject));
    }
  }
  return out;
}

Json blank(const Gvr& resource, const ObjectName& name, const Account& account) {
  Json out = {{"apiVersion", api_version_of(resource.group, resource.version)},
              {"kind", std::string(kinds::kind_of(resource))},
              {"metadata", {{"name", name.name}}}};
  if (!name.ns.empty()) out["metadata"]["namespace"] = name.ns;
  add_label(out, std::string(kAccountLabel), account.meta.name);
  return out;
}

void add_pair(std::vector<Json>& out, const Account& account, const ObjectName& name, Json rules,
              Json subjects) {
  const bool cluster = name.ns.empty();
  Json role = blank(cluster ? kinds::cluster_roles() : kinds::roles(), name, account);
  role["rules"] = std::move(rules);
  Json binding =
      blank(cluster ? kinds::cluster_role_bindings() : kinds::role_bindings(), name, account);
  binding["roleRef"] = {{"apiGroup", kRbacGroup}, {"kind", role["kind"]}, {"name", name.name}};
  binding["subjects"] = std::move(subjects);
  out.push_back(std::move(role));
  out.push_back(std::move(binding));
}

bool holds_all(const Json& have, const Json& want) {
  for (const char* member : {"rules", "roleRef", "subjects"}) {
    if (have.value(member, Json()) != want.value(member, Json())) return false;
  }
  const std::string label(kAccountLabel);
  return text_at(have, {"metadata", "labels", label}) ==
         text_at(want, {"metadata", "labels", label});
}

ObjectName name_of(const Json& object) {
  return {text_at(object, {"metadata", "namespace"}), text_at(object, {"metadata", "name"})};
}

}  // namespace

const Gvr& resource_of(const Json& object) {
  const std::string kind = text_at(object, {"kind"});
  for (const Gvr& resource : role_resources()) {
    if (kinds::kind_of(resource) == kind) return resource;
  }
  return kinds::roles();
}

std::vector<Json> wanted_roles(const Account& account, const View& view) {
  std::vector<Json> out;
  const auto subjects = subjects_by_permission(account);
  for (const auto& ns : account.spec.namespaces) {
    const auto found = view.get(kinds::bucket(kinds::namespaces()), {"", ns});
    if (found == nullptr || found->header().deleting) continue;
    for (const auto& [permission, who] : subjects) {
      add_pair(out, account, {ns, role_name(permission)}, namespace_rules(permission), who);
    }
  }
  if (const auto admins = subjects.find(Permission::AdministerAccount); admins != subjects.end()) {
    add_pair(out, account, {"", cluster_role_name(account.meta.name)},
             cluster_rules(account.meta.name), admins->second);
  }
  return out;
}

std::vector<RoleChange> role_changes(const std::string& account, const std::vector<Json>& wanted,
                                     const View& view) {
  std::vector<RoleChange> puts, drops;
  std::set<std::pair<std::string, ObjectName>> kept;
  for (const Json& object : wanted) {
    const Gvr& resource = resource_of(object);
    kept.insert({resource.resource, name_of(object)});
    const auto have = view.get(kinds::bucket(resource), name_of(object));
    if (have != nullptr && holds_all(have->tree(), object)) continue;
    puts.push_back({RoleChange::Kind::Put, resource, name_of(object), {}});
  }
  std::stable_sort(puts.begin(), puts.end(), [](const RoleChange& a, const RoleChange& b) {
    return a.resource.resource.ends_with("roles") > b.resource.resource.ends_with("roles");
  });
  for (const Gvr& resource : role_resources()) {
    view.scan(kinds::bucket(resource), "", [&](const ObjectPtr& object) {
      const Header& header = object->header();
      const auto* label = find_pair(header.labels, kAccountLabel);
      const ObjectName name{header.ns, header.name};
      if (label == nullptr || *label != account || header.deleting ||
          kept.contains({resource.resource, name}))
        return true;
      drops.push_back({RoleChange::Kind::Drop, resource, name, header.uid});
      return true;
    });
  }
  // Bindings before the roles they name.
  std::reverse(drops.begin(), drops.end());
  puts.insert(puts.end(), drops.begin(), drops.end());
  return puts;
}

}  // namespace charter::account
