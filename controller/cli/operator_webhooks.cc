#include "controller/cli/operator_webhooks.h"

#include "controller/api/definitions.h"
#include "controller/api/status_body.h"
#include "controller/base/base64.h"
#include "controller/base/log.h"
#include "controller/cli/cluster_reviews.h"
#include "controller/runtime/live_view.h"
#include "controller/webhooks/limits.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace charter {
namespace {

const Gvr kConfigurations{"admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"};
const Gvr kClusterRoles{"rbac.authorization.k8s.io", "v1", "clusterroles"};
constexpr const char* kName = "charter.dev";
constexpr int kServicePort = 443;
constexpr std::chrono::microseconds kCost(2000);

std::string host_of(const std::string& url) {
  std::string host = url.substr(std::string_view("https://").size());
  host = host.substr(0, host.find('/'));
  if (host.starts_with("[")) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

}  // namespace

Result<std::unique_ptr<OperatorWebhooks>> OperatorWebhooks::make(OperatorWebhookParts parts,
                                                                 const OperatorOptions& options) {
  Json client = Json::object();
  std::vector<std::string> hosts;
  if (!options.webhook_url.empty()) {
    std::string url = options.webhook_url;
    while (url.ends_with('/'))
      url.pop_back();
    hosts.push_back(host_of(url));
    client["url"] = url + kPath;
    if (hosts.front().empty())
      return Error{Code::Invalid, "--webhook-url: " + url + " has no host"};
  } else {
    const size_t slash = options.webhook_service.find('/');
    const std::string ns = options.webhook_service.substr(0, slash);
    const std::string name = options.webhook_service.substr(slash + 1);
    hosts = {name + "." + ns + ".svc", name + "." + ns + ".svc.cluster.local", name + "." + ns};
    client["service"] = {
        {"namespace", ns}, {"name", name}, {"path", kPath}, {"port", kServicePort}};
  }
  // Documents are read through port-forwards, too.
  if (hosts.front() != "localhost") hosts.emplace_back("localhost");
  return std::unique_ptr<OperatorWebhooks>(
      new OperatorWebhooks(std::move(parts), std::move(client), std::move(hosts)));
}

OperatorWebhooks::OperatorWebhooks(OperatorWebhookParts parts, Json client_config,
                                   std::vector<std::string> hosts)
    : parts_(std::move(parts)),
      client_config_(std::make_shared<const Json>(std::move(client_config))),
      certificates_(*parts_.client, parts_.secret, std::move(hosts), parts_.clock),
      turns_(*parts_.client, parts_.secret.ns, parts_.clock),
      workers_(parts_.clock, parts_.metrics, limits::kWebhookThreads, "admission") {}

OperatorWebhooks::~OperatorWebhooks() {
  stop();
}

Result<TlsMaterial> OperatorWebhooks::look() {
  CHARTER_TRY_ASSIGN(WebhookMaterial found, certificates_.look());
  ca_bundle_ = found.ca_bundle;
  return std::move(found.tls);
}

Status OperatorWebhooks::publish() {
  CHARTER_TRY(write_configuration(ca_bundle_));
  return certificates_.rotate(
      [this](const std::string& bundle) { return write_configuration(bundle); });
}

Result<Json> OperatorWebhooks::wanted_configuration(const std::string& ca_bundle) {
  Json client = *client_config_;
  client["caBundle"] = encode_base64(ca_bundle);
  Json wanted = admission_configuration(parts_.kinds, parts_.hooks, kName, client);
  if (parts_.owner.empty()) return wanted;
  CHARTER_TRY_ASSIGN(const ObjectPtr owner, parts_.client->get(kClusterRoles, {"", parts_.owner}));
  Json reference = {{"apiVersion", "rbac.authorization.k8s.io/v1"},
                    {"kind", "ClusterRole"},
                    {"name", parts_.owner},
                    {"uid", owner->header().uid}};
  wanted["metadata"]["ownerReferences"] = Json::array();
  wanted["metadata"]["ownerReferences"].push_back(std::move(reference));
  return wanted;
}

Status OperatorWebhooks::write_configuration(const std::string& ca_bundle) {
  CHARTER_TRY_ASSIGN(const Json wanted, wanted_configuration(ca_bundle));
  const auto current = parts_.client->get(kConfigurations, {"", kName});
  if (!current && current.error().code != Code::NotFound) return Error(current.error());
  if (!current) {
    CHARTER_TRY(parts_.client->create(kConfigurations, wanted));
    log_info("operator", "the webhooks are registered");
    return {};
  }
  // What the server filled in stays: only what we say is compared and set.
  const Json before = (*current)->tree();
  Json next = before;
  const Json* there = at(before, {"webhooks"});
  if (there != nullptr && there->is_array() && there->size() == 1) {
    next["webhooks"].front().merge_patch(wanted["webhooks"].front());
  } else {
    next["webhooks"] = wanted["webhooks"];
  }
  if (const Json* owners = at(wanted, {"metadata", "ownerReferences"}))
    next["metadata"]["ownerReferences"] = *owners;
  if (next == before) return {};
  CHARTER_TRY(parts_.client->update(kConfigurations, next, Part::Main));
  return {};
}

Status OperatorWebhooks::live(const AdmissionService::Judge& judge) {
  const auto table = parts_.kinds.table();
  const LiveView view(*parts_.client, [&table](std::string_view bucket) -> std::optional<Gvr> {
    const ResourceType* type = table->find_stored(bucket);
    if (type == nullptr) return std::nullopt;
    return type->gvr;
  });
  Status verdict = judge(view);
  if (view.failure()) {
    return Error{Code::ServiceUnavailable,
                 "the state to judge on could not be read: " + view.failure()->message};
  }
  return verdict;
}

Result<bool> OperatorWebhooks::permits(const AccessQuestion& question) {
  AccessRequest access;
  access.verb = question.verb;
  access.group = question.resource.group;
  access.resource = question.resource.resource;
  access.ns = question.name.ns;
  access.name = question.name.name;
  return review_access(*parts_.transport, question.caller, access, question.resource.version);
}

HttpResponse OperatorWebhooks::judge(const HttpRequest& request, const View& cached) {
  const auto review = parse_json(request.body);
  if (!review) return status_response(review.error());
  const AdmissionService service{
      parts_.kinds,
      parts_.hooks,
      parts_.clock,
      cached,
      [this](const AdmissionService::Judge& judge) { return live(judge); },
      [this](const AccessQuestion& question) { return permits(question); },
      [this](const AdmissionService::Claim& claim, const AdmissionService::Judge& judge) {
        return turns_.judge(
            {claim.object.bucket, claim.object.name, claim.fields, claim.limited_by, claim.dry_run},
            [this](const AdmissionService::Judge& one) { return live(one); }, judge);
      },
      [this](std::string_view bucket, const Json& object) {
        return index_of(parts_.kinds, parts_.hooks, bucket, object);
      }};
  const auto answer = answer_admission(service, *review);
  if (!answer) return status_response(answer.error());
  return HttpResponse::text(200, "application/json", encode(*answer));
}

void OperatorWebhooks::answer(HttpRequest request, Respond respond, const View* cached) {
  if (request.method != "POST")
    return respond(status_response({Code::MethodNotAllowed, "webhooks are called with POST"}));
  if (cached == nullptr) {
    return respond(status_response(
        {Code::ServiceUnavailable, "the caches are not filled yet", {}, {}, {}, 1}));
  }
  answer_elsewhere(workers_, kCost, "too many admission reviews wait", std::move(request),
                   std::move(respond),
                   [this, cached](const HttpRequest& one) { return judge(one, *cached); });
}

}  // namespace charter
