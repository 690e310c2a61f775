#include "controller/api/rbac_validate.h"

#include "controller/api/rbac_rule.h"
#include "controller/base/limits.h"
#include "controller/object/causes.h"
#include "controller/object/labels.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

const Json* list_at(const Json& object, const char* member) {
  const Json* list = at(object, {member});
  return list && list->is_array() ? list : nullptr;
}

size_t count_at(const Json& object, const char* member) {
  const Json* list = list_at(object, member);
  return list ? list->size() : 0;
}

/// A list of strings as Go prints it in a finding.
std::string go_strings(const Json& list) {
  std::string out = "[]string{";
  for (const Json& entry : list)
    out += (out.back() == '{' ? "" : ", ") + go_quote(entry.get<std::string>());
  return out + "}";
}

bool is_binding(const ResourceType& type) {
  return type.kind.ends_with("Binding");
}

void check_rule(const Json& rule, const std::string& field, bool namespaced,
                std::vector<Cause>& causes) {
  for (const char* member :
       {"verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"}) {
    if (count_at(rule, member) <= limits::kRbacListMax) continue;
    causes.push_back(
        too_many_cause(field + "." + member, count_at(rule, member), limits::kRbacListMax));
  }
  if (count_at(rule, "verbs") == 0)
    causes.push_back(required_cause(field + ".verbs", "verbs must contain at least one value"));
  if (count_at(rule, "nonResourceURLs") > 0) {
    const std::string path = field + ".nonResourceURLs";
    const auto refuse = [&](const char* why) {
      causes.push_back(
          {"FieldValueInvalid",
           "Invalid value: " + go_strings(*list_at(rule, "nonResourceURLs")) + ": " + why, path});
    };
    if (namespaced) refuse("namespaced rules cannot apply to non-resource URLs");
    if (count_at(rule, "apiGroups") + count_at(rule, "resources") +
            count_at(rule, "resourceNames") >
        0) {
      refuse("rules cannot apply to both regular resources and non-resource URLs");
    }
    return;
  }
  if (count_at(rule, "apiGroups") == 0) {
    causes.push_back(
        required_cause(field + ".apiGroups", "resource rules must supply at least one api group"));
  }
  if (count_at(rule, "resources") == 0) {
    causes.push_back(
        required_cause(field + ".resources", "resource rules must supply at least one resource"));
  }
}

void check_aggregation(const Json& object, std::vector<Cause>& causes) {
  const Json* rule = at(object, {"aggregationRule"});
  if (!rule || rule->is_null()) return;
  const std::string field = "aggregationRule.clusterRoleSelectors";
  const Json* selectors = list_at(*rule, "clusterRoleSelectors");
  if (!selectors || selectors->empty()) {
    causes.push_back(required_cause(
        field, "at least one clusterRoleSelector required if aggregationRule is non-nil"));
    return;
  }
  if (selectors->size() > limits::kRbacListMax) {
    causes.push_back(too_many_cause(field, selectors->size(), limits::kRbacListMax));
    return;
  }
  for (size_t i = 0; i < selectors->size(); ++i) {
    const auto parsed = Selector::from_json((*selectors)[i]);
    if (!parsed)
      causes.push_back(invalid_cause(field + "[" + std::to_string(i) + "]", (*selectors)[i],
                                     parsed.error().message));
  }
}

void check_role(const ResourceType& type, const Json& object, std::vector<Cause>& causes) {
  const Json* rules = list_at(object, "rules");
  if (rules && rules->size() > limits::kRbacRulesMax) {
    causes.push_back(too_many_cause("rules", rules->size(), limits::kRbacRulesMax));
    return;
  }
  for (size_t i = 0; rules && i < rules->size() && causes.size() < limits::kCausesMax; ++i) {
    check_rule((*rules)[i], "rules[" + std::to_string(i) + "]", type.namespaced, causes);
  }
  if (!type.namespaced) check_aggregation(object, causes);
}

