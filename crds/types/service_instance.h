#pragma once

#include "crds/types/policies.h"

// Typed view of crds/serviceinstance.yaml.
namespace charter {

/// Deactivated: stopped, kept, charged as ordered.
enum class Activation { Active, Deactivated };
constexpr std::array<std::string_view, 2> words(Activation) {
  return {"Active", "Deactivated"};
}

/// What happens when a lease runs out.
enum class LeaseAction { Deactivate, Delete };
constexpr std::array<std::string_view, 2> words(LeaseAction) {
  return {"Deactivate", "Delete"};
}

/// A running service under a contract.
struct ServiceInstance {
  struct VolumeRequest {
    std::string name;
    int64_t size_bytes = 0;
    std::string volume_class;
    bool shared = true;
    std::optional<ReclaimPolicy> reclaim_policy;  ///< absent: the instance's
    static void fields(auto& f, auto& s) {
      f.required("name", s.name);
      f.required("size", as_bytes(s.size_bytes));
      f("class", s.volume_class);
      f("shared", s.shared);
      f("reclaimPolicy", s.reclaim_policy);
    }
    bool operator==(const VolumeRequest&) const = default;
  };
  struct Lease {
    Duration duration{};
    LeaseAction action = LeaseAction::Deactivate;
    Duration warn_before = std::chrono::hours(72);
    static void fields(auto& f, auto& s) {
      f.required("duration", s.duration);
      f("action", s.action);
      f("warnBefore", s.warn_before);
    }
    bool operator==(const Lease&) const = default;
  };
  struct Spec {
    NameRef contract;
    ParameterValues parameters;
    std::optional<int64_t> replicas;  ///< absent: a ScalingPolicy owns it
    Activation activation = Activation::Active;
    std::optional<Instant> restart_at;
    UpdatePolicy update_policy;
    DriftPolicy drift_policy;
    ReclaimPolicy reclaim_policy = ReclaimPolicy::Delete;
    std::optional<NameRef> provider;
    std::vector<VolumeRequest> volumes;
    std::optional<Lease> lease;
    static void fields(auto& f, auto& s) {
      f.required("contractRef", s.contract);
      f("parameters", s.parameters);
      f("replicas", s.replicas);
      f("activation", s.activation);
      f("restartAt", s.restart_at);
      f("updatePolicy", s.update_policy);
      f("driftPolicy", s.drift_policy);
      f("reclaimPolicy", s.reclaim_policy);
      f("providerRef", s.provider);
      f("volumes", s.volumes);
      f("lease", s.lease);
    }
    bool operator==(const Spec&) const = default;
  };
  struct Placed {
    std::string provider, region, jurisdiction;
    std::optional<Instant> since;
    static void fields(auto& f, auto& s) {
      f.required("provider", s.provider);
      f("region", s.region);
      f("jurisdiction", s.jurisdiction);
      f("since", s.since);
    }
    bool operator==(const Placed&) const = default;
  };
  struct MachineSummary {
    std::string name, component;
    int64_t index = 0;
    std::string state;
    bool ready = false;
    std::string address;
    static void fields(auto& f, auto& s) {
      f.required("name", s.name);
      f("component", s.component);
      f("index", s.index);
      f("state", s.state);
      f("ready", s.ready);
      f("address", s.address);
    }
    bool operator==(const MachineSummary&) const = default;
  };
  struct VolumeSummary {
    std::string name;
    std::optional<int64_t> size_bytes;
    std::string state;
    bool ready = false;
    static void fields(auto& f, auto& s) {
      f.required("name", s.name);
      f("size", as_bytes(s.size_bytes));
      f("state", s.state);
      f("ready", s.ready);
    }
    bool operator==(const VolumeSummary&) const = default;
  };
  struct Summary {
    std::string active;  ///< "active/desired"
    static void fields(auto& f, auto& s) { f("active", s.active); }
    bool operator==(const Summary&) const = default;
  };
  struct Status {
    int64_t observed_generation = 0;
    std::string phase;
    int64_t replicas = 0;  ///< active machines, for /scale
    std::string selector;
    std::string revision;  ///< pinned ServiceOfferingRevision
    std::optional<Placed> placement;
    std::vector<MachineSummary> machines;
    std::vector<VolumeSummary> volumes;
    std::optional<NameRef> access_secret;
    std::optional<Instant> lease_expires;
    Summary summary;
    static void fields(auto& f, auto& s) {
      f("observedGeneration", s.observed_generation);
      f("phase", s.phase);
      f("replicas", s.replicas);
      f("selector", s.selector);
      f("revision", s.revision);
      f("placement", s.placement);
      f("machines", s.machines);
      f("volumes", s.volumes);
      f("accessSecretRef", s.access_secret);
      f("leaseExpires", s.lease_expires);
      f("summary", s.summary);
    }
    bool operator==(const Status&) const = default;
  };
  Meta meta;
  Spec spec;
  Status status;
  Conditions conditions;
};

Result<ServiceInstance> read_service_instance(const Json& object);
Json spec_json(const ServiceInstance::Spec& spec);
Json status_json(const ServiceInstance::Status& status);

}  // namespace charter
