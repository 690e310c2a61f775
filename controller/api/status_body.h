#pragma once

#include <string>
#include <vector>

#include "controller/api/http_types.h"
#include "controller/object/kind_registry.h"

// The only place that turns an Error into HTTP: a metav1.Status body.
namespace charter {

/// The Status document of an error.
Json status_document(const Error& error);
/// A complete response: code, JSON Status, Retry-After where the error says so.
HttpResponse status_response(const Error& error);
/// 410 for a page that can't be shown any more, with the token a client may go on with
/// (kubernetes.md 4.8).
HttpResponse expired_page_response(const std::string& continue_token);
/// 404 in plain text, as kube-apiserver answers paths, groups and resources it does not know.
HttpResponse no_such_page();
/// Adds one `Warning: 299 - "…"` header a text.
void add_warnings(HttpResponse& response, const std::vector<std::string>& warnings);

// The storage errors every verb needs, in kube-apiserver's words. `type` names the resource.
Error not_found(const ResourceType& type, const std::string& name);
Error already_exists(const ResourceType& type, const std::string& name);
Error conflict(const ResourceType& type, const std::string& name, const std::string& why);
Error forbidden(const ResourceType& type, const std::string& name, const std::string& why);
/// 422 with causes; the message lists all of them.
Error invalid(const std::string& qualified_kind, const ResourceType* type, const std::string& name, std::vector<Cause> causes);
/// A cause in kube's form: message `Invalid value: "x": why`.
Cause cause_of(const std::string& reason, const std::string& field, const std::string& message);

}  // namespace charter
