#include "controller/api/audit_event.h"

#include "controller/base/limits.h"
#include "controller/object/json_view.h"
#include "controller/object/object.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace charter {
namespace {

constexpr std::string_view kMasked = "masked";
constexpr size_t kRestBytes = 1'024;  // of an event beside what came with the request, and its seal
constexpr std::string_view kTruncatedAgent = "...TRUNCATED";
/// Parameters of the Kubernetes API that say nothing but how to answer.
constexpr std::array<std::string_view, 26> kHarmless = {
    "labelSelector",
    "fieldSelector",
    "limit",
    "continue",
    "watch",
    "resourceVersion",
    "timeoutSeconds",
    "resourceVersionMatch",
    "dryRun",
    "force",
    "fieldManager",
    "fieldValidation",
    "pretty",
    "propagationPolicy",
    "orphanDependents",
    "gracePeriodSeconds",
    "includeObject",
    "allowWatchBookmarks",
    "sendInitialEvents",
    "timeout",
    "verbose",
    "exclude",
    "hash",
    "export",
    "exact",
    "ignoreStoreReadErrorWithClusterBreakingPotential"};

/// True for text that stands in JSON as it is: nearly all of it.
bool is_plain(std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') return false;
  }
  return true;
}

void add_string(std::string& out, std::string_view text) {
  if (!is_plain(text)) {
    out += json_key(text);
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

/// `,"key":"value"`; nothing for an empty value.
void add(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  out += ",\"";
  out += key;
  out += "\":";
  add_string(out, value);
}

void add_words(std::string& out, const std::vector<std::string>& words) {
  out += '[';
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += ',';
    add_string(out, words[i]);
  }
  out += ']';
}

/// True when a field selector of a Secret asks for nothing but where it is and what it is.
bool is_harmless_selector(std::string_view value) {
  while (!value.empty()) {
    const size_t comma = std::min(value.find(','), value.size());
    const std::string_view part = value.substr(0, comma);
    if (!part.starts_with("metadata.") && !part.starts_with("type")) return false;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return true;
}

bool is_harmless(std::string_view key, std::string_view raw, const AccessRequest& target) {
  if (std::find(kHarmless.begin(), kHarmless.end(), key) == kHarmless.end()) return false;
  if (key != "fieldSelector" || !carries_credentials(target)) return true;
  const auto value = percent_decode(raw, PlusMeans::Space);
  return value && is_harmless_selector(*value);
}

std::optional<std::string> address_in(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return std::nullopt;
  std::string word(text.substr(first, text.find_last_not_of(" \t") - first + 1));
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  const bool valid = inet_pton(AF_INET, word.c_str(), bytes.data()) == 1 ||
                     inet_pton(AF_INET6, word.c_str(), bytes.data()) == 1;
  return valid ? std::optional(std::move(word)) : std::nullopt;
}

/// "127.0.0.1:54321" or "[::1]:54321" without its port.
std::string_view host_of(std::string_view remote) {
  std::string_view host = remote.substr(0, remote.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host;
}

void add_object_ref(std::string& out, const AuditedRequest& request, const AuditedObject* object) {
  const AccessRequest& target = request.target;
  if (target.path) return;
  std::string ref;
  const auto either = [](const std::string& asked, const std::string* found) {
    return asked.empty() && found ? std::string_view(*found) : std::string_view(asked);
  };
  add(ref, "resource", target.resource);
  add(ref, "namespace", either(target.ns, object ? &object->ns : nullptr));
  add(ref, "name", either(target.name, object ? &object->name : nullptr));
  if (object) add(ref, "uid", object->uid);
  add(ref, "apiGroup", target.group);
  add(ref, "apiVersion", request.version);
  if (object && object->version > 0) add(ref, "resourceVersion", std::to_string(object->version));
  add(ref, "subresource", target.subresource);
  out += ",\"objectRef\":{";
  out += std::string_view(ref).substr(1);
  out += '}';
}

void add_status(std::string& out, const AuditedAnswer& answer) {
  out += R"(,"responseStatus":{"metadata":{})";
  add(out, "status", answer.status);
  add(out, "message", answer.message);
  add(out, "reason", answer.reason);
  out += ",\"code\":" + std::to_string(answer.code) + "}";
}

void add_raw(std::string& out, std::string_view key, std::string_view json) {
  if (json.empty()) return;
  out += ",\"";
  out += key;
  out += "\":";
  out += json;
}

void add_times(std::string& out, Instant received, Instant at) {
  add(out, "requestReceivedTimestamp", format_micro_time(received));
  add(out, "stageTimestamp", format_micro_time(at));
}

std::string event_head(AuditLevel level, std::string_view audit_id, AuditStage stage) {
  std::string out = R"({"kind":"Event","apiVersion":"audit.k8s.io/v1")";
  add(out, "level", level_word(level));
  add(out, "auditID", audit_id);
  add(out, "stage", stage_word(stage));
  return out;
}

}  // namespace

std::string audit_uri(const HttpRequest& request, const AccessRequest& target) {
  std::string out = request.path;
  std::string_view query = request.query;
  for (char mark = '?'; !query.empty(); mark = '&') {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const size_t equals = std::min(part.find('='), part.size());
    const std::string_view value = part.substr(std::min(equals + 1, part.size()));
    out += mark;
    out += part.substr(0, equals);
    if (equals == part.size()) continue;
    out += '=';
    const auto key = percent_decode(part.substr(0, equals), PlusMeans::Space);
    out += key && is_harmless(*key, value, target) ? value : kMasked;
  }
  return out;
}

std::vector<std::string> audit_sources(const HttpRequest& request) {
  std::vector<std::string> out;
  std::string_view claimed = request.header("x-forwarded-for");
  while (!claimed.empty() && out.size() < limits::kAuditSourcesMax) {
    const size_t comma = std::min(claimed.find(','), claimed.size());
    if (auto address = address_in(claimed.substr(0, comma))) out.push_back(std::move(*address));
    claimed.remove_prefix(std::min(comma + 1, claimed.size()));
  }
  auto real = address_in(request.header("x-real-ip"));
  if (real && std::find(out.begin(), out.end(), *real) == out.end())
    out.push_back(std::move(*real));
  auto peer = address_in(host_of(request.remote));
  if (peer && (out.empty() || out.back() != *peer)) out.push_back(std::move(*peer));
  return out;
}

std::string audit_user(const Caller& caller) {
  std::string out = "{\"username\":" + json_key(caller.user);
  add(out, "uid", caller.uid);
  if (!caller.groups.empty()) {
    out += ",\"groups\":";
    add_words(out, caller.groups);
  }
  if (!caller.extra.empty()) {
    out += ",\"extra\":{";
    for (size_t i = 0; i < caller.extra.size(); ++i) {
      if (i > 0) out += ',';
      out += json_key(caller.extra[i].first) + ":";
      add_words(out, caller.extra[i].second);
    }
    out += '}';
  }
  return out + "}";
}

std::string audit_common(const HttpRequest& request, const AccessRequest& target,
                         const Caller* caller) {
  std::string out;
  add(out, "requestURI", audit_uri(request, target));
  add(out, "verb", target.verb);
  add_raw(out, "user", caller ? audit_user(*caller) : "{}");
  if (const auto sources = audit_sources(request); !sources.empty()) {
    out += ",\"sourceIPs\":";
    add_words(out, sources);
  }
  std::string agent(request.header("user-agent"));
  if (agent.size() > limits::kAuditAgentBytesMax) {
    agent.resize(limits::kAuditAgentBytesMax);
    agent += kTruncatedAgent;
  }
  add(out, "userAgent", agent);
  return out;
}

std::string audit_event(const AuditedRequest& request, AuditStage stage, Instant at,
                        const AuditedAnswer* answer, const AuditedObject* object) {
  std::string out = event_head(request.verdict.level, request.audit_id, stage);
  const size_t objects = request.request_object.size() + (answer ? answer->object.size() : 0);
  const bool fits =
      objects + request.common.size() + request.impersonated.size() <= limits::kAuditEventBytesMax;
  out.reserve(request.common.size() + request.impersonated.size() + kRestBytes +
              (fits ? objects : 0));
  out += request.common;
  add_raw(out, "impersonatedUser", request.impersonated);
  add_object_ref(out, request, object);
  if (answer) add_status(out, *answer);
  if (answer && fits) {
    add_raw(out, "requestObject", request.request_object);
    add_raw(out, "responseObject", answer->object);
  }
  add_times(out, request.received, at);
  std::string annotations;
  if (!fits) add(annotations, "audit.k8s.io/truncated", "true");
  if (request.allowed) {
    add(annotations, "authorization.k8s.io/decision", *request.allowed ? "allow" : "forbid");
    add_raw(annotations, "authorization.k8s.io/reason", json_key(request.reason));
  }
  out += ",\"annotations\":{";
  if (!annotations.empty()) out += std::string_view(annotations).substr(1);
  return out;
}

std::string audit_own_event(const std::string& audit_id, std::string_view verb,
                            std::string_view note, Instant at) {
  std::string out = event_head(AuditLevel::Metadata, audit_id, AuditStage::ResponseComplete);
  add(out, "requestURI", "/audit/" + std::string(verb));
  add(out, "verb", verb);
  out += R"(,"user":{"username":"system:charter:audit"})";
  add_times(out, at, at);
  out += ",\"annotations\":{\"audit.charter.dev/note\":" + json_key(note);
  return out;
}

}  // namespace charter
