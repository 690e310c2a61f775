#pragma once

#include "controller/base/clock.h"
#include "controller/base/result.h"
#include "drivers/libvirt/address.h"
#include "drivers/provider_driver.h"

#include <cstdint>
#include <optional>
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
  Libvirt,   ///< a network of libvirt, which is there: its machines see each other
  User,      ///< each machine alone behind its own user-mode NAT
  Isolated,  ///< a network of libvirt that this driver makes: its machines see each other and the
             ///< host
  Nat,       ///< as Isolated, and they reach out
};

/// An IPv4 network, by the host's address in it.
struct HostAddress {
  std::string text;  ///< of the host: "10.77.0.1"
  int prefix = 0;
  std::string first, last;  ///< what its machines are given
};

/// Reads "10.77.0.1/24". Nothing for another form, a prefix outside 16 to 29, or an address that is
/// not the network's first.
std::optional<HostAddress> parse_host_address(std::string_view text);

/// A network that machines may join.
struct NetworkMapping {
  std::string name;  ///< as templates say it
  NetworkMode mode = NetworkMode::Libvirt;
  std::string network;  ///< of libvirt; none in user mode
  HostAddress address;  ///< of a network that this driver makes
  bool is_made() const { return mode == NetworkMode::Isolated || mode == NetworkMode::Nat; }
};

/// What a guest's firmware is.
enum class Firmware { Bios, Uefi };

/// What machines of a class are made of. Those of other classes are as a class that states nothing.
struct MachineClass {
  std::string name;
  std::string cpu_model;  ///< of libvirt; empty: the host's under KVM, QEMU's default under TCG
  int cores_per_socket = 1;
  int threads_per_core = 1;
  Firmware firmware = Firmware::Bios;
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
  Address address;
  std::vector<StoragePool> pools;
  std::vector<NetworkMapping> networks;
  std::vector<MachineClass> classes;
  Acceleration acceleration = Acceleration::Auto;
  Wipe wipe = Wipe::Discard;
  Duration stop_timeout = std::chrono::seconds(60);
  Overcommit overcommit;
  Capacity reserve;          ///< kept for the host itself
  std::string console_pool;  ///< pool whose directory gets console logs; empty: none are kept
  std::string provider_uid;
  Safeguards can;

  const NetworkMapping* network(const std::string& name) const;
  MachineClass machine_class(const std::string& name) const;
};

/// Reads `spec.libvirt`, and takes over the credentials as they are. Errors: Invalid; each finding
/// is a cause with its field path.
Result<Settings> parse_settings(const DriverSettings& from);

}  // namespace charter::libvirt