void check_subject(const Json& subject, const std::string& field, bool namespaced,
                   std::vector<Cause>& causes) {
  const std::string kind = text_at(subject, {"kind"});
  const std::string name = text_at(subject, {"name"});
  const std::string group = text_at(subject, {"apiGroup"});
  if (name.empty()) causes.push_back(required_cause(field + ".name"));
  if (kind == "ServiceAccount") {
    const std::string problem = name.empty() ? "" : subdomain_problem(name);
    if (!problem.empty()) causes.push_back(invalid_cause(field + ".name", name, problem));
    if (!group.empty()) causes.push_back(unsupported_cause(field + ".apiGroup", group, {""}));
    if (!namespaced && text_at(subject, {"namespace"}).empty())
      causes.push_back(required_cause(field + ".namespace"));
  } else if (kind == "User" || kind == "Group") {
    if (group != kRbacGroup)
      causes.push_back(unsupported_cause(field + ".apiGroup", group, {std::string(kRbacGroup)}));
  } else {
    causes.push_back(unsupported_cause(field + ".kind", kind, {"ServiceAccount", "User", "Group"}));
  }
}

/// roleRef as Go prints the structure.
std::string go_role_ref(const Json& ref) {
  return "rbac.RoleRef{APIGroup:" + go_quote(text_at(ref, {"apiGroup"})) +
         ", Kind:" + go_quote(text_at(ref, {"kind"})) +
         ", Name:" + go_quote(text_at(ref, {"name"})) + "}";
}

void check_role_ref(const Json& ref, std::vector<Cause>& causes, bool namespaced) {
  const std::string group = text_at(ref, {"apiGroup"});
  const std::string kind = text_at(ref, {"kind"});
  const std::string name = text_at(ref, {"name"});
  if (group != kRbacGroup)
    causes.push_back(unsupported_cause("roleRef.apiGroup", group, {std::string(kRbacGroup)}));
  const std::vector<std::string> kinds = namespaced
                                             ? std::vector<std::string>{"Role", "ClusterRole"}
                                             : std::vector<std::string>{"ClusterRole"};
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
    causes.push_back(unsupported_cause("roleRef.kind", kind, kinds));
  if (name.empty()) {
    causes.push_back(required_cause("roleRef.name"));
  } else if (const std::string problem = rbac_name_problem(name); !problem.empty()) {
    causes.push_back(invalid_cause("roleRef.name", name, problem));
  }
}

void check_binding(const ResourceType& type, const Json& object, const Json* before,
                   std::vector<Cause>& causes) {
  const Json ref = object.value("roleRef", Json::object());
  check_role_ref(ref, causes, type.namespaced);
  if (before && go_role_ref(before->value("roleRef", Json::object())) != go_role_ref(ref)) {
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: " + go_role_ref(ref) + ": cannot change roleRef", "roleRef"});
  }
  const Json* subjects = list_at(object, "subjects");
  if (subjects && subjects->size() > limits::kRbacSubjectsMax) {
    causes.push_back(too_many_cause("subjects", subjects->size(), limits::kRbacSubjectsMax));
    return;
  }
  for (size_t i = 0; subjects && i < subjects->size() && causes.size() < limits::kCausesMax; ++i) {
    check_subject((*subjects)[i], "subjects[" + std::to_string(i) + "]", type.namespaced, causes);
  }
}

}  // namespace

bool is_rbac_kind(const ResourceType& type) {
  return type.builtin && type.gvr.group == kRbacGroup;
}

void complete_rbac(const ResourceType& type, Json& object) {
  if (!is_binding(type)) return;
  Json& ref = object["roleRef"];
  if (ref.is_null()) ref = Json::object();
  if (ref.is_object() && text_at(ref, {"apiGroup"}).empty()) ref["apiGroup"] = kRbacGroup;
  const auto subjects = object.find("subjects");
  if (subjects == object.end() || !subjects->is_array()) return;
  for (Json& subject : *subjects) {
    if (!subject.is_object() || !text_at(subject, {"apiGroup"}).empty()) continue;
    const std::string kind = text_at(subject, {"kind"});
    if (kind == "User" || kind == "Group") subject["apiGroup"] = kRbacGroup;
  }
}

void check_rbac(const ResourceType& type, const Json& object, const Json* before,
                std::vector<Cause>& causes) {
  if (is_binding(type)) {
    check_binding(type, object, before, causes);
  } else {
    check_role(type, object, causes);
  }
}

std::string rbac_name_problem(const std::string& name) {
  if (name == "." || name == "..") return "may not be '" + name + "'";
  for (const char* part : {"/", "%"}) {
    if (name.find(part) != std::string::npos) return std::string("may not contain '") + part + "'";
  }
  if (name.size() > limits::kNameBytesMax)
    return "may not be more than " + std::to_string(limits::kNameBytesMax) + " bytes";
  const bool hidden = std::any_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  return hidden ? "may not contain control characters" : "";
}

}  // namespace charter
