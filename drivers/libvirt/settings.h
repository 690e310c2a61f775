#pragma once

#include "controller/base/clock.h"
#include "controller/base/result.h"
#include "drivers/provider_driver.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Settings of one libvirt endpoint, from the Provider's `spec.libvirt`.
namespace charter::libvirt {

/// A pool that holds disks.
struct StoragePool {
  std::string name;
  std::vector<std::string> classes;  ///< empty: every class
  std::string path;  ///< where a directory pool is made when there is none; empty: it must exist
  bool takes(const std::string& storage_class) const;
};

/// How a network that templates name is made.
enum class NetworkMode {
  Libvirt,  ///< a network of libvirt: its machines see each other
  User,     ///< each machine alone behind its own user-mode NAT
};

/// A network that machines may join.
struct NetworkMapping {
  std::string name;  ///< as templates say it
  NetworkMode mode = NetworkMode::Libvirt;
  std::string network;  ///< of libvirt; only with NetworkMode::Libvirt
};

/// What runs the guests' code.
enum class Acceleration {
  Auto,  ///< KVM when a timed test with a tiny guest proves that it works, else TCG
  Kvm,
  Tcg,
};

/// How a removed disk's bytes are treated.
enum class Wipe {
  Discard,  ///< the file is deleted
  Zero,     ///< every byte that the file has is overwritten first
};

/// More than the host has may be sold: in thousandths.
struct Overcommit {
  int64_t vcpus = 1000, memory = 1000, storage = 1000;
};

/// Everything in `spec.libvirt`, and what the Provider says of itself.
struct Settings {
  std::string uri;
  std::vector<StoragePool> pools;
  std::vector<NetworkMapping> networks;
  Acceleration acceleration = Acceleration::Auto;
  Wipe wipe = Wipe::Discard;
  Duration stop_timeout = std::chrono::seconds(60);
  Overcommit overcommit;
  Capacity reserve;          ///< kept for the host itself
  std::string console_pool;  ///< pool whose directory gets console logs; empty: none are kept
  std::string provider_uid;
  Safeguards can;

  const NetworkMapping* network(const std::string& name) const;
};

/// Reads `spec.libvirt`. Errors: Invalid; each finding is a cause with its field path.
Result<Settings> parse_settings(const DriverSettings& from);

/// Why this URI is not connected to; empty when it is. Only local hypervisors are: a URI of libvirt
/// can name programs to run and files to read, so all but `socket` is refused.
std::string uri_problem(std::string_view uri);

}  // namespace charter::libvirt
