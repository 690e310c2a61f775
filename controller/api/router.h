#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "controller/base/result.h"

// From method, path and query to what is meant. Pure: no table of kinds, no store.
//
//   /api /apis /apis/G /api/v1 /apis/G/V            discovery
//   /api/v1[/namespaces/N]/R[/NAME[/SUB]]           core group
//   /apis/G/V[/namespaces/N]/R[/NAME[/SUB]]         other groups
//   /openapi/… /healthz /livez /readyz /version /metrics
//   /.well-known/openid-configuration /openid/v1/jwks   the issuer of ServiceAccounts' tokens
//   /receivers/R/NAME                               calls from outside that prove themselves (receivers.h)
namespace charter {

/// OpenID Connect Discovery 1.0, section 4, and where Kubernetes puts its keys.
inline constexpr std::string_view kIssuerConfigurationPath = "/.well-known/openid-configuration";
inline constexpr std::string_view kIssuerKeysPath = "/openid/v1/jwks";

/// What a request asks for.
struct Route {
  enum class Place { Resource, Api, Apis, Group, Version, OpenApi, Health, ServerVersion, Metrics, Issuer, Receiver, Unknown };
  enum class Verb { Get, List, Watch, Create, Update, Patch, Delete, DeleteCollection };
  Place place = Place::Unknown;
  Verb verb = Verb::Get;
  std::string group, version, resource, ns, name, subresource;
  std::string rest;  ///< path for the non-resource places
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order

  /// First value of a query parameter, or empty.
  std::string_view param(std::string_view key) const;
  bool has_param(std::string_view key) const;
  /// A yes or no as Kubernetes reads them: "false" and "0" are no, everything else that is there is yes, also nothing.
  std::optional<bool> flag(std::string_view key) const;
};

/// RBAC's word for a verb: "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection".
std::string_view verb_word(Route::Verb verb);

/// Percent-decodes one path segment or query part. Errors: BadRequest for bad escapes, NUL, invalid UTF-8.
enum class PlusMeans { Plus, Space };
Result<std::string> percent_decode(std::string_view text, PlusMeans plus);

/// Routes a request. Errors: BadRequest for paths with empty, `.` or `..` segments or an encoded slash; MethodNotAllowed. An unknown path is
/// Place::Unknown, not an error.
Result<Route> route(std::string_view method, std::string_view path, std::string_view query);

}  // namespace charter
