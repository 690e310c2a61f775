#include "controller/api/audit_policy.h"

#include <algorithm>

namespace charter {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool fits_path(const std::string& pattern, std::string_view path) {
  if (pattern == "*" || pattern == path) return true;
  return pattern.ends_with('*') &&
         path.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
}

/// "pods", "pods/status", "pods/*", "*/status" and "*" as kube-apiserver reads them: "pods" is not
/// its subresources, "pods/*" is both, "*" is everything.
bool fits_resource(std::string_view pattern, const AccessRequest& request,
                   std::string_view combined) {
  if (pattern == "*" || pattern == combined) return true;
  if (!request.subresource.empty() && pattern.starts_with("*/") &&
      pattern.substr(2) == request.subresource)
    return true;
  return pattern.ends_with("/*") && pattern.substr(0, pattern.size() - 2) == request.resource;
}

bool fits(const AuditResources& entry, const AccessRequest& request, std::string_view combined) {
  if (entry.group != request.group) return false;
  if (entry.resources.empty()) return true;
  if (!entry.names.empty() && !contains(entry.names, request.name)) return false;
  return std::any_of(entry.resources.begin(), entry.resources.end(),
                     [&](const std::string& one) { return fits_resource(one, request, combined); });
}

bool fits_object(const AuditRule& rule, const AccessRequest& request) {
  if (request.path) return false;
  if (!rule.namespaces.empty() && !contains(rule.namespaces, request.ns)) return false;
  if (rule.resources.empty()) return true;
  const std::string combined = request.combined_resource();
  return std::any_of(rule.resources.begin(), rule.resources.end(),
                     [&](const AuditResources& entry) { return fits(entry, request, combined); });
}

bool fits_caller(const AuditRule& rule, const Caller* caller) {
  if (rule.users.empty() && rule.groups.empty()) return true;
  if (!caller) return false;
  if (!rule.users.empty() && !contains(rule.users, caller->user)) return false;
  return rule.groups.empty() ||
         std::any_of(caller->groups.begin(), caller->groups.end(),
                     [&](const std::string& group) { return contains(rule.groups, group); });
}

bool fits(const AuditRule& rule, const Caller* caller, const AccessRequest& request) {
  if (!fits_caller(rule, caller)) return false;
  if (!rule.verbs.empty() && !contains(rule.verbs, request.verb)) return false;
  if (!rule.namespaces.empty() || !rule.resources.empty()) return fits_object(rule, request);
  if (rule.paths.empty()) return true;
  return request.path &&
         std::any_of(rule.paths.begin(), rule.paths.end(),
                     [&](const std::string& one) { return fits_path(one, *request.path); });
}

}  // namespace

std::string_view level_word(AuditLevel level) {
  constexpr std::string_view kWords[] = {"None", "Metadata", "Request", "RequestResponse"};
  return kWords[static_cast<size_t>(level)];
}

std::string_view stage_word(AuditStage stage) {
  constexpr std::string_view kWords[] = {"RequestReceived", "ResponseStarted", "ResponseComplete",
                                         "Panic"};
  return kWords[static_cast<size_t>(stage)];
}

bool carries_credentials(const AccessRequest& request) {
  if (request.path) return false;
  if (request.group.empty()) {
    return request.resource == "secrets" ||
           (request.resource == "serviceaccounts" && request.subresource == "token");
  }
  return request.group == kAuthenticationGroup &&
         (request.resource == "tokenreviews" || request.resource == "tokenrequests");
}

AuditVerdict AuditPolicy::judge(const Caller* caller, const AccessRequest& request) const {
  const auto rule = std::find_if(rules.begin(), rules.end(),
                                 [&](const AuditRule& one) { return fits(one, caller, request); });
  AuditVerdict out = rule == rules.end() ? otherwise : rule->verdict;
  if (out.level > AuditLevel::Metadata && carries_credentials(request))
    out.level = AuditLevel::Metadata;
  return out;
}

}  // namespace charter
