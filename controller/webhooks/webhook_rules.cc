#include "controller/webhooks/webhook_rules.h"

#include "controller/base/base64.h"
#include "controller/object/causes.h"
#include "controller/object/labels.h"
#include "controller/webhooks/limits.h"
#include "controller/webhooks/match_conditions.h"
#include "controller/webhooks/webhook.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <string>

namespace charter {
namespace {

constexpr std::string_view kScheme = "https://";
constexpr const char* kForm = "; desired format: https://host[/path]";

const Json& member(const Json& tree, const char* name) {
  static const Json kNothing;
  const Json* found = at(tree, {name});
  return found ? *found : kNothing;
}

void check_name(const Json& webhook, const std::string& path, std::set<std::string>& names,
                std::vector<Cause>& causes) {
  const std::string name = text_at(webhook, {"name"});
  const std::string field = path + ".name";
  if (name.empty()) {
    causes.push_back(required_cause(field));
  } else if (const std::string problem = subdomain_problem(name); !problem.empty()) {
    causes.push_back(invalid_cause(field, name, problem));
  } else if (std::count(name.begin(), name.end(), '.') < 2) {
    causes.push_back(invalid_cause(
        field, name, "should be a domain with at least three segments separated by dots"));
  } else if (!names.insert(name).second) {
    causes.push_back(duplicate_cause(field, name));
  }
}

void check_url(const std::string& url, const std::string& field, std::vector<Cause>& causes) {
  const auto refuse = [&](const std::string& why) {
    causes.push_back(invalid_cause(field, url, why + kForm));
  };
  if (!url.starts_with(kScheme)) return refuse("'https' is the only allowed URL scheme");
  const std::string rest = url.substr(kScheme.size());
  const std::string host = rest.substr(0, rest.find_first_of("/?#"));
  if (host.empty() || host.front() == ':') return refuse("host must be specified");
  if (host.find('@') != std::string::npos) refuse("user information is not permitted in the URL");
  if (rest.find('#') != std::string::npos) refuse("fragments are not permitted in the URL");
  if (rest.find('?') != std::string::npos) refuse("query parameters are not permitted in the URL");
  const bool odd =
      std::any_of(url.begin(), url.end(), [](unsigned char c) { return c <= 0x20 || c >= 0x7f; });
  if (odd) refuse("only printable ASCII characters are permitted in the URL");
}

void check_client(const Json& webhook, const std::string& path, std::vector<Cause>& causes) {
  const std::string field = path + ".clientConfig";
  const Json& client = member(webhook, "clientConfig");
  const bool service = client.is_object() && client.contains("service");
  const std::string url = text_at(client, {"url"});
  if (service) {
    causes.push_back(forbidden_cause(
        field + ".service", "this server has no Services: give the webhook's address in url"));
  } else if (url.empty()) {
    causes.push_back(required_cause(field, "exactly one of url or service is required"));
  } else {
    check_url(url, field + ".url", causes);
  }
  const std::string ca = text_at(client, {"caBundle"});
  const auto pem = decode_base64(ca);
  if (!ca.empty() && (!pem || pem->find("-----BEGIN CERTIFICATE-----") == std::string::npos)) {
    causes.push_back(invalid_cause(
        field + ".caBundle", "<bytes>",
        "unable to load root certificates: must be certificates in PEM form, in base64"));
  }
}

/// A list of words in which "*" stands alone.
void check_words(const Json& rule, const char* name, const std::string& path,
                 std::vector<Cause>& causes) {
  const Json& words = member(rule, name);
  const std::string field = path + "." + name;
  if (!words.is_array() || words.empty()) return causes.push_back(required_cause(field));
  const bool all = std::find(words.begin(), words.end(), Json("*")) != words.end();
  if (all && words.size() > 1) {
    causes.push_back(invalid_cause(field, words,
                                   std::string("if '*' is present, must not specify other ") +
                                       (std::string_view(name) == "apiGroups"     ? "API groups"
                                        : std::string_view(name) == "apiVersions" ? "API versions"
                                                                                  : "operations")));
  }
}

void check_operations(const Json& rule, const std::string& path, std::vector<Cause>& causes) {
  check_words(rule, "operations", path, causes);
  const Json& words = member(rule, "operations");
  if (!words.is_array()) return;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string word = words[i].is_string() ? words[i].get<std::string>() : "";
    static const std::set<std::string> kKnown = {"*", "CREATE", "UPDATE", "DELETE", "CONNECT"};
    if (!kKnown.contains(word)) {
      causes.push_back(unsupported_cause(path + ".operations[" + std::to_string(i) + "]", words[i],
                                         {"*", "CONNECT", "CREATE", "DELETE", "UPDATE"}));
    }
  }
}

void check_resources(const Json& rule, const std::string& path, std::vector<Cause>& causes) {
  const Json& words = member(rule, "resources");
  const std::string field = path + ".resources";
  if (!words.is_array() || words.empty()) return causes.push_back(required_cause(field));
  const auto has = [&](const char* word) {
    return std::find(words.begin(), words.end(), Json(word)) != words.end();
  };
  if (has("*/*") && words.size() > 1) {
    causes.push_back(
        invalid_cause(field, words, "if '*/*' is present, must not specify other resources"));
  }
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string word = words[i].is_string() ? words[i].get<std::string>() : "";
    const std::string at_word = field + "[" + std::to_string(i) + "]";
    if (word.empty()) causes.push_back(required_cause(at_word));
    const size_t slash = word.find('/');
    const bool covered =
        slash == std::string::npos
            ? has("*") && word != "*"
            : word.substr(slash) != "/*" && has((word.substr(0, slash) + "/*").c_str());
    if (covered) {
      causes.push_back(
          invalid_cause(at_word, word, "another resource of this rule stands for it already"));
    }
  }
}

