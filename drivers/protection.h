#pragma once

#include "controller/base/result.h"

#include <string>
#include <string_view>
#include <vector>

// How a driver must keep a thing apart from those of others. Part of both ports.
namespace charter {

/// How far tenants are apart. Each level includes the ones before it.
enum class Tenancy {
  SharedNetwork,  ///< no separation
  TenantNetwork,  ///< reachable only for things of the same tenant
  DedicatedHost,  ///< the host runs machines of this tenant alone
};

/// "SharedNetwork", "TenantNetwork", "DedicatedHost".
std::string_view tenancy_word(Tenancy tenancy);

/// What a thing is to be protected by, and for whom. A driver that cannot do all of it MUST refuse
/// the thing; it MUST NOT make it with less.
struct Protection {
  std::string tenant;  ///< whose it is; things of different tenants are kept apart
  Tenancy tenancy = Tenancy::TenantNetwork;
  bool encrypted_at_rest = false;  ///< boot disk or volume
  bool operator==(const Protection&) const = default;
};

/// What an endpoint can do, as its Provider states it.
struct Safeguards {
  std::vector<Tenancy> tenancies = {Tenancy::SharedNetwork, Tenancy::TenantNetwork};
  bool encryption_at_rest = false;
  bool operator==(const Safeguards&) const = default;
};

/// Errors: Forbidden, with reason IsolationNotPossible or EncryptionNotPossible.
Status check_possible(const Protection& wanted, const Safeguards& can);

/// "TenantNetwork, encrypted at rest".
std::string describe(const Protection& protection);

}  // namespace charter
