#include "controller/webhooks/admission_service.h"

#include "controller/object/user_info.h"
#include "controller/webhooks/limits.h"
#include "controller/webhooks/webhook.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace charter {
namespace {

constexpr const char* kVersion = "admission.k8s.io/v1";
constexpr const char* kKind = "AdmissionReview";
constexpr int kTimeoutSeconds = 10;  // as a new webhook's default

// Kubernetes' own controllers remove what follows from a decision that somebody was allowed to
// make.
bool is_cluster_controller(const std::string& user) {
  return user == "system:serviceaccount:kube-system:generic-garbage-collector" ||
         user == "system:serviceaccount:kube-system:namespace-controller" ||
         user == "system:kube-controller-manager";
}

Caller caller_in(const Json& request) {
  const Json* user = at(request, {"userInfo"});
  return user != nullptr ? caller_of(*user) : Caller();
}

const Json* object_in(const Json& request, const char* member) {
  const Json* found = at(request, {member});
  return found != nullptr && found->is_object() ? found : nullptr;
}

std::optional<AdmitRequest::Operation> operation_in(const Json& request) {
  const std::string word = text_at(request, {"operation"});
  for (const auto operation : {AdmitRequest::Operation::Create, AdmitRequest::Operation::Update,
                               AdmitRequest::Operation::Delete}) {
    if (word == operation_word(operation)) return operation;
  }
  return std::nullopt;
}

/// One review being judged.
class Review {
 public:
  Review(const AdmissionService& service, const Json& request)
      : service_(service), request_(request), caller_(caller_in(request)) {}

  Status judge() {
    gvr_ = {text_at(request_, {"resource", "group"}), text_at(request_, {"resource", "version"}),
            text_at(request_, {"resource", "resource"})};
    table_ = service_.kinds.table();
    type_ = table_->find(gvr_);
    const auto operation = operation_in(request_);
    if (type_ == nullptr || !operation) return {};
    const auto hooks = service_.hooks.find(type_->bucket());
    if (hooks == service_.hooks.end()) return {};
    name_ = {text_at(request_, {"namespace"}), text_at(request_, {"name"})};
    operation_ = *operation;
    subresource_ = text_at(request_, {"subResource"});
    if (subresource_ == "status") return {};
    object_ = object_in(request_, "object");
    before_ = object_in(request_, "oldObject");
    if (subresource_ == "scale") CHARTER_TRY(read_scale());
    if (name_.name.empty() && object_ != nullptr)
      name_.name = text_at(*object_, {"metadata", "name"});
    CHARTER_TRY(admit(hooks->second));
    return guard(hooks->second);
  }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  AdmitRequest attempt() {
    AdmitRequest out;
    out.operation = operation_;
    out.subresource = subresource_;
    out.object = object_;
    out.before = operation_ == AdmitRequest::Operation::Create ? nullptr : before_;
    out.caller = caller_;
    out.now = service_.clock.now();
    out.warnings = &warnings_;
    out.may = [this](std::string_view verb) {
      if (is_cluster_controller(caller_.user)) return true;
      const auto allowed = service_.permits({caller_, std::string(verb), gvr_, name_});
      return allowed && *allowed;
    };
    return out;
  }

  Status admit(const KindHooks& hooks) {
    if (!hooks.admit) return {};
    if (hooks.admit(attempt(), service_.cached)) return {};
    warnings_.clear();
    return service_.live([&](const View& view) { return hooks.admit(attempt(), view); });
  }

  Status guard(const KindHooks& hooks) {
    if (!hooks.guard || operation_ == AdmitRequest::Operation::Delete) return {};
    const auto judge = [&](const View& view) { return hooks.guard(attempt(), view); };
    std::optional<ObjectKey> limit;
    if (hooks.limited_by) {
      CHARTER_TRY(service_.live([&](const View& view) -> Status {
        limit = hooks.limited_by(attempt(), view);
        return {};
      }));
    }
    if (!limit) return service_.live(judge);
    return service_.in_turn({{type_->bucket(), name_},
                             service_.index(type_->bucket(), *object_),
                             std::move(*limit),
                             flag_at(request_, {"dryRun"}, false)},
                            judge);
  }