void check_rules(const Json& webhook, const std::string& path, std::vector<Cause>& causes) {
  const Json& rules = member(webhook, "rules");
  if (!rules.is_array()) return;
  for (size_t i = 0; i < rules.size(); ++i) {
    const std::string at_rule = path + ".rules[" + std::to_string(i) + "]";
    check_operations(rules[i], at_rule, causes);
    check_words(rules[i], "apiGroups", at_rule, causes);
    check_words(rules[i], "apiVersions", at_rule, causes);
    check_resources(rules[i], at_rule, causes);
  }
}

void check_selectors(const Json& webhook, const std::string& path, std::vector<Cause>& causes) {
  for (const char* name : {"namespaceSelector", "objectSelector"}) {
    const Json& selector = member(webhook, name);
    if (selector.is_null()) continue;
    if (const auto read = Selector::from_json(selector); !read)
      causes.push_back(invalid_cause(path + "." + name, selector, read.error().message));
  }
}

void check_protocol(const Json& webhook, const std::string& path, std::vector<Cause>& causes) {
  const std::string effects = text_at(webhook, {"sideEffects"});
  if (effects.empty()) {
    causes.push_back(
        required_cause(path + ".sideEffects", "must specify one of None, NoneOnDryRun"));
  } else if (effects != "None" && effects != "NoneOnDryRun") {
    causes.push_back(unsupported_cause(path + ".sideEffects", effects, {"None", "NoneOnDryRun"}));
  }
  const Json& versions = member(webhook, "admissionReviewVersions");
  if (!versions.is_array() || versions.empty()) {
    causes.push_back(required_cause(path + ".admissionReviewVersions", "must specify one of v1"));
  } else if (std::find(versions.begin(), versions.end(), Json("v1")) == versions.end()) {
    causes.push_back(invalid_cause(path + ".admissionReviewVersions", versions,
                                   "must include at least one of v1"));
  }
  const auto seconds = int_at(webhook, {"timeoutSeconds"});
  if (seconds &&
      (*seconds < 1 || *seconds > std::chrono::seconds(limits::kWebhookTimeoutMax).count())) {
    causes.push_back(invalid_cause(path + ".timeoutSeconds", *seconds,
                                   "the timeout value must be between 1 and 30 seconds"));
  }
}

}  // namespace

void check_webhook_configuration(const Json& configuration, std::vector<Cause>& causes) {
  const Json& webhooks = member(configuration, "webhooks");
  if (!webhooks.is_array()) return;
  if (webhooks.size() > limits::kWebhooksMax) {
    causes.push_back(too_many_cause("webhooks", webhooks.size(), limits::kWebhooksMax));
    return;
  }
  std::set<std::string> names;
  for (size_t i = 0; i < webhooks.size(); ++i) {
    const std::string path = "webhooks[" + std::to_string(i) + "]";
    check_name(webhooks[i], path, names, causes);
    check_client(webhooks[i], path, causes);
    check_rules(webhooks[i], path, causes);
    check_selectors(webhooks[i], path, causes);
    check_protocol(webhooks[i], path, causes);
    check_match_conditions(member(webhooks[i], "matchConditions"), path + ".matchConditions",
                           causes);
  }
}

}  // namespace charter
