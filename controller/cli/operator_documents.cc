#include "controller/cli/operator_documents.h"

#include "controller/api/status_body.h"
#include "controller/base/limits.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace charter {
namespace {

constexpr const char* kTokenReviews = "/apis/authentication.k8s.io/v1/tokenreviews";
constexpr const char* kAccessReviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
constexpr std::string_view kBearer = "Bearer ";
constexpr size_t kDocumentThreads = 2;
constexpr std::chrono::microseconds kCost(20'000);  // a month of a large contract

Error nobody() {
  return {Code::Unauthorized, "a bearer token that the API server knows is needed"};
}

}  // namespace

OperatorDocuments::OperatorDocuments(OperatorDocumentParts parts)
    : parts_(std::move(parts)),
      workers_(parts_.clock, parts_.metrics, kDocumentThreads, "documents") {}

Result<Json> OperatorDocuments::identify(const HttpRequest& request) {
  const std::string_view header = request.header("authorization");
  if (!header.starts_with(kBearer) || header.size() == kBearer.size()) return nobody();
  const Json review = {{"apiVersion", "authentication.k8s.io/v1"},
                       {"kind", "TokenReview"},
                       {"spec", {{"token", header.substr(kBearer.size())}}}};
  CHARTER_TRY_ASSIGN(Json answer, parts_.transport->post(kTokenReviews, review));
  const Json* user = at(answer, {"status", "user"});
  if (!flag_at(answer, {"status", "authenticated"}, false) || user == nullptr ||
      text_at(*user, {"username"}).empty())
    return nobody();
  return *user;
}

Status OperatorDocuments::authorize(const Json& user, const Asked& asked) {
  const Route& route = asked.route;
  Json spec = {{"user", text_at(user, {"username"})},
               {"uid", text_at(user, {"uid"})},
               {"resourceAttributes",
                {{"group", route.group},
                 {"version", route.version},
                 {"resource", route.resource},
                 {"subresource", route.subresource},
                 {"namespace", route.ns},
                 {"name", route.name},
                 {"verb", "get"}}}};
  for (const char* part : {"groups", "extra"}) {
    if (const Json* value = at(user, {part})) spec[part] = *value;
  }
  const Json review = {{"apiVersion", "authorization.k8s.io/v1"},
                       {"kind", "SubjectAccessReview"},
                       {"spec", std::move(spec)}};
  CHARTER_TRY_ASSIGN(const Json answer, parts_.transport->post(kAccessReviews, review));
  if (flag_at(answer, {"status", "allowed"}, false)) return {};
  return forbidden(*asked.type, route.name,
                   "user \"" + text_at(user, {"username"}) + "\" cannot get " + route.resource +
                       "/" + route.subresource + " in the namespace \"" + route.ns + "\"");
}

Result<HttpResponse> OperatorDocuments::read(const HttpRequest& request, const View& cached,
                                             const LedgerReader& ledger) {
  CHARTER_TRY_ASSIGN(const Json user, identify(request));
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
  CHARTER_TRY(authorize(user, asked));
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
  const auto kept = std::make_shared<HttpRequest>(std::move(request));
  const auto answered = std::make_shared<Respond>(std::move(respond));
  const auto busy = [answered] {
    (*answered)(status_response(
        {Code::TooManyRequests, "too many documents are asked for", {}, {}, {}, 1}));
  };
  HeavyWork work{
      kept->flow, kept->body.size(), kCost,
      [this, kept, answered, cached, ledger] { (*answered)(judge(*kept, *cached, *ledger)); },
      busy};
  if (!workers_.submit(std::move(work))) busy();
}

}  // namespace charter
