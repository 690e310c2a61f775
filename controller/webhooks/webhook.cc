#include "controller/webhooks/webhook.h"

#include "controller/base/base64.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace charter {
namespace {

constexpr int64_t kTimeoutSeconds = 10;  // admissionregistration.k8s.io/v1

std::vector<std::string> words_at(const Json& tree, const char* member) {
  std::vector<std::string> out;
  const Json* list = at(tree, {member});
  if (!list || !list->is_array()) return out;
  for (const Json& word : *list) {
    if (word.is_string()) out.push_back(word.get<std::string>());
  }
  return out;
}

MatchConditions read_conditions(const Json& webhook) {
  std::vector<MatchCondition> out;
  const Json* list = at(webhook, {"matchConditions"});
  if (!list || !list->is_array()) return {};
  for (const Json& one : *list)
    out.push_back({text_at(one, {"name"}), text_at(one, {"expression"})});
  return MatchConditions(std::move(out));
}

bool holds(const std::vector<std::string>& words, std::string_view word) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& one) { return one == "*" || one == word; });
}

WebhookRule read_rule(const Json& rule) {
  WebhookRule out;
  out.operations = words_at(rule, "operations");
  out.groups = words_at(rule, "apiGroups");
  out.versions = words_at(rule, "apiVersions");
  out.resources = words_at(rule, "resources");
  out.scope = text_at(rule, {"scope"});
  if (out.scope.empty()) out.scope = "*";
  return out;
}

/// An unreadable selector selects everything, so that its webhook is asked and its fault is seen.
Selector read_selector(const Json& webhook, const char* member, std::string& fault) {
  const Json* selector = at(webhook, {member});
  if (!selector) return {};
  auto read = Selector::from_json(*selector);
  if (read) return std::move(*read);
  fault = std::string(member) + ": " + read.error().message;
  return {};
}

Webhook read_webhook(const Json& webhook) {
  Webhook out;
  out.name = text_at(webhook, {"name"});
  out.target.url = text_at(webhook, {"clientConfig", "url"});
  const auto ca = decode_base64(text_at(webhook, {"clientConfig", "caBundle"}));
  if (!ca) out.fault = "clientConfig.caBundle: not base64";
  out.target.ca_pem = ca.value_or("");
  out.timeout = std::chrono::seconds(int_at(webhook, {"timeoutSeconds"}).value_or(kTimeoutSeconds));
  if (const Json* rules = at(webhook, {"rules"}); rules && rules->is_array()) {
    for (const Json& rule : *rules)
      out.rules.push_back(read_rule(rule));
  }
  out.namespaces = read_selector(webhook, "namespaceSelector", out.fault);
  out.objects = read_selector(webhook, "objectSelector", out.fault);
  out.conditions = read_conditions(webhook);
  if (text_at(webhook, {"failurePolicy"}) == "Ignore") out.failure = WebhookFailure::Ignore;
  out.equivalent = text_at(webhook, {"matchPolicy"}) != "Exact";
  out.reinvoked = text_at(webhook, {"reinvocationPolicy"}) == "IfNeeded";
  return out;
}

bool matches_resource(const WebhookRule& rule, std::string_view resource,
                      std::string_view subresource) {
  return std::any_of(rule.resources.begin(), rule.resources.end(), [&](const std::string& pattern) {
    const std::string_view text = pattern;
    const size_t slash = text.find('/');
    const std::string_view first = text.substr(0, slash);
    const std::string_view second = slash == text.npos ? "" : text.substr(slash + 1);
    return (first == "*" || first == resource) && (second == "*" || second == subresource);
  });
}

bool matches_scope(const WebhookRule& rule, const ResourceType& type) {
  if (rule.scope == "*") return true;
  return (rule.scope == "Namespaced") == type.namespaced;
}

}  // namespace

std::vector<Webhook> read_webhooks(WebhookRole role, const Json& configuration) {
  std::vector<Webhook> out;
  const Json* webhooks = at(configuration, {"webhooks"});
  if (!webhooks || !webhooks->is_array()) return out;
  const std::string name = text_at(configuration, {"metadata", "name"});
  for (const Json& one : *webhooks) {
    Webhook webhook = read_webhook(one);
    webhook.role = role;
    webhook.configuration = name;
    out.push_back(std::move(webhook));
  }
  return out;
}

const char* operation_word(AdmitRequest::Operation operation) {
  switch (operation) {
    case AdmitRequest::Operation::Create:
      return "CREATE";
    case AdmitRequest::Operation::Update:
      return "UPDATE";
    default:
      return "DELETE";
  }
}

bool names(const Webhook& webhook, const WebhookSubject& subject) {
  const Gvr& gvr = subject.type.gvr;
  return std::any_of(webhook.rules.begin(), webhook.rules.end(), [&](const WebhookRule& rule) {
    return holds(rule.operations, operation_word(subject.operation)) &&
           holds(rule.groups, gvr.group) && holds(rule.versions, gvr.version) &&
           matches_resource(rule, gvr.resource, subject.subresource) &&
           matches_scope(rule, subject.type);
  });
}

}  // namespace charter
