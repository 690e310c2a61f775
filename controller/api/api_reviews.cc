#include "controller/api/access_review.h"
#include "controller/api/api_call.h"
#include "controller/api/authz.h"
#include "controller/api/builtin_rules.h"
#include "controller/api/impersonation.h"
#include "controller/api/read_verbs.h"
#include "controller/api/request_options.h"
#include "controller/api/status_body.h"
#include "controller/api/token_review.h"
#include "controller/api/write_pipeline.h"
#include "controller/base/limits.h"

#include <nlohmann/json.hpp>

#include <algorithm>

// The part of ApiServer that knows who calls, and answers what is never stored.
namespace charter {
void ApiServer::use_tokens(const TokenVerifier& verifier, const ServiceAccountTokens& accounts) {
  authenticator_.use_tokens(&verifier);
  token_verifier_ = &verifier;
  account_tokens_ = &accounts;
}

/// The client's own id if it sent one that can be sent back, else a new one.
std::string ApiServer::audit_id_for(const HttpRequest& request) {
  const std::string_view own = request.header("audit-id");
  const bool usable =
      !own.empty() && own.size() <= limits::kAuditIdBytesMax &&
      std::all_of(own.begin(), own.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  return usable ? std::string(own) : uuid4(audit_ids_);
}

/// Who calls, as whom, and whether he may. What the audit records of the call is decided by who was
/// authenticated, as in kube-apiserver; a refusal may be recorded although the call would not be.
Status ApiServer::identify(Call& call, const Result<Caller>& authenticated) const {
  const AccessRequest access = access_of(call.route, call.request.method);
  const Caller* who = authenticated ? &*authenticated : nullptr;
  const AuditSubject subject{call.request, call.route, access, who, call.audit_id, call.received};
  if (audit_) call.audited = audit_->begin(subject);
  Status outcome;
  if (who) {
    call.caller = *who;
    // A receiver judges by itself: no right of the sender's helps, and none is missing.
    if (call.route.place != Route::Place::Receiver) outcome = authorize(call, access);
  } else {
    outcome = Error(authenticated.error());
  }
  if (!outcome && audit_ && !call.audited && !is_public(call.route)) {
    call.audited = audit_->begin_refused(subject);
    if (call.audited && who) Audit::decide(*call.audited, {false, {}});
  }
  return outcome;
}

Status ApiServer::authorize(Call& call, const AccessRequest& access) const {
  CHARTER_TRY_ASSIGN(const bool impersonated, impersonate(authorizer_, call.request, call.caller));
  if (!call.audited) return authorizer_.check(call.caller, access);
  if (impersonated) Audit::impersonate(*call.audited, call.caller);
  Decision decision = authorizer_.decide(call.caller, access);
  Audit::decide(*call.audited, decision);
  if (decision.allowed) return {};
  return forbidden_access(call.caller, access, decision.reason);
}

void ApiServer::review(const CallPtr& call) {
  const auto fail = [&call](const Error& error) { call->respond(status_response(error)); };
  const bool token = is_token_request(*call->type, call->route);
  if (!token && !call->route.subresource.empty())
    return fail(not_found(*call->type, call->route.name));
  if (call->route.verb != Route::Verb::Create || (!token && !call->route.name.empty())) {
    return fail({Code::MethodNotAllowed,
                 "the server does not allow this method on the requested resource"});
  }
  auto shape = negotiate(call->request.header("accept"),
                         protobuf_form(*call->type, call->route.subresource));
  if (!shape) return fail(shape.error());
  call->shape = *shape;
  call->shape.as = Representation::As::Object;
  run_by_cost(call, &ApiServer::run_review);
}

void ApiServer::run_review(const CallPtr& call) {
  if (call->audited) Audit::take_body(*call->audited, call->request, *call->type);
  std::vector<std::string> warnings;
  auto answer = answer_of(*call, warnings);
  if (!answer) return call->respond(status_response(answer.error()));
  HttpResponse response = document_response(201, *answer, call->shape);
  add_warnings(response, warnings);
  call->respond(std::move(response));
}

Result<Json> ApiServer::answer_of(const Call& call, std::vector<std::string>& warnings) const {
  if (is_token_request(*call.type, call.route)) {
    if (!account_tokens_) return Error{Code::MethodNotAllowed, "this server issues no tokens"};
    CHARTER_TRY_ASSIGN(WriteOptions options,
                       read_write_options(call.route, call.caller, "CreateOptions"));
    CHARTER_TRY_ASSIGN(Json request, read_body(call.request, "TokenRequest", &options.duplicates));
    ResourceType type;
    type.gvr = {std::string(kAuthenticationGroup), "v1", "tokenrequests"};
    type.kind = "TokenRequest";
    CHARTER_TRY(judge_fields(type, options, unknown_token_fields(request), warnings));
    return answer_token_request({*account_tokens_, parts_.store, parts_.clock, parts_.random},
                                call.name(), std::move(request));
  }
  CHARTER_TRY_ASSIGN(WriteOptions options,
                     read_write_options(call.route, call.caller, "CreateOptions"));
  CHARTER_TRY_ASSIGN(Json body, read_body(call.request, call.type->kind, &options.duplicates));
  std::vector<std::string> unknown;
  CHARTER_TRY_ASSIGN(body, check_review(*call.type, call.route.ns, std::move(body), unknown));
  CHARTER_TRY(judge_fields(*call.type, options, unknown, warnings));
  if (call.type->kind == "TokenReview")
    return answer_token_review(token_verifier_, std::move(body));
  return answer_review(authorizer_, *call.type, call.route.ns, call.caller, std::move(body),
                       parts_.clock.now());
}

}  // namespace charter
