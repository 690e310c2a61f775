#include "controller/api/rbac_cover.h"

#include "controller/base/limits.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace charter {
namespace {

bool holds(const std::vector<std::string>& list, const std::string& wanted) {
  return std::any_of(list.begin(), list.end(), [&wanted](const std::string& entry) {
    return entry == "*" || entry == wanted;
  });
}

bool covers_resource(const std::vector<std::string>& held, const std::string& resource) {
  if (holds(held, resource)) return true;
  const size_t slash = resource.find('/');
  if (slash == std::string::npos) return false;
  const std::string every = "*" + resource.substr(slash);
  return std::find(held.begin(), held.end(), every) != held.end();
}

/// One permission: a rule whose lists have one entry each.
bool covers_one(const PolicyRule& held, const PolicyRule& one) {
  if (!holds(held.verbs, one.verbs.front())) return false;
  if (!one.non_resource_urls.empty()) {
    const std::string& path = one.non_resource_urls.front();
    return std::any_of(held.non_resource_urls.begin(), held.non_resource_urls.end(),
                       [&path](const std::string& pattern) { return covers_path(pattern, path); });
  }
  if (!holds(held.api_groups, one.api_groups.front())) return false;
  if (!covers_resource(held.resources, one.resources.front())) return false;
  const auto& names = held.resource_names;
  if (names.empty()) return true;
  if (one.resource_names.empty()) return false;
  return std::find(names.begin(), names.end(), one.resource_names.front()) != names.end();
}

size_t count_permissions(const PolicyRule& rule) {
  const size_t names = std::max<size_t>(rule.resource_names.size(), 1);
  return rule.verbs.size() *
         (rule.api_groups.size() * rule.resources.size() * names + rule.non_resource_urls.size());
}

void break_down(const PolicyRule& rule, std::vector<PolicyRule>& out) {
  for (const std::string& group : rule.api_groups) {
    for (const std::string& resource : rule.resources) {
      for (const std::string& verb : rule.verbs) {
        if (rule.resource_names.empty()) out.push_back({{verb}, {group}, {resource}, {}, {}});
        for (const std::string& name : rule.resource_names)
          out.push_back({{verb}, {group}, {resource}, {name}, {}});
      }
    }
  }
  for (const std::string& path : rule.non_resource_urls) {
    for (const std::string& verb : rule.verbs)
      out.push_back({{verb}, {}, {}, {}, {path}});
  }
}

}  // namespace

Result<std::vector<PolicyRule>> missing_rules(const std::vector<PolicyRule>& held,
                                              const std::vector<PolicyRule>& wanted) {
  size_t count = 0;
  for (const PolicyRule& rule : wanted) {
    count += count_permissions(rule);
    if (count > limits::kRbacPermissionsMax) {
      return Error{Code::Forbidden,
                   "the rules grant more than " + std::to_string(limits::kRbacPermissionsMax) +
                       " single permissions: whether each is held can't be checked"};
    }
  }
  std::vector<PolicyRule> missing;
  for (const PolicyRule& rule : wanted) {
    std::vector<PolicyRule> single;
    break_down(rule, single);
    for (PolicyRule& one : single) {
      const bool covered = std::any_of(held.begin(), held.end(), [&one](const PolicyRule& owned) {
        return covers_one(owned, one);
      });
      if (!covered) missing.push_back(std::move(one));
    }
  }
  return compact_rules(missing);
}

std::vector<PolicyRule> compact_rules(const std::vector<PolicyRule>& rules) {
  using Key = std::tuple<std::string, std::string, std::vector<std::string>>;
  std::vector<PolicyRule> out;
  std::map<Key, size_t> places;
  for (const PolicyRule& rule : rules) {
    const bool simple = rule.api_groups.size() == 1 && rule.resources.size() == 1 &&
                        rule.resource_names.size() <= 1 && rule.non_resource_urls.empty();
    if (!simple) {
      out.push_back(rule);
      continue;
    }
    const auto [place, added] =
        places.emplace(Key{rule.api_groups[0], rule.resources[0], rule.resource_names}, out.size());
    if (added) {
      out.push_back(rule);
      continue;
    }
    auto& verbs = out[place->second].verbs;
    for (const std::string& verb : rule.verbs) {
      if (std::find(verbs.begin(), verbs.end(), verb) == verbs.end()) verbs.push_back(verb);
    }
  }
  return out;
}

}  // namespace charter
