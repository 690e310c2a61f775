#include "controller/api/access_review.h"

#include "controller/api/status_body.h"
#include "controller/base/limits.h"
#include "controller/object/causes.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

std::vector<std::string> texts_at(const Json& tree, std::initializer_list<std::string_view> path) {
  std::vector<std::string> out;
  const Json* list = at(tree, path);
  if (!list || !list->is_array()) return out;
  for (const Json& entry : *list) {
    if (entry.is_string()) out.push_back(entry.get<std::string>());
  }
  return out;
}

/// What resourceAttributes or nonResourceAttributes ask; findings when there is not exactly one of
/// them.
AccessRequest question_of(const Json& spec, std::vector<Cause>& causes) {
  const Json* resource = at(spec, {"resourceAttributes"});
  const Json* path = at(spec, {"nonResourceAttributes"});
  const bool about_resource = resource && resource->is_object();
  const bool about_path = path && path->is_object();
  if (about_resource && about_path) {
    causes.push_back(invalid_cause("spec.nonResourceAttributes", *path,
                                   "cannot be specified in combination with resourceAttributes"));
  } else if (!about_resource && !about_path) {
    causes.push_back(invalid_cause(
        "spec.resourceAttributes", Json(),
        "exactly one of nonResourceAttributes or resourceAttributes must be specified"));
  }
  AccessRequest out;
  if (about_path) {
    out.verb = text_at(*path, {"verb"});
    out.path = text_at(*path, {"path"});
  } else if (about_resource) {
    out.verb = text_at(*resource, {"verb"});
    out.group = text_at(*resource, {"group"});
    out.resource = text_at(*resource, {"resource"});
    out.subresource = text_at(*resource, {"subresource"});
    out.ns = text_at(*resource, {"namespace"});
    out.name = text_at(*resource, {"name"});
  }
  return out;
}

/// The subject of a SubjectAccessReview.
Caller subject_of(const Json& spec, std::vector<Cause>& causes) {
  Caller out;
  out.user = text_at(spec, {"user"});
  out.uid = text_at(spec, {"uid"});
  out.groups = texts_at(spec, {"groups"});
  if (out.user.empty() && out.groups.empty()) {
    causes.push_back(
        invalid_cause("spec.user", "", "at least one of user or group must be specified"));
  }
  if (out.groups.size() > limits::kIdentityGroupsMax) {
    causes.push_back(too_many_cause("spec.groups", out.groups.size(), limits::kIdentityGroupsMax));
  }
  return out;
}

Json rules_as(const std::vector<PolicyRule>& rules, bool of_paths) {
  Json out = Json::array();
  for (const PolicyRule& rule : rules) {
    if (of_paths == rule.non_resource_urls.empty()) continue;
    out.push_back(to_json(rule));
  }
  return out;
}

Result<Json> rules_review(const Authorizer& authorizer, const Caller& caller, Json review) {
  const std::string ns = text_at(review, {"spec", "namespace"});
  if (ns.empty()) return Error{Code::BadRequest, "no namespace on request"};
  const HeldRules held = authorizer.table()->rules_of(caller, ns);
  Json status = {{"resourceRules", rules_as(held.rules, false)},
                 {"nonResourceRules", rules_as(held.rules, true)},
                 {"incomplete", false}};
  std::string missing;
  for (const std::string& one : held.missing_roles)
    missing += (missing.empty() ? "" : ", ") + one;
  if (!missing.empty()) {
    status["incomplete"] = true;
    status["evaluationError"] = missing;
  }
  review["spec"] = Json::object();
  review["status"] = std::move(status);
  return review;
}

Result<Json> access_review(const Authorizer& authorizer, const ResourceType& type,
                           const std::string& ns, const Caller& caller, Json review) {
  const Json& spec = review["spec"];
  std::vector<Cause> causes;
  const AccessRequest question = question_of(spec, causes);
  const bool self = type.kind == "SelfSubjectAccessReview";
  const Caller subject = self ? caller : subject_of(spec, causes);
  if (type.namespaced && question.path) {
    causes.push_back(invalid_cause("spec.nonResourceAttributes",
                                   *at(spec, {"nonResourceAttributes"}),
                                   "disallowed on this kind of request"));
  } else if (type.namespaced && question.ns != ns) {
    causes.push_back(invalid_cause("spec.resourceAttributes.namespace", question.ns,
                                   "must match metadata.namespace"));
  }
  if (!causes.empty()) return invalid(type.qualified_kind(), &type, "", std::move(causes));
  const Decision decision = authorizer.decide(subject, question);
  review["status"] = {{"allowed", decision.allowed}};
  if (!decision.reason.empty()) review["status"]["reason"] = decision.reason;
  return review;
}

}  // namespace

Result<Json> check_review(const ResourceType& type, const std::string& ns, Json body,
                          std::vector<std::string>& unknown) {
  const auto refuse = [](std::string text) { return Error{Code::BadRequest, std::move(text)}; };
  if (!body.is_object()) return refuse("the body is not an object");
  const std::string version = api_version_of(type.gvr.group, type.gvr.version);
  const std::string sent_version = text_at(body, {"apiVersion"});
  const std::string sent_kind = text_at(body, {"kind"});
  if ((!sent_version.empty() && sent_version != version) ||
      (!sent_kind.empty() && sent_kind != type.kind)) {
    return refuse(sent_kind + " in version \"" + sent_version + "\" cannot be handled as a " +
                  type.kind);
  }
  const std::string sent_ns = text_at(body, {"metadata", "namespace"});
  if (!sent_ns.empty() && sent_ns != ns) {
    return refuse(
        "the namespace of the provided object does not match the namespace sent on the request");
  }
  body["apiVersion"] = version;
  body["kind"] = type.kind;
  body["metadata"] = Json::object();
  if (!ns.empty()) body["metadata"]["namespace"] = ns;
  body.erase("status");
  type.schema->prune(body, &unknown);
  // Who asks who he is, asks for nothing more.
  const bool has_spec = type.kind != "SelfSubjectReview";
  if (has_spec && (!body.contains("spec") || body["spec"].is_null())) body["spec"] = Json::object();
  type.schema->apply_defaults(body);
  std::vector<Cause> causes;
  type.schema->validate(body, causes);
  if (!causes.empty()) return invalid(type.qualified_kind(), &type, "", std::move(causes));
  return body;
}

Result<Json> answer_review(const Authorizer& authorizer, const ResourceType& type,
                           const std::string& ns, const Caller& caller, Json review, Instant now) {
  if (type.kind == "SelfSubjectRulesReview")
    return rules_review(authorizer, caller, std::move(review));
  if (type.kind != "SelfSubjectReview")
    return access_review(authorizer, type, ns, caller, std::move(review));
  review["metadata"]["creationTimestamp"] = format_time(now);
  review["status"] = {{"userInfo", user_info(caller)}};
  return review;
}

}  // namespace charter
