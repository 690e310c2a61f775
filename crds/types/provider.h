#pragma once

#include "crds/types/policies.h"

// Typed view of crds/provider.yaml.
namespace charter {

/// Drivers that a provider may name.
enum class DriverKind { Simulated, Libvirt, Remote };
constexpr std::array<std::string_view, 3> words(DriverKind) {
  return {"simulated", "libvirt", "remote"};
}

/// How an injected failure shows.
enum class InjectedError { Unavailable, Timeout, LostReply, NoCapacity, Denied, Slow, Hang };
constexpr std::array<std::string_view, 7> words(InjectedError) {
  return {"Unavailable", "Timeout", "LostReply", "NoCapacity", "Denied", "Slow", "Hang"};
}

/// How a network of libvirt is joined.
enum class NetworkMode { Network, User, Isolated, Nat };
constexpr std::array<std::string_view, 4> words(NetworkMode) {
  return {"Network", "User", "Isolated", "NAT"};
}

/// What boots a guest of libvirt.
enum class GuestFirmware { Bios, Uefi };
constexpr std::array<std::string_view, 2> words(GuestFirmware) {
  return {"BIOS", "UEFI"};
}

/// What runs guests of libvirt.
enum class Acceleration { Auto, Kvm, Tcg };
constexpr std::array<std::string_view, 3> words(Acceleration) {
  return {"Auto", "KVM", "TCG"};
}

/// How the bytes of a removed disk go.
enum class WipeMethod { Discard, Zero };
constexpr std::array<std::string_view, 2> words(WipeMethod) {
  return {"Discard", "Zero"};
}

/// Kind of an external thing without an object.
enum class OrphanKind { Machine, Volume };
constexpr std::array<std::string_view, 2> words(OrphanKind) {
  return {"Machine", "Volume"};
}

/// Processors, memory and storage; what is absent is not stated.
struct Resources {
  std::optional<int64_t> vcpus, memory_bytes, storage_bytes;
  static void fields(auto& f, auto& s) {
    f("vcpus", s.vcpus);
    f("memory", as_bytes(s.memory_bytes));
    f("storage", as_bytes(s.storage_bytes));
  }
  bool operator==(const Resources&) const = default;
};

/// One driver endpoint.
struct Provider {
  struct Location {
    std::string region, jurisdiction;
    static void fields(auto& f, auto& s) {
      f.required("region", s.region);
      f.required("jurisdiction", s.jurisdiction);
    }
    bool operator==(const Location&) const = default;
  };
  struct MachineClass {
    std::string name;
    std::optional<int64_t> vcpus_max, memory_max_bytes;
    std::string description;
    static void fields(auto& f, auto& s) {
      f.required("name", s.name);
      f("vcpusMax", s.vcpus_max);
      f("memoryMax", as_bytes(s.memory_max_bytes));
      f("description", s.description);
    }
    bool operator==(const MachineClass&) const = default;
  };
  /// What the endpoint can do to keep tenants apart.
  struct Security {
    std::vector<Isolation> isolation = {Isolation::SharedNetwork, Isolation::TenantNetwork};
    bool encryption_at_rest = false;
    static void fields(auto& f, auto& s) {
      f("isolation", s.isolation);
      f("encryptionAtRest", s.encryption_at_rest);
    }
    bool operator==(const Security&) const = default;
  };
  struct SimulatedHost {
    std::string name;
    int64_t vcpus = 0, memory_bytes = 0, storage_bytes = 0;
    static void fields(auto& f, auto& s) {
      f.required("name", s.name);
      f.required("vcpus", s.vcpus);
      f.required("memory", as_bytes(s.memory_bytes));
      f.required("storage", as_bytes(s.storage_bytes));
    }
    bool operator==(const SimulatedHost&) const = default;
  };
  struct InjectedFailure {
    std::string call;
    std::optional<int64_t> every, first;
    std::string rate;  ///< decimal in [0, 1], empty: none
    InjectedError error = InjectedError::Unavailable;
    std::optional<Duration> delay;
    static void fields(auto& f, auto& s) {
      f.required("call", s.call);
      f("every", s.every);
      f("first", s.first);
      f("rate", s.rate);
      f("error", s.error);
      f("delay", s.delay);
    }
    bool operator==(const InjectedFailure&) const = default;
  };
  struct Simulated {
    std::vector<SimulatedHost> hosts;
    Duration boot_time = std::chrono::seconds(2);
    Duration image_time = std::chrono::seconds(1);
    Duration stop_time = std::chrono::seconds(1);
    Duration latency{};
    bool live_resize = true;
    std::vector<InjectedFailure> failures;
    int64_t seed = 1;
    static void fields(auto& f, auto& s) {
      f.required("hosts", s.hosts);
      f("bootTime", s.boot_time);
      f("imageTime", s.image_time);
      f("stopTime", s.stop_time);
      f("liveResize", s.live_resize);
      f("latency", s.latency);
      f("failures", s.failures);
      f("seed", s.seed);
    }
    bool operator==(const Simulated&) const = default;
  };
  struct StoragePool {
    std::string name;
    std::vector<std::string> classes;
    std::string path;
    static void fields(auto& f, auto& s) {
      f.required("name", s.name);
      f("classes", s.classes);
      f("path", s.path);
    }
    bool operator==(const StoragePool&) const = default;
  };
  struct NetworkMapping {
    std::string name;
    std::optional<NetworkMode> mode;  ///< none: Network
    std::string network, address;
    static void fields(auto& f, auto& s) {
      f.required("name", s.name);
      f("mode", s.mode);
      f("network", s.network);
      f("address", s.address);
    }
    bool operator==(const NetworkMapping&) const = default;
  };
  struct GuestClass {
    std::string name, cpu_model;
    int64_t cores_per_socket = 1, threads_per_core = 1;
    GuestFirmware firmware = GuestFirmware::Bios;
    static void fields(auto& f, auto& s) {
      f.required("name", s.name);
      f("cpuModel", s.cpu_model);
      f("coresPerSocket", s.cores_per_socket);
      f("threadsPerCore", s.threads_per_core);
      f("firmware", s.firmware);
    }
    bool operator==(const GuestClass&) const = default;
  };
  /// Decimals: how much more may be sold than the host has.
  struct Overcommit {
    std::string vcpus = "1", memory = "1", storage = "1";
    static void fields(auto& f, auto& s) {
      f("vcpus", s.vcpus);
      f("memory", s.memory);
      f("storage", s.storage);
    }
    bool operator==(const Overcommit&) const = default;
  };
  struct Libvirt {
    std::string uri;
    std::vector<StoragePool> storage_pools;
    std::vector<NetworkMapping> networks;
    std::vector<GuestClass> machine_classes;
    Acceleration acceleration = Acceleration::Auto;
    WipeMethod wipe = WipeMethod::Discard;
    Duration stop_timeout = std::chrono::seconds(60);
    std::string console_pool;
    std::optional<Overcommit> overcommit;
    std::optional<Resources> reserve;
    static void fields(auto& f, auto& s) {
      f.required("uri", s.uri);
      f.required("storagePools", s.storage_pools);
      f("networks", s.networks);
      f("machineClasses", s.machine_classes);
      f("acceleration", s.acceleration);
      f("wipe", s.wipe);
      f("stopTimeout", s.stop_timeout);
      f("consolePool", s.console_pool);
      f("overcommit", s.overcommit);
      f("reserve", s.reserve);
    }
    bool operator==(const Libvirt&) const = default;
  };
  struct Remote {
    std::string server, ns;
    static void fields(auto& f, auto& s) {
      f.required("server", s.server);
      f.required("namespace", s.ns);
    }
    bool operator==(const Remote&) const = default;
  };
  struct Spec {
    DriverKind driver = DriverKind::Simulated;
    Location location;
    std::vector<MachineClass> machine_classes;
    std::optional<Resources> capacity;
    Security security;
    std::optional<Simulated> simulated;
    std::optional<Libvirt> libvirt;
    std::optional<Remote> remote;
    std::optional<NamespacedRef> credentials;
    static void fields(auto& f, auto& s) {
      f.required("driver", s.driver);
      f.required("location", s.location);
      f("machineClasses", s.machine_classes);
      f("capacity", s.capacity);
      f("security", s.security);
      f("simulated", s.simulated);
      f("libvirt", s.libvirt);
      f("remote", s.remote);
      f("credentialsRef", s.credentials);
    }
    bool operator==(const Spec&) const = default;
  };
  struct CapacityStatus {
    Resources total, used, free;
    static void fields(auto& f, auto& s) {
      f("total", s.total);
      f("used", s.used);
      f("free", s.free);
    }
    bool operator==(const CapacityStatus&) const = default;
  };
  struct HostStatus {
    std::string name, state;
    Resources total, free;
    int64_t machines = 0;
    static void fields(auto& f, auto& s) {
      f.required("name", s.name);
      f("state", s.state);
      f("total", s.total);
      f("free", s.free);
      f("machines", s.machines);
    }
    bool operator==(const HostStatus&) const = default;
  };
  struct InventoryCount {
    int64_t machines = 0, volumes = 0;
    static void fields(auto& f, auto& s) {
      f("machines", s.machines);
      f("volumes", s.volumes);
    }
    bool operator==(const InventoryCount&) const = default;
  };
  struct Orphan {
    OrphanKind kind = OrphanKind::Machine;
    std::string external_id, name;
    std::optional<Instant> seen_since;
    static void fields(auto& f, auto& s) {
      f.required("kind", s.kind);
      f.required("externalID", s.external_id);
      f("name", s.name);
      f("seenSince", s.seen_since);
    }
    bool operator==(const Orphan&) const = default;
  };
  struct Status {
    int64_t observed_generation = 0;
    std::string phase;
    bool reachable = false;
    std::string driver_version;
    std::optional<Instant> last_look_time;
    std::optional<CapacityStatus> capacity;
    std::vector<HostStatus> hosts;
    std::optional<InventoryCount> inventory;
    std::vector<Orphan> orphans;
    static void fields(auto& f, auto& s) {
      f("observedGeneration", s.observed_generation);
      f("phase", s.phase);
      f("reachable", s.reachable);
      f("driverVersion", s.driver_version);
      f("lastLookTime", s.last_look_time);
      f("capacity", s.capacity);
      f("hosts", s.hosts);
      f("inventory", s.inventory);
      f("orphans", s.orphans);
    }
    bool operator==(const Status&) const = default;
  };
  Meta meta;
  Spec spec;
  Status status;
  Conditions conditions;
};

Result<Provider> read_provider(const Json& object);
Json spec_json(const Provider::Spec& spec);
Json status_json(const Provider::Status& status);

}  // namespace charter
