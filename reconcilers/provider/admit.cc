#include "reconcilers/provider/admit.h"

#include "controller/object/causes.h"
#include "crds/types/provider.h"

#include <nlohmann/json.hpp>

namespace charter::provider {
namespace {

Error invalid(std::vector<Cause> causes) {
  std::string text;
  for (const auto& cause : causes)
    text += (text.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  return Error{Code::Invalid, std::move(text), {}, std::move(causes)};
}

bool has_section(const Provider::Spec& spec, DriverKind driver) {
  switch (driver) {
    case DriverKind::Simulated:
      return spec.simulated.has_value();
    case DriverKind::Libvirt:
      return spec.libvirt.has_value();
    case DriverKind::Remote:
      return spec.remote.has_value();
  }
  return false;
}

void check_sections(const Provider& provider, std::vector<Cause>& causes) {
  const auto own = std::string(to_word(provider.spec.driver));
  for (const auto driver : {DriverKind::Simulated, DriverKind::Libvirt, DriverKind::Remote}) {
    const auto field = "spec." + std::string(to_word(driver));
    const bool wanted = driver == provider.spec.driver;
    const bool found = has_section(provider.spec, driver);
    if (wanted && !found)
      causes.push_back(required_cause(field, "driver " + own + " needs its settings"));
    if (!wanted && found) causes.push_back(forbidden_cause(field, "the driver is " + own));
  }
}

// What the schema cannot say. Names of calls are the driver's own matter: a wrong one shows as
// InvalidSettings.
void check_simulated(const Provider& provider, std::vector<Cause>& causes) {
  if (!provider.spec.simulated) return;
  const auto& failures = provider.spec.simulated->failures;
  for (size_t i = 0; i < failures.size(); ++i) {
    const auto& failure = failures[i];
    const auto field = "spec.simulated.failures[" + std::to_string(i) + "]";
    const int stated = failure.every.has_value() + failure.first.has_value() +
                       static_cast<int>(!failure.rate.empty());
    if (stated != 1)
      causes.push_back(
          invalid_cause(field, failure.call, "state exactly one of every, first and rate"));
    if (failure.error == InjectedError::Slow && !failure.delay)
      causes.push_back(required_cause(field + ".delay", "a Slow failure needs a delay"));
  }
}

bool is_remote(const std::string& uri) {
  return uri.starts_with("qemu+tls://") || uri.starts_with("qemu+ssh://");
}

void check_credentials(const Provider& provider, std::vector<Cause>& causes) {
  const bool needed = is_remote(provider.spec.libvirt->uri);
  if (needed && !provider.spec.credentials) {
    causes.push_back(required_cause("spec.credentialsRef",
                                    "libvirt over TLS or SSH needs a Secret to log in with"));
  }
  if (!needed && provider.spec.credentials) {
    causes.push_back(forbidden_cause("spec.credentialsRef",
                                     "a hypervisor of this machine asks for no credentials"));
  }
}

}  // namespace

Status admit(const AdmitRequest& request, const View&) {
  if (request.object == nullptr || request.subresource == "status") return {};
  CHARTER_TRY_ASSIGN(const auto now, read_provider(*request.object));
  if (!now.meta.deleted.empty()) return {};
  std::vector<Cause> causes;
  if (request.before != nullptr) {
    CHARTER_TRY_ASSIGN(const auto before, read_provider(*request.before));
    if (before.spec == now.spec) return {};
    if (before.spec.driver != now.spec.driver) {
      causes.push_back(invalid_cause("spec.driver", std::string(to_word(now.spec.driver)),
                                     "field is immutable: make another Provider"));
    }
  }
  check_sections(now, causes);
  if (now.spec.driver == DriverKind::Simulated) check_simulated(now, causes);
  if (now.spec.libvirt) check_credentials(now, causes);
  if (!causes.empty()) return invalid(std::move(causes));
  const bool unused = now.spec.credentials && now.spec.driver == DriverKind::Simulated;
  if (unused && request.warnings != nullptr) {
    request.warnings->push_back("spec.credentialsRef: the simulated driver needs no credentials");
  }
  return {};
}

}  // namespace charter::provider
