#include "controller/api/api_server.h"

#include "controller/api/answer_syntax.h"
#include "controller/api/api_call.h"
#include "controller/api/authz.h"
#include "controller/api/builtin_rules.h"
#include "controller/api/discovery.h"
#include "controller/api/flow_control.h"
#include "controller/api/meta_rules.h"
#include "controller/api/page_token.h"
#include "controller/api/read_verbs.h"
#include "controller/api/request_options.h"
#include "controller/api/scale.h"
#include "controller/api/server_version.h"
#include "controller/api/status_body.h"
#include "controller/base/check.h"
#include "controller/base/object_gauges.h"
#include "controller/protobuf/protobuf.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace charter {
namespace {

bool has_header(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return true;
  }
  return false;
}

/// Name of a served subresource, or NotFound; "finalize" can only be put.
Status check_subresource(const ResourceType& type, const Route& route) {
  const std::string& sub = route.subresource;
  const bool finalize = sub == "finalize" && has_finalize(type);
  if (finalize && route.verb != Route::Verb::Update) {
    return Error{Code::MethodNotAllowed,
                 "the server does not allow this method on the requested resource"};
  }
  const bool served = sub.empty() || (sub == "status" && type.has_status) || (sub == "scale" && type.scale) || finalize;
  return served ? Status{} : Status(not_found(type, route.name));
}

/// A namespaced resource may be read across all namespaces, but never written there: a sweep without a namespace in its
/// path would empty every tenant. A resource of the cluster has no path inside a namespace.
bool is_in_scope(const ResourceType& type, const Route& route) {
  if (!type.namespaced) return route.ns.empty();
  const bool reads_all = route.name.empty() && (route.verb == Route::Verb::List || route.verb == Route::Verb::Watch);
  return !route.ns.empty() || reads_all;
}

/// The same parts, with somebody who knows who may do what.
ApiParts asking(ApiParts parts, const Authorizer& authorizer) {
  parts.authorizer = &authorizer;
  return parts;
}

}  // namespace

void RequestMetrics::answered(Route::Verb verb, int code, Duration took) {
  const auto row = static_cast<size_t>(verb);
  const auto column = static_cast<size_t>(code);
  CHECK(row < kVerbs && column < kCodes);
  // Two threads may both find a series for the first time: the registry gives both the same one.
  Counter* count = counts_[row][column].load(std::memory_order_acquire);
  if (!count) {
    count = &metrics_.counter("apiserver_request_total", "Requests by verb and code.",
                              {{"verb", std::string(verb_word(verb))}, {"code", std::to_string(code)}});
    counts_[row][column].store(count, std::memory_order_release);
  }
  Histogram* duration = durations_[row].load(std::memory_order_acquire);
  if (!duration) {
    duration = &metrics_.histogram("apiserver_request_duration_seconds", "Time to the answer (a watch: to its start).",
                                   {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5}, {{"verb", std::string(verb_word(verb))}});
    durations_[row].store(duration, std::memory_order_release);
  }
  count->increment();
  duration->observe(static_cast<double>(took.count()) / 1e9);
}

ApiServer::ApiServer(ApiParts parts, Metrics& metrics)
    : authorizer_(parts.store),
      parts_(asking(parts, authorizer_)),
      metrics_(metrics),
      request_metrics_(metrics),
      audit_ids_(parts.random.next()),
      verbs_(parts_),
      hub_(parts.store),
      flow_schema_uid_(uuid4(parts.random)),
      priority_level_uid_(uuid4(parts.random)) {}

void ApiServer::handle(HttpRequest request, Respond respond) {
  auto call = std::make_shared<Call>();
  const Duration started = parts_.clock.monotonic();
  call->audit_id = audit_id_for(request);
  call->received = parts_.clock.now();
  Call* raw = call.get();
  call->respond = [this, raw, started, respond = std::move(respond)](HttpResponse response) {
    if (audit_) audit_->complete(raw->audited, response);
    response = failure_in_syntax(std::move(response), raw->request.header("accept"));
    response.headers.emplace_back("Audit-Id", raw->audit_id);
    if (!has_header(response, "Cache-Control"))
      response.headers.emplace_back("Cache-Control", "no-cache, private");
    response.headers.emplace_back("X-Kubernetes-Pf-Flowschema-Uid", flow_schema_uid_);
    response.headers.emplace_back("X-Kubernetes-Pf-Prioritylevel-Uid", priority_level_uid_);
    request_metrics_.answered(raw->type ? raw->route.verb : Route::Verb::Get, response.status, parts_.clock.monotonic() - started);
    respond(std::move(response));
  };
  call->request = std::move(request);
  auto routed = route(call->request.method, call->request.path, call->request.query);
  if (!routed) return call->respond(status_response(routed.error()));
  call->route = std::move(*routed);
  dispatch(call);
}

