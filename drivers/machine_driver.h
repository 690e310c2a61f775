#pragma once

#include "controller/base/result.h"
#include "drivers/protection.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// Port to whatever runs machines. Plain structs: no driver sees an Object. Identity is the caller's
// `uid` (the Machine's UID): a driver MUST make creates idempotent by it, MUST stamp what it makes
// with it, and MUST never touch a thing without that stamp. Calls start work and return; progress
// is seen by observing. Thread contract: every method may be called from any worker; a driver
// bounds its own concurrency. Errors: NotFound only when the driver is sure that the thing does not
// exist; could-not-look is ServiceUnavailable or Timeout. No driver text for users beyond
// `message`.
namespace charter {

/// Desired external machine.
struct MachineSpec {
  std::string uid;   ///< identity, a UUID
  std::string name;  ///< for people: "ns/name"
  int vcpus = 0;
  int64_t memory_bytes = 0;
  int64_t disk_bytes = 0;  ///< boot disk
  std::string disk_class;  ///< of the boot disk; empty: the endpoint's choice
  std::string machine_class;
  std::string image_url;
  std::string image_digest;           ///< "sha256:…"
  std::string image_format;           ///< "qcow2", "raw", …
  std::vector<std::string> networks;  ///< to be connected to, in this order
  Protection protection;
  std::string user_data;                 ///< cloud-init; secret, never logged
  std::string ssh_key;                   ///< public key that the guest must accept
  std::vector<std::string> volume_uids;  ///< attached in this order
};

/// Power state as the host reports it.
enum class PowerState { Off, Starting, On, Stopping, Paused, Crashed };

/// What the driver sees of one machine.
struct MachineState {
  std::string uid;
  std::string external_id;  ///< domain UUID, remote id
  std::string host;
  std::string owner;  ///< the stamp: equals uid for ours
  int vcpus = 0;      ///< running (or defined, when off)
  int64_t memory_bytes = 0;
  int64_t disk_bytes = 0;
  int staged_vcpus = 0;             ///< > 0: a resize that waits for the next start
  int64_t staged_memory_bytes = 0;  ///< as staged_vcpus
  bool image_deployed = false;
  PowerState power = PowerState::Off;
  std::string address;  ///< first address, empty until known
  std::string image_digest;
  std::string disk_class;
  std::vector<std::string> networks;
  Protection protection;  ///< as it is, not as it was asked for
  std::vector<std::string> volume_uids;
  int64_t booted_at_s = 0;  ///< wall-clock seconds, 0 when off
  /// Only parts of it are there: a create was interrupted, or somebody took the rest away. It is no
  /// machine, create makes it one, and remove takes the parts away.
  bool incomplete = false;
  int64_t power_since_s = 0;  ///< wall-clock seconds since when it is off or crashed; 0: not known
};

/// What a resize did.
enum class ResizeOutcome { Applied, RestartRequired };

/// One endpoint's machines.
class MachineDriver {
 public:
  virtual ~MachineDriver() = default;
  /// The machine with this uid, or nothing when there is none for sure.
  virtual Result<std::optional<MachineState>> observe(const std::string& uid) = 0;
  /// Reserves room and makes disk and definition, powered off. Idempotent by uid. Errors:
  /// TooManyRequests with reason WaitForCapacity when no host has room; Forbidden with reason
  /// IsolationNotPossible or EncryptionNotPossible when the endpoint cannot protect it as asked.
  virtual Status create(const MachineSpec& spec) = 0;
  /// Starts (On) or shuts down gracefully, later hard (Off). Idempotent.
  virtual Status set_power(const std::string& uid, PowerState wanted) = 0;
  /// Changes vcpus and memory live where possible; RestartRequired stages the difference for the
  /// next start.
  virtual Result<ResizeOutcome> resize(const std::string& uid, int vcpus, int64_t memory_bytes) = 0;
  /// Removes machine and boot disk. "Already gone" is success.
  virtual Status remove(const std::string& uid) = 0;
};

}  // namespace charter
