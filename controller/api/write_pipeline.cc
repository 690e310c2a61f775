#include "controller/api/write_pipeline.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "controller/api/builtin_rules.h"
#include "controller/api/rbac_admission.h"
#include "controller/api/status_body.h"
#include "controller/api/webhook_calls.h"
#include "controller/base/limits.h"

namespace charter {
namespace {

using Change = ResourceVerbs::Change;

std::string strict_text(const std::vector<std::string>& duplicates, const std::vector<std::string>& unknown) {
  std::string text;
  const auto append = [&](const char* what, const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      if (!text.empty()) text += ", ";
      text += std::string(what) + " field \"" + path + "\"";
    }
  };
  append("duplicate", duplicates);
  append("unknown", unknown);
  return text;
}

/// judge_fields, but for a patch: what is refused there is the patched object, not the body.
Status judge_change(const Change& change, const std::vector<std::string>& unknown, const Json& tree,
                    std::vector<std::string>& warnings) {
  const auto& duplicates = change.options.duplicates;
  const bool strict = change.options.validation == FieldValidation::Strict;
  if (change.form != Change::Form::Patch || !strict || (unknown.empty() && duplicates.empty()))
    return judge_fields(*change.type, change.options, unknown, warnings);
  Error error = invalid("", nullptr, "",
                        {{"FieldValueInvalid",
                          "Invalid value: " + encode(Json(encode(tree))) +
                              ": strict decoding error: " + strict_text(duplicates, unknown),
                          "patch"}});
  error.subject.reset();
  return error;
}

void add_finalizers(const Change& change, Json& tree) {
  const auto hooks = change.parts.hooks.find(change.type->bucket());
  if (hooks == change.parts.hooks.end() || hooks->second.finalizers.empty()) return;
  Json& list = tree["metadata"]["finalizers"];
  if (list.is_null()) list = Json::array();
  if (!list.is_array()) return;  // validation says so
  for (const std::string& finalizer : hooks->second.finalizers) {
    if (std::find(list.begin(), list.end(), Json(finalizer)) == list.end()) list.push_back(finalizer);
  }
}

/// What the schema and a built-in kind add to a tree.
Status fill_in(const Change& change, Json& tree, const Json* before) {
  change.type->schema->apply_defaults(tree);
  drop_empty(tree);
  return complete_builtin(*change.type, tree, before, change.parts);
}

/// Lets users' webhooks change a shaped tree. What they made is shaped again and not judged by fieldValidation, which is about
/// the client's own words.
Status mutate(const Change& change, Json& tree, const Json* before, Checked& out) {
  if (!change.may_wait) return {};
  CHARTER_TRY_ASSIGN(const auto made, ask_mutating(change, tree, before, out.warnings));
  if (!made) return {};
  out.asked = std::make_shared<Json>(std::move(tree));
  tree = std::move(*made);
  change.type->schema->prune(tree, nullptr);
  return fill_in(change, tree, before);
}

/// A question about the object of a write, without a verb.
AccessRequest access_to(const Change& change, const Json& object) {
  AccessRequest out;
  out.group = change.type->gvr.group;
  out.resource = change.type->gvr.resource;
  out.ns = change.name.ns;
  out.name = text_at(object, {"metadata", "name"});
  return out;
}

}  // namespace

Status judge_fields(const ResourceType& type, const WriteOptions& options,
                    const std::vector<std::string>& unknown, std::vector<std::string>& warnings) {
  if (options.validation == FieldValidation::Ignore) return {};
  if (options.validation == FieldValidation::Warn) {
    for (const std::string& path : options.duplicates)
      warnings.push_back("duplicate field \"" + path + "\"");
    for (const std::string& path : unknown)
      warnings.push_back("unknown field \"" + path + "\"");
    return {};
  }
  if (unknown.empty() && options.duplicates.empty()) return {};
  return Error{Code::BadRequest, type.kind + " in version \"" + type.gvr.version +
                                     "\" cannot be handled as a " + type.kind +
                                     ": strict decoding error: " +
                                     strict_text(options.duplicates, unknown)};
}

FieldManager ResourceVerbs::Change::manager() const {
  std::string who = options.field_manager;
  if (who.empty()) who = options.caller.agent.substr(0, options.caller.agent.find('/'));
  if (who.empty()) who = "unknown";
  return {std::move(who), api_version_of(type->gvr.group, type->gvr.version), subresource};
}

Result<Checked> check_tree(Change& change, Json tree, const Json* before) {
  const ResourceType& type = *change.type;
  Checked out;
  std::vector<std::string> unknown;
  type.schema->prune(tree, &unknown);
  CHARTER_TRY(judge_change(change, unknown, tree, out.warnings));
  if (!before) add_finalizers(change, tree);
  CHARTER_TRY(fill_in(change, tree, before));
  CHARTER_TRY(mutate(change, tree, before, out));
  std::vector<Cause> causes;
  type.schema->validate(tree, causes);
  check_metadata(tree, before, causes, out.warnings);
  if (causes.empty()) check_builtin(type, tree, before, causes);
  judge_rules(*change.parts.rules, type.schema, tree, before, causes, out.warnings);
  if (!causes.empty()) {
    const std::string name = text_at(tree, {"metadata", "name"});
    return invalid(type.qualified_kind(), &type, name, std::move(causes));
  }
  if (type.deprecated) out.warnings.push_back(type.deprecation_warning);
  out.tree = std::make_shared<Json>(std::move(tree));
  return out;
}