void ApiServer::dispatch(const CallPtr& call) {
  const auto authenticated = authenticator_.authenticate(call->request);
  // A key that is being fetched may make somebody of him yet.
  if (!authenticated && !std::exchange(call->waited, true) &&
      authenticator_.await(call->request, [this, call] { dispatch(call); })) {
    return;
  }
  if (auto identified = identify(*call, authenticated); !identified && !is_public(call->route)) {
    HttpResponse refused = status_response(identified.error());
    if (identified.error().code == Code::Forbidden) refused.headers.emplace_back("X-Content-Type-Options", "nosniff");
    return call->respond(std::move(refused));
  }
  if (!call->audited) return run(call);
  audit_->permit(call->audited, call->request.resume, [this, call](const Status& recorded) {
    if (!recorded) return call->respond(status_response(recorded.error()));
    run(call);
  });
}

void ApiServer::run(const CallPtr& call) {
  if (call->route.place == Route::Place::Resource) return resource(call);
  if (call->route.place == Route::Place::Receiver) return receive(call);
  call->respond(answer_plain(*call));
}

HttpResponse ApiServer::answer_plain(const Call& call) {
  switch (call.route.place) {
    case Route::Place::Api:
    case Route::Place::Apis:
    case Route::Place::Group:
    case Route::Place::Version: return discovery_response(*parts_.kinds.table(), parts_.hooks, call.route, call.request);
    case Route::Place::OpenApi: return openapi_.respond(parts_.kinds.table(), call.route, call.request);
    case Route::Place::Health: {
      const bool asked = call.route.rest.starts_with("/readyz");
      if (const Status audited = asked && audit_ ? audit_->health() : Status(); !audited)
        return HttpResponse::text(503, "text/plain; charset=utf-8", "not ready: audit: " + audited.error().message);
      const bool ok = ready_ || !asked;
      HttpResponse health = HttpResponse::text(ok ? 200 : 503, "text/plain; charset=utf-8", ok ? "ok" : "not ready: starting or stopping");
      health.headers.emplace_back("X-Content-Type-Options", "nosniff");
      return health;
    }
    case Route::Place::ServerVersion:
      return HttpResponse::text(200, "application/json", server_version());
    case Route::Place::Metrics:
      return HttpResponse::text(200, "text/plain; version=0.0.4", metrics_text());
    case Route::Place::Issuer: {
      if (!account_tokens_) return no_such_page();
      if (call.route.rest == kIssuerConfigurationPath)
        return HttpResponse::text(200, "application/json", account_tokens_->configuration());
      return HttpResponse::text(200, "application/jwk-set+json", account_tokens_->public_keys());
    }
    default: return no_such_page();
  }
}

std::string ApiServer::metrics_text() {
  const Store::Stats stats = parts_.store.stats();
  metrics_.gauge("apiserver_storage_objects", "Objects stored.").set(static_cast<double>(stats.objects));
  metrics_.gauge("apiserver_storage_commits", "Writes made durable.").set(static_cast<double>(stats.commits));
  metrics_.gauge("apiserver_storage_transactions", "Durable transactions.").set(static_cast<double>(stats.transactions));
  metrics_.gauge("apiserver_registered_watchers", "Open watches.").set(static_cast<double>(hub_.size()));
  return metrics_.expose() + (gauges_ ? gauges_->expose() : std::string());
}

void ApiServer::resource(const CallPtr& call) {
  const auto table = parts_.kinds.table();
  const ResourceType* found = table->find({call->route.group, call->route.version, call->route.resource});
  if (!found || !is_in_scope(*found, call->route)) return call->respond(no_such_page());
  call->type = ResourceTypePtr(table, found);  // keeps the table while the type is in use
  const auto fail = [&](const Error& error) { call->respond(status_response(error)); };
  if (found->create_only || is_token_request(*found, call->route)) return review(call);
  if (document_of(*call) != nullptr) return document(call);
  if (auto status = check_subresource(*found, call->route); !status) return fail(status.error());
  auto shape =
      negotiate(call->request.header("accept"), protobuf_form(*found, call->route.subresource));
  if (!shape) return fail(shape.error());
  call->shape = *shape;
  auto include = parse_include_object(call->route.param("includeObject"));
  if (!include) return fail(include.error());
  call->include = *include;
  run_by_cost(call, &ApiServer::run_verb);
}