  // A Scale says how many; the rules are about the object that is to have so many.
  Status read_scale() {
    if (type_->scale == nullptr || object_ == nullptr) return {};
    const auto replicas = int_at(*object_, {"spec", "replicas"});
    ObjectPtr current;
    CHARTER_TRY(service_.live([&](const View& view) -> Status {
      current = view.get(type_->bucket(), name_);
      return {};
    }));
    if (!current) return Error{Code::NotFound, name_.name + " is not there any more"};
    scaled_before_ = std::make_shared<Json>(current->tree());
    scaled_ = std::make_shared<Json>(*scaled_before_);
    Json* node = scaled_.get();
    for (const std::string& part : type_->scale->spec_replicas)
      node = &(*node)[part];
    *node = replicas.value_or(0);
    object_ = scaled_.get();
    before_ = scaled_before_.get();
    return {};
  }

  const AdmissionService& service_;
  const Json& request_;
  const Caller caller_;
  std::shared_ptr<const KindTable> table_;
  const ResourceType* type_ = nullptr;
  Gvr gvr_;
  ObjectName name_;
  AdmitRequest::Operation operation_{};
  std::string subresource_;
  const Json* object_ = nullptr;
  const Json* before_ = nullptr;
  std::shared_ptr<Json> scaled_, scaled_before_;
  std::vector<std::string> warnings_;
};

Json refusal(const Error& error) {
  Json status = {{"status", "Failure"},
                 {"message", error.message},
                 {"reason", reason_word(error.code)},
                 {"code", http_status(error.code)}};
  Json causes = Json::array();
  for (const Cause& cause : error.causes)
    causes.push_back(
        {{"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}});
  if (!causes.empty()) status["details"] = {{"causes", std::move(causes)}};
  return status;
}

}  // namespace

Result<Json> answer_admission(const AdmissionService& service, const Json& review) {
  const Json* request = object_in(review, "request");
  const std::string uid = request != nullptr ? text_at(*request, {"uid"}) : std::string();
  if (text_at(review, {"kind"}) != kKind || text_at(review, {"apiVersion"}) != kVersion ||
      uid.empty())
    return Error{Code::BadRequest, std::string("expected an ") + kKind + " of " + kVersion};
  Review one(service, *request);
  const Status verdict = one.judge();
  Json response = {{"uid", uid}, {"allowed", verdict.has_value()}};
  if (!verdict) response["status"] = refusal(verdict.error());
  for (const std::string& warning : one.warnings())
    response["warnings"].push_back(warning);
  return Json{{"apiVersion", kVersion}, {"kind", kKind}, {"response", std::move(response)}};
}

Json admission_configuration(const KindRegistry& kinds, const HookTable& hooks,
                             const std::string& name, const Json& client) {
  Json rules = Json::array();
  for (const auto& type : kinds.table()->all()) {
    const auto found = hooks.find(type->bucket());
    if (!type->storage || found == hooks.end()) continue;
    if (!found->second.admit && !found->second.guard) continue;
    Json resources = Json::array();
    resources.push_back(type->gvr.resource);
    if (type->scale) resources.push_back(type->gvr.resource + "/scale");
    rules.push_back({{"operations", Json::array({"CREATE", "UPDATE", "DELETE"})},
                     {"apiGroups", std::vector<std::string>{type->gvr.group}},
                     {"apiVersions", std::vector<std::string>{type->gvr.version}},
                     {"resources", std::move(resources)},
                     {"scope", type->namespaced ? "Namespaced" : "Cluster"}});
  }
  Json webhook = {{"name", "rules." + name},
                  {"clientConfig", client},
                  {"rules", std::move(rules)},
                  {"failurePolicy", "Fail"},
                  {"matchPolicy", "Equivalent"},
                  {"sideEffects", "NoneOnDryRun"},
                  {"timeoutSeconds", kTimeoutSeconds},
                  {"admissionReviewVersions", std::vector<std::string>{"v1"}}};
  Json configuration = {{"apiVersion", "admissionregistration.k8s.io/v1"},
                        {"kind", "ValidatingWebhookConfiguration"},
                        {"metadata", {{"name", name}}}};
  configuration["webhooks"] = Json::array();
  configuration["webhooks"].push_back(std::move(webhook));
  return configuration;
}

}  // namespace charter
