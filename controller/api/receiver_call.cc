#include "controller/api/api_call.h"
#include "controller/api/flow_control.h"
#include "controller/api/status_body.h"
#include "controller/object/receivers.h"

// Calls from outside that prove themselves: POST /receivers/RESOURCE/NAME.
namespace charter {
namespace {

/// Nobody knows who sends them before they are judged: all share what one tenant has.
constexpr const char* kReceiversFlow = "receivers";

}  // namespace

void ApiServer::receive(const CallPtr& call) {
  const Receiver receiver = receivers_ ? receivers_->find(call->route.resource) : Receiver();
  if (!receiver) return call->respond(no_such_page());
  HeavyWork work;
  work.cost = estimate_body(call->request.body.size());
  work.flow = kReceiversFlow;
  work.bytes = call->request.body.size();
  work.run = [this, call, receiver] {
    const auto told = receiver(
        {call->route.name, call->request.headers, call->request.body, parts_.store.view()});
    call->respond(told ? HttpResponse::text(200, "text/plain; charset=utf-8", *told + "\n")
                       : status_response(told.error()));
  };
  work.refuse = [call] { call->respond(status_response(too_many_requests())); };
  if (const Status placed = charter::run_by_cost(parts_.heavy, std::move(work)); !placed)
    call->respond(status_response(placed.error()));
}

}  // namespace charter
