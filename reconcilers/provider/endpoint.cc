#include "reconcilers/provider/endpoint.h"

#include "crds/types/kinds.h"

#include <nlohmann/json.hpp>

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

}  // namespace

DriverSettings driver_settings(const Provider& provider) {
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

Result<std::shared_ptr<ProviderDriver>> endpoint(const View& view, DriverPool& pool,
                                                 const std::string& name) {
  if (auto open = pool.get(name)) return open;
  const ObjectPtr encoded = view.get(kinds::bucket(kinds::providers()), {"", name});
  if (encoded == nullptr) {
    return Error{Code::ServiceUnavailable, "provider " + name + " does not exist",
                 "ReferenceNotFound"};
  }
  const auto provider = read_provider(encoded->bare_tree());
  if (!provider) return not_ready(name, provider.error().message);
  const DriverSettings settings = driver_settings(*provider);
  if (!pool.knows(settings.driver))
    return not_ready(name, "driver " + settings.driver + " is not available in this build");
  auto opened = pool.open(settings);
  if (opened) return opened;
  if (opened.error().code == Code::Invalid) return not_ready(name, opened.error().message);
  return driver_error(opened.error(), name);
}

Error driver_error(Error error, const std::string& provider_name) {
  error.message = "provider " + provider_name + ": " + error.message;
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
