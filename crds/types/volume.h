#pragma once

#include "crds/types/metering.h"
#include "crds/types/policies.h"

// Typed view of crds/volume.yaml.
namespace charter {

/// Exactly one external data volume.
struct Volume {
  struct Spec {
    std::optional<NameRef> contract;
    std::optional<UidRef> instance;
    std::optional<NameRef> provider;
    int64_t size_bytes = 0;
    std::string volume_class;
    bool shared = false;
    SecurityPolicy security;
    ReclaimPolicy reclaim_policy = ReclaimPolicy::Delete;
    std::vector<NameRef> attach_to;  ///< Machines
    UpdatePolicy update_policy;
    DriftPolicy drift_policy;
    static void fields(auto& f, auto& s) {
      f("contractRef", s.contract);
      f("instanceRef", s.instance);
      f("providerRef", s.provider);
      f.required("size", as_bytes(s.size_bytes));
      f("class", s.volume_class);
      f("shared", s.shared);
      f("security", s.security);
      f("reclaimPolicy", s.reclaim_policy);
      f("attachTo", s.attach_to);
      f("updatePolicy", s.update_policy);
      f("driftPolicy", s.drift_policy);
    }
    bool operator==(const Spec&) const = default;
  };
  struct Status {
    int64_t observed_generation = 0;
    std::string phase, state;
    std::optional<int64_t> size_bytes;
    std::string external_id, provider, pool;
    std::vector<std::string> attached_to;
    std::vector<Drift> drift;
    std::optional<Metering> metering;
    static void fields(auto& f, auto& s) {
      f("observedGeneration", s.observed_generation);
      f("phase", s.phase);
      f("state", s.state);
      f("size", as_bytes(s.size_bytes));
      f("externalID", s.external_id);
      f("provider", s.provider);
      f("pool", s.pool);
      f("attachedTo", s.attached_to);
      f("drift", s.drift);
      f("metering", s.metering);
    }
    bool operator==(const Status&) const = default;
  };
  Meta meta;
  Spec spec;
  Status status;
  Conditions conditions;
};

Result<Volume> read_volume(const Json& object);
Json spec_json(const Volume::Spec& spec);
Json status_json(const Volume::Status& status);

}  // namespace charter