void ApiServer::run_by_cost(const CallPtr& call, Step step) {
  HeavyWork work;
  work.cost = estimate(parts_.store, *call->type, call->route, call->request, call->shape);
  if (runs_here(parts_.heavy, work.cost)) return (this->*step)(call);
  // A test without sockets has no flow of its own.
  work.flow = call->request.flow.empty() ? charter::flow_of(call->caller) : call->request.flow;
  work.bytes = call->request.body.size();
  work.run = [this, call, step] { (this->*step)(call); };
  work.refuse = [call] { call->respond(status_response(too_many_requests())); };
  if (const Status placed = charter::run_by_cost(parts_.heavy, std::move(work)); !placed)
    call->respond(status_response(placed.error()));
}

std::string ApiServer::flow_of(const HttpRequest& head) const {
  const auto caller = authenticator_.authenticate(head);
  if (!caller || caller->user == anonymous().user) return {};
  return charter::flow_of(*caller);
}

void ApiServer::run_verb(const CallPtr& call) {
  const auto reply = [&](Result<HttpResponse> result) {
    call->respond(result ? std::move(*result) : status_response(result.error()));
  };
  switch (call->route.verb) {
    case Route::Verb::Get: return reply(get(*call));
    case Route::Verb::List: return reply(list(*call));
    case Route::Verb::Watch: return reply(watch(*call));
    default:
      break;
  }
  if (const Status started = write(call); !started)
    call->respond(status_response(started.error()));
}

Status ApiServer::write(const CallPtr& call) {
  if (call->audited) Audit::take_body(*call->audited, call->request, *call->type);
  const bool scaled = call->route.subresource == "scale";
  switch (call->route.verb) {
    case Route::Verb::Create:
      return create(call);
    case Route::Verb::Update:
      return scaled ? scale(call) : update(call);
    case Route::Verb::Patch:
      return scaled ? scale(call) : patch(call);
    case Route::Verb::Delete:
      return remove(call);
    default:
      return remove_collection(call);
  }
}

Result<HttpResponse> ApiServer::get(const Call& call) {
  const std::string version(call.route.param("resourceVersion"));
  if (!version.empty()) {
    const auto wanted = parse_version(version);
    if (!wanted) {
      return Error{Code::BadRequest, "invalid resource version: resourceVersion: Invalid value: " + encode(Json(version)) +
                                         ": " + wanted.error().message};
    }
    CHARTER_TRY(check_not_future(parts_.store, *wanted));
  }
  const ObjectPtr object = parts_.store.get(call.type->bucket(), call.name());
  if (!object) return not_found(*call.type, call.route.name);
  if (call.route.subresource == "scale") {
    return document_response(200, scale_of(*call.type, object->tree()), call.shape);
  }
  return object_response(200, *call.type, object, call.shape, call.include, parts_.clock.now());
}

Result<HttpResponse> ApiServer::list(const Call& call) {
  CHARTER_TRY_ASSIGN(const ListOptions options, parse_list_options(call.route, *call.type, ListUse::List));
  const auto body = read_list(parts_.store, *call.type, call.route.ns, options);
  if (body) return list_response(*body, call.shape, call.include, parts_.clock.now());
  if (body.error().code == Code::Expired && options.continued) {
    return expired_page_response(make_inconsistent_token(options.after));
  }
  return Error(body.error());
}

Result<HttpResponse> ApiServer::watch(const Call& call) {
  WatchSpec spec;
  spec.type = call.type;
  spec.ns = call.route.ns;
  CHARTER_TRY_ASSIGN(spec.options, parse_list_options(call.route, *call.type, ListUse::Watch));
  if (!call.route.name.empty()) {
    // The old spelling: GET …/widgets/x?watch=1 watches one object.
    CHARTER_TRY_ASSIGN(spec.options.fields, Selector::parse_fields("metadata.name=" + call.route.name));
  }
  spec.shape = call.shape;
  spec.include = call.include;
  HttpResponse response;
  const bool binary = call.shape.syntax == Representation::Syntax::Protobuf;
  response.headers.emplace_back(
      "Content-Type",
      binary ? std::string(kProtobufMediaType) + ";stream=watch" : "application/json");
  CHARTER_TRY_ASSIGN(response.stream, start_watch({parts_.store, hub_, parts_.clock, parts_.random}, std::move(spec)));
  return response;
}

}  // namespace charter
