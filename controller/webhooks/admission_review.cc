#include "controller/webhooks/admission_review.h"

#include "controller/base/base64.h"
#include "controller/object/causes.h"
#include "controller/object/utf8.h"
#include "controller/webhooks/limits.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace charter {
namespace {

constexpr const char* kVersion = "admission.k8s.io/v1";
constexpr const char* kKind = "AdmissionReview";

Json kind_of(const ResourceType& type, std::string_view subresource) {
  if (subresource == "scale")
    return {{"group", "autoscaling"}, {"version", "v1"}, {"kind", "Scale"}};
  return {{"group", type.gvr.group}, {"version", type.gvr.version}, {"kind", type.kind}};
}

Json resource_of(const ResourceType& type) {
  return {
      {"group", type.gvr.group}, {"version", type.gvr.version}, {"resource", type.gvr.resource}};
}

Error no_verdict(std::string why) {
  return {Code::InternalError, std::move(why)};
}

/// The refusal as the client gets it: the webhook's own status, which can only be a failure.
Error denial(const Webhook& webhook, const Json& response) {
  const std::string by = "admission webhook " + go_quote(webhook.name) + " denied the request";
  const std::string message = text_at(response, {"status", "message"});
  const std::string reason = text_at(response, {"status", "reason"});
  const auto http = static_cast<int>(int_at(response, {"status", "code"}).value_or(0));
  Error out{Code::BadRequest, by + " without explanation"};
  if (!message.empty()) {
    out.message = by + ": " + message;
  } else if (!reason.empty()) {
    out.message = by + ": " + reason;
  }
  if (http >= 400) out.code = code_of_answer(reason, http);
  if (out.code == Code::InternalError && http < 500) out.code = Code::BadRequest;
  const Json* causes = at(response, {"status", "details", "causes"});
  if (!causes || !causes->is_array()) return out;
  for (const Json& cause : *causes) {
    if (out.causes.size() == limits::kCausesMax) break;
    out.causes.push_back(
        {text_at(cause, {"reason"}), text_at(cause, {"message"}), text_at(cause, {"field"})});
  }
  return out;
}

std::vector<std::string> read_warnings(const Json& response) {
  std::vector<std::string> out;
  const Json* warnings = at(response, {"warnings"});
  if (!warnings || !warnings->is_array()) return out;
  for (const Json& text : *warnings) {
    if (out.size() == limits::kWebhookWarningsMax) break;
    if (!text.is_string()) continue;
    out.emplace_back(
        utf8_prefix(text.get_ref<const std::string&>(), limits::kWebhookWarningBytesMax));
  }
  return out;
}

Result<std::shared_ptr<const Json>> read_patch(const Webhook& webhook, const Json& response) {
  const std::string patch = text_at(response, {"patch"});
  const Json* type = at(response, {"patchType"});
  if (webhook.role == WebhookRole::Validating) {
    if (!patch.empty()) return no_verdict("validating webhook may not return response.patch");
    if (type) return no_verdict("validating webhook may not return response.patchType");
    return std::shared_ptr<const Json>();
  }
  if (patch.empty()) {
    if (type) return no_verdict("webhook returned response.patchType but not response.patch");
    return std::shared_ptr<const Json>();
  }
  if (!type) return no_verdict("webhook returned response.patch but not response.patchType");
  if (*type != "JSONPatch") {
    return no_verdict("webhook returned invalid response.patchType of " + value_text(*type) +
                      ", expected \"JSONPatch\"");
  }
  const auto text = decode_base64(patch);
  if (!text) return no_verdict("response.patch is not base64");
  auto tree = parse_json(*text);
  if (!tree) return no_verdict("response.patch: " + tree.error().message);
  return std::make_shared<const Json>(std::move(*tree));
}

}  // namespace

Json admission_request(const AdmissionAttempt& attempt, const ResourceType& shown) {
  Json request = {{"kind", kind_of(shown, attempt.subresource)},
                  {"resource", resource_of(shown)},
                  {"requestKind", kind_of(attempt.type, attempt.subresource)},
                  {"requestResource", resource_of(attempt.type)},
                  {"operation", operation_word(attempt.operation)},
                  {"userInfo", user_info(attempt.caller)},
                  {"dryRun", attempt.dry_run},
                  {"options", attempt.options}};
  if (!attempt.subresource.empty()) {
    request["subResource"] = attempt.subresource;
    request["requestSubResource"] = attempt.subresource;
  }
  if (!attempt.name.name.empty()) request["name"] = attempt.name.name;
  if (!attempt.name.ns.empty()) request["namespace"] = attempt.name.ns;
  return request;
}

Json admission_review(Json request, const AdmissionAttempt& attempt, const std::string& uid) {
  request["uid"] = uid;
  request["object"] = attempt.object ? *attempt.object : Json();
  request["oldObject"] = attempt.before ? *attempt.before : Json();
  return {{"apiVersion", kVersion}, {"kind", kKind}, {"request", std::move(request)}};
}

Result<WebhookVerdict> read_answer(const Webhook& webhook, const Json& answer,
                                   const std::string& uid) {
  const std::string version = text_at(answer, {"apiVersion"});
  const std::string kind = text_at(answer, {"kind"});
  if (version != kVersion || kind != kKind) {
    return no_verdict("expected webhook response of " + std::string(kVersion) + ", Kind=" + kKind +
                      ", got " + version + ", Kind=" + kind);
  }
  const Json* response = at(answer, {"response"});
  if (!response || !response->is_object()) return no_verdict("webhook response was absent");
  if (text_at(*response, {"uid"}) != uid) {
    return no_verdict("expected response.uid=" + go_quote(uid) + ", got " +
                      go_quote(text_at(*response, {"uid"})));
  }
  const Json* allowed = at(*response, {"allowed"});
  if (!allowed || !allowed->is_boolean())
    return no_verdict("response.allowed is neither true nor false");
  WebhookVerdict out;
  out.warnings = read_warnings(*response);
  if (!allowed->get<bool>()) {
    out.denial = denial(webhook, *response);
    return out;
  }
  CHARTER_TRY_ASSIGN(out.patch, read_patch(webhook, *response));
  return out;
}

}  // namespace charter
