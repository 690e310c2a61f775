#include "controller/cli/operator_documents.h"

#include "controller/api/authenticator.h"
#include "controller/api/status_body.h"
#include "controller/base/limits.h"
#include "controller/cli/cluster_reviews.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace charter {
namespace {

constexpr size_t kDocumentThreads = 2;
constexpr std::chrono::microseconds kCost(20'000);  // a month of a large contract

Error nobody() {
  return {Code::Unauthorized, "a bearer token that the API server knows is needed"};
}

}  // namespace

OperatorDocuments::OperatorDocuments(OperatorDocumentParts parts)
    : parts_(std::move(parts)),
      workers_(parts_.clock, parts_.metrics, kDocumentThreads, "documents") {}

Result<Caller> OperatorDocuments::identify(const HttpRequest& request) {
  const auto token = bearer_token(request.header("authorization"));
  if (!token || token->empty()) return nobody();
  CHARTER_TRY_ASSIGN(auto caller, review_token(*parts_.transport, *token));
  if (!caller) return nobody();
  return *std::move(caller);
}

Status OperatorDocuments::authorize(const Caller& caller, const Asked& asked) {
  const Route& route = asked.route;
  AccessRequest access;
  access.verb = "get";
  access.group = route.group;
  access.resource = route.resource;
  access.subresource = route.subresource;
  access.ns = route.ns;
  access.name = route.name;
  CHARTER_TRY_ASSIGN(const bool may,
                     review_access(*parts_.transport, caller, access, route.version));
  if (may) return {};
  return forbidden(*asked.type, route.name,
                   "user \"" + caller.user + "\" cannot get " + access.combined_resource() +
                       " in the namespace \"" + route.ns + "\"");
}

Result<HttpResponse> OperatorDocuments::read(const HttpRequest& request, const View& cached,
                                             const LedgerReader& ledger) {
  CHARTER_TRY_ASSIGN(const Caller caller, identify(request));
  Asked asked;
  CHARTER_TRY_ASSIGN(asked.route, route(request.method, request.path, request.query));
  const auto table = parts_.kinds.table();
  const Route& route = asked.route;
  if (route.place == Route::Place::Resource && route.verb == Route::Verb::Get &&
      !route.subresource.empty())
    asked.type = table->find({route.group, route.version, route.resource});
  const auto hooks =
      asked.type == nullptr ? parts_.hooks.end() : parts_.hooks.find(asked.type->bucket());
  if (hooks == parts_.hooks.end()) return no_such_page();
  const auto found = hooks->second.documents.find(route.subresource);
  if (found == hooks->second.documents.end()) return no_such_page();
  asked.read = &found->second;
  CHARTER_TRY(authorize(caller, asked));
  CHARTER_TRY_ASSIGN(const ObjectPtr object,
                     parts_.client->get(asked.type->gvr, {route.ns, route.name}));
  const Json tree = object->tree();
  const DocumentQuery query{
      tree, route.query, std::string(request.header("accept")), parts_.clock.now(), cached, ledger};
  CHARTER_TRY_ASSIGN(Document document, (*asked.read)(query));
  HttpResponse response = HttpResponse::text(200, document.media_type, std::move(document.body));
  response.headers.emplace_back("Vary", "Accept");
  return response;
}

HttpResponse OperatorDocuments::judge(const HttpRequest& request, const View& cached,
                                      const LedgerReader& ledger) {
  auto answer = read(request, cached, ledger);
  return answer ? std::move(*answer) : status_response(answer.error());
}

void OperatorDocuments::answer(HttpRequest request, Respond respond, const View* cached,
                               const LedgerReader* ledger) {
  if (request.method != "GET")
    return respond(status_response({Code::MethodNotAllowed, "only GET is served here"}));
  if (cached == nullptr || ledger == nullptr) {
    return respond(status_response(
        {Code::ServiceUnavailable, "the caches are not filled yet", {}, {}, {}, 1}));
  }
  answer_elsewhere(
      workers_, kCost, "too many documents are asked for", std::move(request), std::move(respond),
      [this, cached, ledger](const HttpRequest& one) { return judge(one, *cached, *ledger); });
}

}  // namespace charter
