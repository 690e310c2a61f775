#pragma once

#include "tests/support/world.h"

#include <string>

// A World with one simulated provider "p" and what machines and volumes need to be written down.
namespace charter::test {

inline constexpr const char* kProvider = R"(
apiVersion: charter.dev/v1alpha1
kind: Provider
metadata: {name: p}
spec:
  driver: simulated
  location: {region: eu-central, jurisdiction: EU}
  simulated:
    bootTime: 2s
    hosts:
    - {name: h1, vcpus: 16, memory: 64Gi, storage: 1Ti}
    - {name: h2, vcpus: 16, memory: 64Gi, storage: 1Ti}
)";

/// A Machine of 4 vcpus and 8GB; `more` is further YAML of its spec in flow form, e.g. "power:
/// Off".
inline std::string machine_yaml(const std::string& name, const std::string& more = {}) {
  return R"({apiVersion: charter.dev/v1alpha1, kind: Machine, metadata: {name: )" + name +
         R"(, namespace: shop}, spec: {instanceRef: {name: order-mgmt}, index: 0,
 providerRef: {name: p}, vcpus: 4, memory: 8GB, bootDisk: {size: 100GB},
 image: {name: open-linux, url: "https://images.example/open-linux.qcow2",
   digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"})" +
         (more.empty() ? "" : ", " + more) + "}}";
}

/// A World whose provider is ready.
class MachineWorld : public World {
 public:
  explicit MachineWorld(const std::string& provider = kProvider) {
    apply(provider);
    settle();
  }
  bool is_ready(const std::string& kind, const std::string& name) {
    return settle_until([&] { return is(kind, name, "Ready"); }, std::chrono::minutes(10));
  }
  bool is_gone(const std::string& kind, const std::string& name) {
    return settle_until([&] { return !exists(kind, name); }, std::chrono::minutes(10));
  }
  bool has_reason(const std::string& kind, const std::string& name, const std::string& word) {
    return settle_until([&] { return reason(kind, name) == word; }, std::chrono::minutes(10));
  }
};

}  // namespace charter::test
