#include "controller/runtime/namespace_defaults.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

const Gvr kNamespaces{"", "v1", "namespaces"};
const Gvr kAccounts{"", "v1", "serviceaccounts"};
const Gvr kConfigMaps{"", "v1", "configmaps"};
constexpr const char* kAccountName = "default";
constexpr const char* kRootName = "kube-root-ca.crt";
constexpr const char* kRootKey = "ca.crt";

Json account_of(const std::string& ns) {
  return {{"apiVersion", "v1"},
          {"kind", "ServiceAccount"},
          {"metadata", {{"name", kAccountName}, {"namespace", ns}}}};
}

/// Brings one namespace to have both.
class NamespaceDefaults final : public Reconciler {
 public:
  NamespaceDefaults(const Runtime& runtime, const std::string& ca_pem)
      : runtime_(runtime), ca_pem_(ca_pem) {}

  Outcome reconcile(const ObjectName& name) override {
    const ObjectPtr ns = runtime_.caches.get(bucket_of("", "namespaces"), name);
    if (!ns || ns->header().deleting) return Outcome::done();
    if (!runtime_.caches.get(bucket_of("", "serviceaccounts"), {name.name, kAccountName})) {
      return finish(runtime_.client.create(kAccounts, account_of(name.name)));
    }
    return publish(name.name);
  }

 private:
  Outcome publish(const std::string& ns) {
    const ObjectPtr have = runtime_.caches.get(bucket_of("", "configmaps"), {ns, kRootName});
    const Json data = {{kRootKey, ca_pem_}};
    if (!have) {
      Json made = {{"apiVersion", "v1"},
                   {"kind", "ConfigMap"},
                   {"metadata", {{"name", kRootName}, {"namespace", ns}}},
                   {"data", data}};
      made["metadata"]["annotations"]["kubernetes.io/description"] =
          "Contains a CA bundle that can be used to verify the API server when using internal "
          "endpoints.";
      return finish(runtime_.client.create(kConfigMaps, made));
    }
    Json next = have->tree();
    if (next.value("data", Json()) == data) return Outcome::done();
    next["data"] = data;
    return finish(runtime_.client.update(kConfigMaps, next, Part::Main));
  }

  /// A namespace that is on its way out takes nothing new; somebody else may have been quicker.
  static Outcome finish(const Result<ObjectPtr>& written) {
    if (written) return Outcome::again();
    switch (written.error().code) {
      case Code::Forbidden:
      case Code::NotFound:
      case Code::AlreadyExists:
        return Outcome::done();
      default:
        return Outcome::retry(written.error());
    }
  }

  const Runtime runtime_;
  const std::string ca_pem_;
};

/// Only the two objects that are kept concern anybody.
std::vector<ObjectName> namespace_of(const Encoded& object, const Caches&) {
  const Header& header = object.header();
  if (header.name != kAccountName && header.name != kRootName) return {};
  return {{"", header.ns}};
}

}  // namespace

void add_namespace_defaults(Manager& manager, std::string ca_pem) {
  ControllerSpec spec;
  spec.name = "namespace-defaults";
  spec.primary = kNamespaces;
  spec.watches = {{kAccounts, namespace_of}, {kConfigMaps, namespace_of}};
  spec.workers = {2, 0};
  spec.make = [ca_pem = std::move(ca_pem)](const Runtime& runtime) {
    return std::make_unique<NamespaceDefaults>(runtime, ca_pem);
  };
  manager.add(std::move(spec));
}

}  // namespace charter
