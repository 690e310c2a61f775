#include "controller/api/webhook_calls.h"

#include "controller/api/authorizer.h"
#include "controller/api/service_account_tokens.h"
#include "controller/api/flow_control.h"
#include "controller/api/scale.h"
#include "controller/cel/access.h"
#include "controller/webhooks/webhooks.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <utility>

namespace charter {
namespace {

using Change = ResourceVerbs::Change;
using Operation = AdmitRequest::Operation;

bool is_scale(const Change& change) {
  return change.subresource == "scale";
}

Operation operation_of(const Json* object, const Json* before) {
  if (!object) return Operation::Delete;
  return before ? Operation::Update : Operation::Create;
}

/// The options of the operation that is done, whatever the request was: a patch may be a create.
Json options_of(const Change& change, Operation operation) {
  const char* kind = operation == Operation::Create   ? "CreateOptions"
                     : operation == Operation::Update ? "UpdateOptions"
                                                      : "DeleteOptions";
  Json out = {{"apiVersion", "meta.k8s.io/v1"}, {"kind", kind}};
  if (change.options.dry_run == DryRun::Yes) out["dryRun"] = {"All"};
  if (operation == Operation::Delete) return out;
  if (!change.options.field_manager.empty()) out["fieldManager"] = change.options.field_manager;
  return out;
}

/// What the writer of a change may do, and what ServiceAccounts may.
class WriterAccess : public cel::AccessJudge {
 public:
  explicit WriterAccess(const Change& change) : change_(change) {}

  Answer decide(const cel::AccessAsk& ask) const override {
    AccessRequest request;
    request.verb = ask.verb;
    request.group = ask.group;
    request.resource = ask.resource;
    request.subresource = ask.subresource;
    request.ns = ask.ns;
    request.name = ask.name;
    request.path = ask.path;
    const Caller caller = ask.account.empty() ? change_.options.caller
                                              : service_account_caller(ask.account_ns, ask.account, "");
    Decision said = change_.parts.authorizer->decide(caller, request);
    return {said.allowed, std::move(said.reason)};
  }

 private:
  const Change& change_;
};

/// One question, with everything that an AdmissionAttempt refers to.
class Question {
 public:
  Question(const Change& change, const Json* object, const Json* before)
      : change_(change),
        operation_(operation_of(object, before)),
        options_(options_of(change, operation_)),
        access_(change),
        object_(object),
        before_(before) {
    if (!is_scale(change)) return;
    if (object) object_ = &scales_[0].emplace(scale_of(*change.type, *object));
    if (before) before_ = &scales_[1].emplace(scale_of(*change.type, *before));
  }

  AdmissionAttempt attempt() const {
    const Json& any = object_ ? *object_ : *before_;
    return {*change_.type,
            change_.subresource,
            {change_.name.ns, text_at(any, {"metadata", "name"})},
            operation_,
            object_,
            before_,
            change_.options.caller,
            options_,
            change_.options.dry_run == DryRun::Yes,
            change_.parts.authorizer ? &access_ : nullptr};
  }

 private:
  const Change& change_;
  const Operation operation_;
  const Json options_;
  const WriterAccess access_;
  std::optional<Json> scales_[2];
  const Json* object_;
  const Json* before_;
};

/// What of a webhook's work counts: a request writes its own part of the object, whoever changed it
/// on the way.
Result<Json> confined(const Change& change, const Json& asked, Json made) {
  if (is_scale(change)) return with_scale(*change.type, asked, made);
  if (!change.type->has_status) return made;
  const bool status = change.subresource == "status";
  Json out = status ? asked : std::move(made);
  const Json& source = status ? made : asked;
  out.erase("status");
  if (source.contains("status")) out["status"] = source["status"];
  return out;
}

}  // namespace

std::string awaited_webhook(const Change& change, std::initializer_list<Operation> operations) {
  const Webhooks* webhooks = change.parts.webhooks;
  if (!webhooks || change.may_wait) return {};
  for (const Operation operation : operations) {
    std::string first = webhooks->first_concerned({*change.type, change.subresource, operation});
    if (!first.empty()) return first;
  }
  return {};
}

void wait_elsewhere(Change& change, const std::string& webhook, std::function<void()> run,
                    const std::function<void(Error)>& fail) {
  change.may_wait = true;
  HeavyWorkers* waiting = change.parts.waiting;
  if (!waiting) return run();
  HeavyWork work;
  // By webhook: one that does not answer holds up the writes it judges and no others.
  work.flow = "webhook:" + webhook;
  work.run = std::move(run);
  work.refuse = [fail] { fail(too_many_requests()); };
  if (!waiting->submit(std::move(work))) fail(too_many_requests());
}

Result<std::shared_ptr<Json>> ask_mutating(const Change& change, const Json& tree,
                                           const Json* before, std::vector<std::string>& warnings) {
  if (!change.parts.webhooks || !change.may_wait) return std::shared_ptr<Json>();
  const Question question(change, &tree, before);
  CHARTER_TRY_ASSIGN(Mutation made, change.parts.webhooks->mutate(question.attempt()));
  std::move(made.warnings.begin(), made.warnings.end(), std::back_inserter(warnings));
  if (!made.object) return std::shared_ptr<Json>();
  CHARTER_TRY_ASSIGN(*made.object, confined(change, tree, std::move(*made.object)));
  return made.object;
}

Status ask_validating(const Change& change, const Json* object, const Json* before,
                      std::vector<std::string>& warnings) {
  if (!change.parts.webhooks || !change.may_wait) return {};
  const Question question(change, object, before);
  if (!object) {
    CHARTER_TRY_ASSIGN(Mutation seen, change.parts.webhooks->mutate(question.attempt()));
    std::move(seen.warnings.begin(), seen.warnings.end(), std::back_inserter(warnings));
  }
  return change.parts.webhooks->validate(question.attempt(), warnings);
}

}  // namespace charter
