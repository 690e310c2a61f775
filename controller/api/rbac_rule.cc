#include "controller/api/rbac_rule.h"

#include "controller/object/causes.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

constexpr std::string_view kAny = "*";

std::vector<std::string> texts(const Json& object, const char* member) {
  std::vector<std::string> out;
  const auto found = object.find(member);
  if (found == object.end() || !found->is_array()) return out;
  for (const Json& entry : *found) {
    if (entry.is_string()) out.push_back(entry.get<std::string>());
  }
  return out;
}

bool holds(const std::vector<std::string>& list, std::string_view wanted) {
  return std::any_of(list.begin(), list.end(), [wanted](const std::string& entry) {
    return entry == kAny || entry == wanted;
  });
}

/// "*" covers all, "a/b" and "a" themselves, "*/b" the subresource b of everything.
bool covers_resource(const std::vector<std::string>& resources, const AccessRequest& request) {
  const std::string_view sub = request.subresource;
  for (const std::string& entry : resources) {
    if (entry == kAny) return true;
    if (sub.empty()) {
      if (entry == request.resource) return true;
      continue;
    }
    const std::string_view text = entry;
    const size_t slash = text.find('/');
    if (slash == std::string_view::npos || text.substr(slash + 1) != sub) continue;
    const std::string_view resource = text.substr(0, slash);
    if (resource == kAny || resource == request.resource) return true;
  }
  return false;
}

void append_list(std::string& out, const char* name, const std::vector<std::string>& list) {
  if (list.empty()) return;
  if (out.size() > 1) out += ", ";
  out.append(name).append(":[");
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out += ' ';
    out += go_quote(list[i]);
  }
  out += ']';
}

}  // namespace

std::string AccessRequest::combined_resource() const {
  return subresource.empty() ? resource : resource + "/" + subresource;
}

std::vector<PolicyRule> read_rules(const Json& role) {
  std::vector<PolicyRule> out;
  if (!role.is_object()) return out;
  const auto rules = role.find("rules");
  if (rules == role.end() || !rules->is_array()) return out;
  for (const Json& rule : *rules) {
    if (!rule.is_object()) continue;
    out.push_back({texts(rule, "verbs"), texts(rule, "apiGroups"), texts(rule, "resources"),
                   texts(rule, "resourceNames"), texts(rule, "nonResourceURLs")});
  }
  return out;
}

Json to_json(const PolicyRule& rule) {
  Json out = {{"verbs", rule.verbs}};
  const auto put = [&out](const char* member, const std::vector<std::string>& list) {
    if (!list.empty()) out[member] = list;
  };
  put("apiGroups", rule.api_groups);
  put("resources", rule.resources);
  put("resourceNames", rule.resource_names);
  put("nonResourceURLs", rule.non_resource_urls);
  return out;
}

std::string to_string(const PolicyRule& rule) {
  std::string out = "{";
  append_list(out, "APIGroups", rule.api_groups);
  append_list(out, "Resources", rule.resources);
  append_list(out, "NonResourceURLs", rule.non_resource_urls);
  append_list(out, "ResourceNames", rule.resource_names);
  append_list(out, "Verbs", rule.verbs);
  return out + "}";
}

bool covers_path(std::string_view pattern, std::string_view path) {
  if (pattern == path) return true;
  if (!pattern.ends_with('*')) return false;
  return path.starts_with(pattern.substr(0, pattern.find_last_not_of('*') + 1));
}

bool allows(const PolicyRule& rule, const AccessRequest& request) {
  if (!holds(rule.verbs, request.verb)) return false;
  if (request.path) {
    return std::any_of(
        rule.non_resource_urls.begin(), rule.non_resource_urls.end(),
        [&request](const std::string& pattern) { return covers_path(pattern, *request.path); });
  }
  if (!holds(rule.api_groups, request.group) || !covers_resource(rule.resources, request))
    return false;
  const auto& names = rule.resource_names;
  return names.empty() || std::find(names.begin(), names.end(), request.name) != names.end();
}

}  // namespace charter
