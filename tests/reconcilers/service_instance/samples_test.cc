#include "tests/reconcilers/service_instance/samples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::service_instance {

Json sample(const std::string& yaml) {
  auto tree = parse_yaml(yaml);
  EXPECT_TRUE(tree) << (tree ? "" : tree.error().message);
  return tree ? *tree : Json::object();
}

Json sample_revision() {
  return sample(R"(
apiVersion: charter.dev/v1alpha1
kind: ServiceOfferingRevision
metadata: {name: compute-highspeed-1, uid: revision-uid}
spec:
  offeringRef: {name: compute-highspeed, uid: offering-uid}
  edition: 1
  contentHash: "sha256:0000000000000000000000000000000000000000000000000000000000000001"
  template:
    components:
      machines:
      - name: server
        vcpus: {fromParameter: vcpus}
        memory: {fromParameter: memory}
        class: {fromParameter: class}
        imageFrom: {parameter: os, map: {open-linux: open-linux, open-bsd: open-bsd}}
        bootDisk: {size: {fromParameter: disk}}
        networks: [tenant]
        userData: "#cloud-config\nssh_pwauth: false\n"
  parameters:
  - {name: vcpus, type: integer, allowed: [2, 4], default: 2}
  - {name: memory, type: quantity, allowed: [6GB, 8GB], default: 6GB}
  - {name: disk, type: quantity, min: 100GB, max: 1000GB, step: 100GB, default: 100GB}
  - {name: class, type: string, locked: high-speed}
  - {name: os, type: string, allowed: [open-linux, open-bsd], default: open-linux}
  images:
  - {name: open-linux, digest: "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", format: qcow2, architecture: x86_64}
  - {name: open-bsd, digest: "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", format: qcow2, architecture: x86_64}
  units:
    compute: {per: Machine, equals: {vcpus: 4, memory: 8GB}}
    storage: {per: Capacity, equals: 100GB}
  security: {isolation: TenantNetwork, encryptionAtRest: true}
  billing: {rateCardRef: std-2026}
  rateCard: {currency: USD, effectiveFrom: 2026-01-01T00:00:00Z, items: []}
  placement: {jurisdictions: [EU, US]}
)");
}

Json sample_contract() {
  return sample(R"(
apiVersion: charter.dev/v1alpha1
kind: Contract
metadata: {name: orders, namespace: consumerco, uid: contract-uid, generation: 1}
spec:
  offeringRef: {name: compute-highspeed}
  quantities: {compute: 3, storage: 5}
  placement: {jurisdictions: [EU]}
status:
  accepted:
    hash: "sha256:1"
    revision: compute-highspeed-1
    quantities: {compute: 3, storage: 5}
    placement: {jurisdictions: [EU]}
    at: 2026-06-01T00:00:00Z
  conditions:
  - {type: Active, status: "True", reason: Active, message: in force, lastTransitionTime: 2026-06-01T00:00:00Z}
)");
}

Json sample_instance() {
  return sample(R"(
apiVersion: charter.dev/v1alpha1
kind: ServiceInstance
metadata: {name: order-mgmt, namespace: consumerco, uid: instance-uid, generation: 1, creationTimestamp: 2026-06-01T00:00:00Z}
spec:
  contractRef: {name: orders}
  parameters: {vcpus: 4, memory: 8GB, disk: 100GB, os: open-linux}
  replicas: 3
  volumes:
  - {name: data, size: 500GB, shared: true}
)");
}

Provider sample_provider(const std::string& name, const std::string& jurisdiction) {
  auto tree = sample(R"(
apiVersion: charter.dev/v1alpha1
kind: Provider
metadata: {name: p}
spec:
  driver: simulated
  location: {region: here, jurisdiction: EU}
  machineClasses:
  - {name: high-speed, vcpusMax: 8, memoryMax: 64GB}
  security: {isolation: [SharedNetwork, TenantNetwork], encryptionAtRest: true}
status:
  capacity: {total: {vcpus: 64, memory: 256GB, storage: 20TB}, free: {vcpus: 64, memory: 256GB, storage: 20TB}}
  hosts:
  - {name: h1, total: {vcpus: 32, memory: 128GB, storage: 10TB}, free: {vcpus: 32, memory: 128GB, storage: 10TB}}
  - {name: h2, total: {vcpus: 32, memory: 128GB, storage: 10TB}, free: {vcpus: 32, memory: 128GB, storage: 10TB}}
  conditions:
  - {type: Ready, status: "True", reason: Ready, message: "", lastTransitionTime: 2026-06-01T00:00:00Z}
)");
  tree["metadata"]["name"] = name;
  tree["spec"]["location"]["jurisdiction"] = jurisdiction;
  auto provider = read_provider(tree);
  EXPECT_TRUE(provider) << (provider ? "" : provider.error().message);
  return *provider;
}

ServiceInstance instance() {
  static const auto view = [] {
    auto read = read_service_instance(sample_instance());
    EXPECT_TRUE(read) << (read ? "" : read.error().message);
    return *read;
  }();
  return view;
}

