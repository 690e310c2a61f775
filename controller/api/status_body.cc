#include "controller/api/status_body.h"

#include <nlohmann/json.hpp>

namespace charter {

Json status_document(const Error& error) {
  Json details = Json::object();
  if (error.subject) {
    const Subject& subject = *error.subject;
    if (!subject.name.empty()) details["name"] = subject.name;
    if (!subject.group.empty()) details["group"] = subject.group;
    if (!subject.kind.empty()) details["kind"] = subject.kind;
    if (!subject.uid.empty()) details["uid"] = subject.uid;
  }
  for (const Cause& cause : error.causes) {
    Json entry = {{"message", cause.message}};
    if (!cause.reason.empty()) entry["reason"] = cause.reason;
    if (!cause.field.empty()) entry["field"] = cause.field;
    details["causes"].push_back(std::move(entry));
  }
  if (error.retry_after_s > 0) details["retryAfterSeconds"] = error.retry_after_s;
  Json status = {{"kind", "Status"},       {"apiVersion", "v1"},          {"metadata", Json::object()},
                 {"status", "Failure"},    {"message", error.message},    {"code", http_status(error.code)}};
  // kube-apiserver gives plain failures (code 500) no reason.
  if (error.code != Code::InternalError || !error.causes.empty()) status["reason"] = reason_word(error.code);
  if (!details.empty() || error.code == Code::Invalid) status["details"] = std::move(details);
  return status;
}

HttpResponse status_response(const Error& error) {
  HttpResponse response =
      HttpResponse::text(http_status(error.code), "application/json", encode(status_document(error)) + "\n");
  if (error.retry_after_s > 0) {
    response.headers.emplace_back("Retry-After", std::to_string(error.retry_after_s));
  }
  return response;
}

HttpResponse expired_page_response(const std::string& continue_token) {
  const Error error{
      Code::Expired,
      "The provided continue parameter is too old to display a consistent list result. You can "
      "start a new list without the continue parameter, or use the continue token in this response "
      "to retrieve the remainder of the results. Continuing with the provided token results in an "
      "inconsistent list - objects that were created, modified, or deleted between the time the "
      "first chunk was returned and now may show up in the list."};
  Json status = status_document(error);
  status["metadata"]["continue"] = continue_token;
  return HttpResponse::text(http_status(error.code), "application/json", encode(status) + "\n");
}

HttpResponse no_such_page() {
  HttpResponse response = HttpResponse::text(404, "text/plain; charset=utf-8", "404 page not found\n");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

void add_warnings(HttpResponse& response, const std::vector<std::string>& warnings) {
  for (const std::string& text : warnings) {
    std::string quoted = "299 - \"";
    for (const char c : text) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    response.headers.emplace_back("Warning", quoted + "\"");
  }
}

Error not_found(const ResourceType& type, const std::string& name) {
  return {Code::NotFound, type.qualified_resource() + " \"" + name + "\" not found", {}, {},
          Subject{type.gvr.group, type.gvr.resource, name, {}}};
}

Error already_exists(const ResourceType& type, const std::string& name) {
  return {Code::AlreadyExists, type.qualified_resource() + " \"" + name + "\" already exists", {}, {},
          Subject{type.gvr.group, type.gvr.resource, name, {}}};
}

Error conflict(const ResourceType& type, const std::string& name, const std::string& why) {
  return {Code::Conflict,
          "Operation cannot be fulfilled on " + type.qualified_resource() + " \"" + name + "\": " + why, {}, {},
          Subject{type.gvr.group, type.gvr.resource, name, {}}};
}

Error forbidden(const ResourceType& type, const std::string& name, const std::string& why) {
  return {Code::Forbidden, type.qualified_resource() + " \"" + name + "\" is forbidden: " + why, {}, {},
          Subject{type.gvr.group, type.gvr.resource, name, {}}};
}

Error invalid(const std::string& qualified_kind, const ResourceType* type, const std::string& name,
              std::vector<Cause> causes) {
  std::string list;
  for (const Cause& cause : causes) {
    if (!list.empty()) list += ", ";
    list += cause.field.empty() ? cause.message : cause.field + ": " + cause.message;
  }
  if (causes.size() > 1) list = "[" + list + "]";
  Subject subject{type ? type->gvr.group : "meta.k8s.io", type ? type->kind : qualified_kind, name, {}};
  if (!type) subject.kind = qualified_kind.substr(0, qualified_kind.find('.'));
  return {Code::Invalid, qualified_kind + " \"" + name + "\" is invalid: " + list, {}, std::move(causes),
          std::move(subject)};
}

Cause cause_of(const std::string& reason, const std::string& field, const std::string& message) {
  return {reason, message, field};
}

}  // namespace charter
