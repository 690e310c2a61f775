#include "controller/api/authz.h"

#include "controller/api/builtin_rules.h"
#include "controller/object/labels.h"

namespace charter {
namespace {

/// The name that a field selector asks for. What does not parse asks for no name; the verb refuses it later.
std::string selected_name(const Route& route) {
  const std::string_view text = route.param("fieldSelector");
  if (text.find("metadata.name") == std::string_view::npos) return {};
  const auto selector = Selector::parse_fields(text);
  const std::string* name = selector ? selector->required_value("metadata.name") : nullptr;
  return name ? *name : std::string();
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

bool is_token_request(const ResourceType& type, const Route& route) {
  return route.subresource == "token" && has_token(type) && !route.name.empty();
}

bool is_public(const Route& route) {
  return route.place == Route::Place::Health || route.place == Route::Place::ServerVersion ||
         route.place == Route::Place::Receiver;
}

AccessRequest access_of(const Route& route, std::string_view method) {
  AccessRequest out;
  if (route.place != Route::Place::Resource) {
    out.verb = lower(method);
    out.path = route.rest;
    return out;
  }
  out.verb = verb_word(route.verb);
  out.group = route.group;
  out.resource = route.resource;
  out.subresource = route.subresource;
  out.name = route.name;
  const bool is_namespace = route.group.empty() && route.resource == "namespaces";
  out.ns = is_namespace && route.ns.empty() ? route.name : route.ns;
  if (out.name.empty() && route.verb != Route::Verb::Create) out.name = selected_name(route);
  return out;
}

}  // namespace charter
