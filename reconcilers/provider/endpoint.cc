#include "reconcilers/provider/endpoint.h"

#include "controller/base/base64.h"
#include "controller/runtime/caches.h"
#include "crds/types/kinds.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace charter::provider {
namespace {

Error not_ready(const std::string& name, const std::string& why) {
  return {Code::ServiceUnavailable, "provider " + name + ": " + why, "ReferenceNotReady"};
}

Tenancy tenancy_of(Isolation isolation) {
  switch (isolation) {
    case Isolation::SharedNetwork:
      return Tenancy::SharedNetwork;
    case Isolation::TenantNetwork:
      return Tenancy::TenantNetwork;
    case Isolation::DedicatedHost:
      break;
  }
  return Tenancy::DedicatedHost;
}

/// Of a Provider, without what it logs in with. Pure.
DriverSettings open_settings(const Provider& provider) {
  const std::string driver(to_word(provider.spec.driver));
  const Json spec = spec_json(provider.spec);
  const Json* section = at(spec, {driver});
  Safeguards can{.tenancies = {}, .encryption_at_rest = provider.spec.security.encryption_at_rest};
  for (const auto isolation : provider.spec.security.isolation)
    can.tenancies.push_back(tenancy_of(isolation));
  return {.provider_uid = provider.meta.uid,
          .provider_name = provider.meta.name,
          .driver = driver,
          .settings = section == nullptr ? "{}" : encode(*section),
          .can = std::move(can)};
}

/// Whether a list of names, separated by commas, has this one.
bool lists(std::string_view names, std::string_view name) {
  while (!names.empty()) {
    const size_t comma = std::min(names.find(','), names.size());
    std::string_view one = names.substr(0, comma);
    names.remove_prefix(std::min(comma + 1, names.size()));
    one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
    one = one.substr(0, one.find_last_not_of(' ') + 1);
    if (one == name || one == "*") return true;
  }
  return false;
}

Result<Credentials> credentials_of(const NamespacedRef& secret, const std::string& provider,
                                   Client& client) {
  const auto found = client.get(kinds::secrets(), {secret.ns, secret.name});
  if (!found && found.error().code == Code::NotFound) {
    return Error{Code::ServiceUnavailable,
                 "spec.credentialsRef: secret " + secret.ns + "/" + secret.name + " does not exist",
                 kNoCredentials};
  }
  if (!found) return found.error();
  Credentials credentials;
  const Json tree = (*found)->tree();
  const auto allowed = text_at(tree, {"metadata", "annotations", kProvidersAnnotation});
  if (!lists(allowed, provider)) {
    return Error{Code::ServiceUnavailable,
                 "spec.credentialsRef: secret " + secret.ns + "/" + secret.name +
                     " does not allow this Provider: its annotation " +
                     std::string(kProvidersAnnotation) + " must name it",
                 kNotAllowed};
  }
  const Json* data = at(tree, {"data"});
  if (data == nullptr || !data->is_object()) return credentials;
  for (const auto& [key, value] : data->items()) {
    auto bytes = value.is_string() ? decode_base64(value.get<std::string>()) : std::nullopt;
    if (bytes) credentials[key] = *std::move(bytes);
  }
  return credentials;
}

}  // namespace

Result<DriverSettings> driver_settings(const Provider& provider, Client& client, DriverPool& pool) {
  DriverSettings settings = open_settings(provider);
  if (!provider.spec.credentials || !pool.needs_secret(settings.driver)) return settings;
  CHARTER_TRY_ASSIGN(settings.credentials,
                     credentials_of(*provider.spec.credentials, provider.meta.name, client));
  return settings;
}

bool is_about_login(std::string_view reason) {
  constexpr std::array<std::string_view, 5> kAboutLogin = {
      kHostNotTrusted, kCredentialsRefused, kNotAllowed, kInvalidCredentials, kNoCredentials};
  return std::find(kAboutLogin.begin(), kAboutLogin.end(), reason) != kAboutLogin.end();
}

Protection protection_of(const std::string& ns, const SecurityPolicy& security) {
  return {.tenant = ns,
          .tenancy = tenancy_of(security.isolation),
          .encrypted_at_rest = security.encryption_at_rest};
}

Status check_protected(const SecurityPolicy& wanted, const Protection& found) {
  const auto tenancy = tenancy_of(wanted.isolation);
  if (found.tenancy < tenancy) {
    return Error{Code::Forbidden,
                 "is isolated by " + std::string(tenancy_word(found.tenancy)) + ", wanted " +
                     std::string(tenancy_word(tenancy)),
                 "IsolationNotPossible"};
  }
  if (wanted.encryption_at_rest && !found.encrypted_at_rest)
    return Error{Code::Forbidden, "is not encrypted at rest", "EncryptionNotPossible"};
  return {};
}

Result<std::shared_ptr<ProviderDriver>> endpoint(const Runtime& rt, DriverPool& pool,
                                                 const std::string& name) {
  if (auto open = pool.get(name)) return open;
  const ObjectPtr encoded = rt.caches.get(kinds::bucket(kinds::providers()), {"", name});
  if (encoded == nullptr) {
    return Error{Code::ServiceUnavailable, "provider " + name + " does not exist",
                 "ReferenceNotFound"};
  }
  const auto provider = read_provider(encoded->bare_tree());
  if (!provider) return not_ready(name, provider.error().message);
  const auto settings = driver_settings(*provider, rt.client, pool);
  if (!settings) return driver_error(settings.error(), name);
  if (!pool.knows(settings->driver))
    return not_ready(name, "driver " + settings->driver + " is not available in this build");
  auto opened = pool.open(*settings);
  if (opened) return opened;
  if (opened.error().code == Code::Invalid) return not_ready(name, opened.error().message);
  return driver_error(opened.error(), name);
}

Error driver_error(Error error, const std::string& provider_name) {
  error.message = "provider " + provider_name + ": " + error.message;
  if (is_about_login(error.reason) && error.code == Code::ServiceUnavailable) error.reason.clear();
  if (!error.reason.empty()) return error;
  switch (error.code) {
    case Code::Conflict:
      error.reason = "InUse";
      break;
    case Code::Timeout:
    case Code::ServerTimeout:
      error.reason = "TimedOut";
      break;
    case Code::Forbidden:
    case Code::Unauthorized:
    case Code::ServiceUnavailable:
      error.reason = "ProviderUnreachable";
      break;
    default:
      break;
  }
  return error;
}

}  // namespace charter::provider
