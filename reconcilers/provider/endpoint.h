#pragma once

#include "controller/runtime/reconciler.h"
#include "crds/types/provider.h"
#include "drivers/provider_driver.h"

#include <memory>
#include <string>
#include <string_view>

// How Machines and Volumes reach the endpoint of their Provider, and what its errors mean to their
// users. Thread-safe.
//
//   driver's error       becomes                    class
//   WaitForCapacity,     as it is                   WaitForCapacity, UserError
//   Infeasible
//   IsolationNotPossible, as it is                  PolicyDenied
//   EncryptionNotPossible
//   Conflict             InUse                      Retryable
//   Forbidden, all of    ProviderUnreachable        Retryable: credentials can come back by
//   drivers/credentials.h                           themselves, so somebody must look again
//   Timeout              TimedOut                   Retryable
//   ServiceUnavailable   ProviderUnreachable        Retryable
//   others               reasons.h reason_of
namespace charter::provider {

/// On a Secret: names of the Providers that may log in with it, separated by commas, or "*" for
/// all. Whoever may write Providers could otherwise log in with any Secret of the cluster.
inline constexpr std::string_view kProvidersAnnotation = "charter.dev/providers";

/// What opens the endpoint of a Provider, with its Secret as it is now where its driver needs one.
/// The Secret is read live and kept by nobody but the open endpoint. Errors: ServiceUnavailable
/// with reason ReferenceNotFound (no such Secret) or Denied (it does not allow this Provider), or
/// the client's.
Result<DriverSettings> driver_settings(const Provider& provider, Client& client, DriverPool& pool);

/// The open endpoint of the Provider `name`; opens it when this process has not yet, so that a
/// restart costs nobody an error. Errors: ServiceUnavailable with reason ReferenceNotFound (no such
/// Provider), ReferenceNotReady (its settings or driver are refused) or ProviderUnreachable.
Result<std::shared_ptr<ProviderDriver>> endpoint(const Runtime& rt, DriverPool& pool,
                                                 const std::string& name);

/// What a thing of this namespace is to be protected by: namespaces are the tenants. Pure.
Protection protection_of(const std::string& ns, const SecurityPolicy& security);

/// Why `found` protects less than `wanted`, as an error of `check_possible`; nothing when it does
/// not. Pure.
Status check_protected(const SecurityPolicy& wanted, const Protection& found);

/// Whether an error's reason says that nobody can log in, and why (drivers/credentials.h). The
/// Provider says so; to who has machines there it is out of reach.
bool is_about_login(std::string_view reason);

/// A driver's error as a condition shows it: names the provider and carries a reason.
Error driver_error(Error error, const std::string& provider_name);

}  // namespace charter::provider