namespace {

/// Escalation checks and the kind's own rules.
Status admit_kind(const Change& change, const Json* object, const Json* before, std::vector<std::string>& warnings) {
  const Authorizer* authorizer = change.parts.authorizer;
  const Caller& caller = change.options.caller;
  AccessRequest own = access_to(change, object ? *object : *before);
  if (authorizer && object) {
    // PATCH was allowed before anybody knew that it would make an object.
    own.verb = "create";
    if (!before && change.form == Change::Form::Apply) CHARTER_TRY(authorizer->check(caller, own));
    CHARTER_TRY(check_escalation(*authorizer, *change.type, caller, *object, before));
  }
  const auto hooks = change.parts.hooks.find(change.type->bucket());
  if (hooks == change.parts.hooks.end() || !hooks->second.admit || change.subresource == "status") return {};
  AdmitRequest request;
  request.operation = !object ? AdmitRequest::Operation::Delete
                     : before ? AdmitRequest::Operation::Update
                              : AdmitRequest::Operation::Create;
  request.subresource = change.subresource;
  request.object = object;
  request.before = before;
  request.caller = change.options.caller;
  request.now = change.parts.clock.now();
  request.warnings = &warnings;
  if (authorizer) {
    request.may = [&](std::string_view verb) {
      own.verb = verb;
      return authorizer->allows(caller, own);
    };
  }
  if (auto verdict = hooks->second.admit(request, change.parts.store.view()); !verdict) {
    const std::string name = text_at(object ? *object : *before, {"metadata", "name"});
    return name_store_error(*change.type, name, std::move(verdict.error()));
  }
  return {};
}

}  // namespace

Status admit(const Change& change, const Json* object, const Json* before,
             std::vector<std::string>& warnings) {
  CHARTER_TRY(admit_kind(change, object, before, warnings));
  return ask_validating(change, object, before, warnings);
}

void track(const Change& change, Checked& checked, const Json* before) {
  Json& tree = *checked.tree;
  Json& asked = checked.asked ? *checked.asked : tree;
  track_update(asked, before, *change.type->schema, change.manager(), change.parts.clock.now());
  if (!checked.asked) return;
  tree["metadata"].erase("managedFields");
  if (const Json* owned = at(asked, {"metadata", "managedFields"}))
    tree["metadata"]["managedFields"] = *owned;
}

Guard make_guard(const std::shared_ptr<Change>& change, std::shared_ptr<const Json> object,
                 std::shared_ptr<const Json> before) {
  const auto hooks = change->parts.hooks.find(change->type->bucket());
  const bool judged = hooks != change->parts.hooks.end() && hooks->second.guard && change->subresource != "status";
  const bool creates = !before;
  if (!judged) {
    if (!creates || !change->type->namespaced) return {};
    // Without the trees: they would be freed by the writer, a thread that did not make them.
    return [type = change->type, ns = change->name.ns, name = text_at(*object, {"metadata", "name"})](
               const View& view) { return check_namespace(*type, ns, name, view); };
  }
  return [change, object = std::move(object), before = std::move(before), creates](const View& view) -> Status {
    const std::string name = text_at(*object, {"metadata", "name"});
    if (creates) CHARTER_TRY(check_namespace(*change->type, change->name.ns, name, view));
    AdmitRequest request;
    request.operation = creates ? AdmitRequest::Operation::Create : AdmitRequest::Operation::Update;
    request.subresource = change->subresource;
    request.object = object.get();
    request.before = before.get();
    request.caller = change->options.caller;
    request.now = change->parts.clock.now();
    auto verdict = change->parts.hooks.find(change->type->bucket())->second.guard(request, view);
    if (!verdict) return name_store_error(*change->type, name, std::move(verdict.error()));
    return {};
  };
}

Error name_store_error(const ResourceType& type, const std::string& name, Error error) {
  if (error.subject) return error;
  switch (error.code) {
    case Code::Conflict:
      return conflict(type, name, "the object has been modified; please apply your changes to the latest version and try again");
    case Code::AlreadyExists: return already_exists(type, name);
    case Code::NotFound: return not_found(type, name);
    case Code::Invalid:
      if (!error.causes.empty()) return invalid(type.qualified_kind(), &type, name, std::move(error.causes));
      break;
    case Code::Forbidden: {
      // Causes stay: a denied limit names its field.
      Error named = forbidden(type, name, error.message);
      named.causes = std::move(error.causes);
      return named;
    }
    default: break;
  }
  return error;
}

}  // namespace charter