Observed nothing_made() {
  static const auto revision = [] {
    auto read = read_service_offering_revision(sample_revision());
    EXPECT_TRUE(read) << (read ? "" : read.error().message);
    return std::make_shared<const ServiceOfferingRevision::Spec>(read->spec);
  }();
  Observed have;
  have.now = *parse_time("2026-06-01T00:00:00Z");
  have.contract = ContractFacts{
      true,        true, "in force", "compute-highspeed-1", {{"compute", 3}, {"storage", 5}},
      {{"EU"}, {}}};
  have.revision = revision;
  static const auto provider = sample_provider("p", "EU");
  have.providers = {provider};
  return have;
}

Conditions stated(const Step& step, int64_t generation) {
  Conditions all;
  const auto add = [&](const Statement& s) {
    all.push_back({s.type, s.status, s.reason, s.message, generation});
  };
  for (const auto& statement : step.conditions)
    add(statement);
  if (step.deletion) add(is_so("Deleting", step.deletion->reason, step.deletion->blocker));
  add(step.ready);
  return all;
}

namespace {

template <class Object>
void drop(std::vector<Object>& objects, const std::string& uid) {
  std::erase_if(objects, [&uid](const Object& object) { return object.meta.uid == uid; });
}

/// Does to the observed world what children.cc does to the API.
struct Doing {
  Observed& have;

  void operator()(const CreateAccess& a) {
    have.secrets.push_back({a.name, "s-" + a.name, false, ""});
  }
  void operator()(const CreateCloudInit& a) {
    have.secrets.push_back({a.name, "s-" + a.name, false, ""});
  }
  void operator()(const WriteAddresses& a) {
    for (auto& secret : have.secrets)
      if (secret.name == a.name) secret.addresses = a.addresses;
  }
  void operator()(const CreateVolume& a) {
    Volume volume;
    volume.meta.name = a.volume.name;
    volume.meta.uid = "v-" + a.volume.name;
    volume.meta.generation = 1;
    volume.meta.labels = {{"charter.dev/component", a.volume.volume}};
    volume.spec = a.volume.spec;
    have.volumes.push_back(volume);
  }
  void operator()(const CreateMachine& a) {
    Machine machine;
    machine.meta.name = a.machine.name;
    machine.meta.uid = "m-" + a.machine.name;
    machine.meta.generation = 1;
    machine.spec = a.machine.spec;
    have.machines.push_back(machine);
  }
  void operator()(const UpdateVolume& a) {
    for (auto& volume : have.volumes) {
      if (volume.meta.name != a.name) continue;
      volume.spec = a.spec;
      ++volume.meta.generation;
    }
  }
  void operator()(const UpdateMachine& a) {
    for (auto& machine : have.machines) {
      if (machine.meta.name != a.name) continue;
      machine.spec = a.spec;
      ++machine.meta.generation;
    }
  }
  void operator()(const DeleteObject& a) {
    drop(have.machines, a.uid);
    drop(have.volumes, a.uid);
    std::erase_if(have.secrets, [&a](const SecretFacts& secret) { return secret.uid == a.uid; });
  }
};

}  // namespace

bool carry_out(ServiceInstance& instance, Observed& have, const Step& step) {
  const auto conditions = stated(step, instance.meta.generation);
  const bool changed =
      step.action || instance.status != step.status || instance.conditions != conditions;
  instance.status = step.status;
  instance.status.observed_generation = instance.meta.generation;
  instance.conditions = conditions;
  if (step.action) std::visit(Doing{have}, *step.action);
  return changed;
}

bool serve_children(Observed& have) {
  bool changed = false;
  const auto ready = [](const Meta& meta) {
    return Conditions{{"Ready", "True", "Ready", "", meta.generation}};
  };
  for (auto& volume : have.volumes) {
    changed |= volume.conditions != ready(volume.meta);
    volume.conditions = ready(volume.meta);
    volume.status.external_id = volume.meta.uid;
    volume.status.size_bytes = volume.spec.size_bytes;
  }
  for (auto& machine : have.machines) {
    changed |= machine.conditions != ready(machine.meta);
    machine.conditions = ready(machine.meta);
    machine.status.external_id = machine.meta.uid;
    machine.status.image_deployed = true;
    machine.status.power = machine.spec.power == Power::On ? ObservedPower::On : ObservedPower::Off;
    machine.status.state = machine.spec.power == Power::On ? "Running" : "Off";
    machine.status.address = "10.0.0." + std::to_string(machine.spec.index + 1);
  }
  return changed;
}

TEST(ServiceInstanceSamples, EveryDocumentIsWhatItsTypedViewReads) {
  EXPECT_EQ(instance().spec.replicas, 3);
  EXPECT_NE(nothing_made().revision, nullptr);
  EXPECT_TRUE(read_contract(sample_contract()));
}

}  // namespace charter::service_instance
