#include "controller/api/api_call.h"
#include "controller/api/flow.h"
#include "controller/api/flow_control.h"
#include "controller/api/status_body.h"
#include "controller/base/limits.h"

#include <nlohmann/json.hpp>

// Read-only subresources that a kind answers itself (KindHooks::documents).
namespace charter {

const DocumentRead* ApiServer::document_of(const Call& call) const {
  const auto hooks = parts_.hooks.find(call.type->bucket());
  if (hooks == parts_.hooks.end()) return nullptr;
  const auto found = hooks->second.documents.find(call.route.subresource);
  return found == hooks->second.documents.end() ? nullptr : &found->second;
}

void ApiServer::document(const CallPtr& call) {
  if (call->route.verb != Route::Verb::Get) {
    return call->respond(
        status_response({Code::MethodNotAllowed,
                         "the server does not allow this method on the requested resource"}));
  }
  // It may look through a ledger: never on a wire thread.
  HeavyWork work;
  work.cost = limits::kInlineCostMax * 2;
  work.flow = call->request.flow.empty() ? charter::flow_of(call->caller) : call->request.flow;
  work.run = [this, call] { run_document(call); };
  work.refuse = [call] { call->respond(status_response(too_many_requests())); };
  if (const Status placed = charter::run_by_cost(parts_.heavy, std::move(work)); !placed)
    call->respond(status_response(placed.error()));
}

void ApiServer::run_document(const CallPtr& call) {
  const ObjectPtr object = parts_.store.get(call->type->bucket(), call->name());
  if (!object) return call->respond(status_response(not_found(*call->type, call->route.name)));
  const Json tree = object->tree();
  const DocumentQuery query{tree,
                            call->route.query,
                            std::string(call->request.header("accept")),
                            parts_.clock.now(),
                            parts_.store.view(),
                            parts_.store};
  auto answer = (*document_of(*call))(query);
  if (!answer) return call->respond(status_response(answer.error()));
  HttpResponse response = HttpResponse::text(200, answer->media_type, std::move(answer->body));
  response.headers.emplace_back("Vary", "Accept");
  call->respond(std::move(response));
}

}  // namespace charter
