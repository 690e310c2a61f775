#pragma once

#include "crds/types/metering.h"
#include "crds/types/policies.h"

// Typed view of crds/machine.yaml.
namespace charter {

/// Wanted power state.
enum class Power { On, Off };
constexpr std::array<std::string_view, 2> words(Power) {
  return {"On", "Off"};
}

/// Power state as it was seen.
enum class ObservedPower { On, Off, Unknown };
constexpr std::array<std::string_view, 3> words(ObservedPower) {
  return {"On", "Off", "Unknown"};
}

/// What a change needs that cannot be made live.
enum class ChangeNeeds { Restart, Replace };
constexpr std::array<std::string_view, 2> words(ChangeNeeds) {
  return {"Restart", "Replace"};
}

/// Exactly one external machine.
struct Machine {
  struct ImageRef {
    std::string name, digest, url;
    ImageFormat format = ImageFormat::Qcow2;
    static void fields(auto& f, auto& s) {
      f.required("name", s.name);
      f.required("digest", s.digest);
      f("url", s.url);
      f("format", s.format);
    }
    bool operator==(const ImageRef&) const = default;
  };
  struct BootDisk {
    int64_t size_bytes = 0;
    std::string disk_class;
    static void fields(auto& f, auto& s) {
      f.required("size", as_bytes(s.size_bytes));
      f("class", s.disk_class);
    }
    bool operator==(const BootDisk&) const = default;
  };
  struct Spec {
    UidRef instance;
    std::optional<NameRef> contract;
    std::string component;
    int64_t index = 0;
    NameRef provider;
    std::string machine_class;
    int64_t vcpus = 0;
    int64_t memory_bytes = 0;
    ImageRef image;
    BootDisk boot_disk;
    std::vector<NameRef> volumes;
    std::vector<std::string> networks;
    SecurityPolicy security;
    Power power = Power::On;
    std::optional<Instant> restart_at;
    std::optional<NameRef> user_data_secret;
    UpdatePolicy update_policy;
    DriftPolicy drift_policy;
    static void fields(auto& f, auto& s) {
      f.required("instanceRef", s.instance);
      f("contractRef", s.contract);
      f("component", s.component);
      f.required("index", s.index);
      f.required("providerRef", s.provider);
      f("class", s.machine_class);
      f.required("vcpus", s.vcpus);
      f.required("memory", as_bytes(s.memory_bytes));
      f.required("image", s.image);
      f.required("bootDisk", s.boot_disk);
      f("volumes", s.volumes);
      f("networks", s.networks);
      f("security", s.security);
      f("power", s.power);
      f("restartAt", s.restart_at);
      f("userDataSecretRef", s.user_data_secret);
      f("updatePolicy", s.update_policy);
      f("driftPolicy", s.drift_policy);
    }
    bool operator==(const Spec&) const = default;
  };
  struct StagedChange {
    std::string field, from, to;
    ChangeNeeds needs = ChangeNeeds::Restart;
    static void fields(auto& f, auto& s) {
      f.required("field", s.field);
      f("from", s.from);
      f("to", s.to);
      f.required("needs", s.needs);
    }
    bool operator==(const StagedChange&) const = default;
  };
  struct Status {
    int64_t observed_generation = 0;
    std::string phase, state, external_id, host;
    std::optional<ObservedPower> power;
    std::optional<int64_t> vcpus, memory_bytes;
    std::string address;
    std::optional<Instant> booted_at;
    bool image_deployed = false;
    std::string image_digest;
    std::vector<std::string> attached_volumes;
    std::vector<Drift> drift;
    std::vector<StagedChange> staged;
    std::optional<Metering> metering;
    static void fields(auto& f, auto& s) {
      f("observedGeneration", s.observed_generation);
      f("phase", s.phase);
      f("state", s.state);
      f("externalID", s.external_id);
      f("host", s.host);
      f("power", s.power);
      f("vcpus", s.vcpus);
      f("memory", as_bytes(s.memory_bytes));
      f("address", s.address);
      f("bootedAt", s.booted_at);
      f("imageDeployed", s.image_deployed);
      f("imageDigest", s.image_digest);
      f("attachedVolumes", s.attached_volumes);
      f("drift", s.drift);
      f("staged", s.staged);
      f("metering", s.metering);
    }
    bool operator==(const Status&) const = default;
  };
  Meta meta;
  Spec spec;
  Status status;
  Conditions conditions;
};

Result<Machine> read_machine(const Json& object);
Json spec_json(const Machine::Spec& spec);
Json status_json(const Machine::Status& status);

}  // namespace charter
