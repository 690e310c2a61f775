#pragma once

#include "controller/base/clock.h"
#include "drivers/provider_driver.h"
#include "drivers/simulated/sim_sql.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// The tables of a simulated world, as seen inside one transaction.
//
// Power is not stored as a state that somebody must advance, but as a target and the moment when it
// is reached: what a machine is doing follows from the row and the clock. So a world moves on while
// no process has it open.
namespace charter {

/// One simulated host. `used` is kept by triggers, so no writer can forget it.
struct SimHost {
  std::string name;
  Capacity total, used;
  bool up = true;         ///< an admin can switch it off
  bool accepting = true;  ///< false once the settings no longer name it
  Capacity free() const;
};

/// One machine, ours or not.
struct SimMachine {
  int64_t id = 0;     ///< never reused; the external id is "vm-<id>"
  std::string uid;    ///< empty for a machine that somebody else made
  std::string owner;  ///< our stamp: equals uid
  std::string name;
  std::string host;
  int64_t vcpus = 0;
  int64_t memory_bytes = 0;
  int64_t disk_bytes = 0;
  std::string machine_class;
  std::string image_url;
  std::string image_digest;
  std::string fingerprint;  ///< of what never changes in the spec, secrets included, so that they
                            ///< need no place here
  PowerState power = PowerState::Off;  ///< target Off or On, or Crashed or Paused
  Instant power_at{};                  ///< when the target is reached
  Instant image_at{};                  ///< when the image is on the disk
  Instant known_at{};                  ///< when the address was first known; zero: never
  int64_t staged_vcpus = 0;            ///< > 0: takes effect when it is off
  int64_t staged_memory_bytes = 0;
  std::string address;
  std::string disk_class;
  std::string image_format;
  std::vector<std::string> networks;  ///< names without commas
  Protection protection;
  int64_t boots = 0;         ///< how often it was started
  Instant counted_at{};      ///< until when the next two are summed up; see sim_counters.h
  int64_t ran_ns = 0;        ///< time that it ran since its start
  int64_t processor_ns = 0;  ///< the same, times its virtual processors
};

/// One volume.
struct SimVolume {
  int64_t id = 0;  ///< the external id is "vol-<id>"
  std::string uid;
  std::string owner;
  std::string name;
  std::string host;
  int64_t size_bytes = 0;
  std::string storage_class;
  bool shared = false;
  Protection protection;
};

/// One line of the ledger.
struct SimCall {
  int64_t seq = 0;
  Instant at{};
  int64_t pid = 0;
  int64_t epoch = 0;  ///< counts the openings of the world by a driver; 0 for an admin
  std::string call;
  std::string uid;
  std::string arguments;  ///< no secrets
  std::string outcome;    ///< "ok", a code's word, or an injected fault's word
  std::string effect;     ///< what it did to the number of things: "created", "removed" or nothing
};

/// Which lines of the ledger to list.
struct SimCallQuery {
  std::string uid;  ///< empty: all
  int64_t after_seq = 0;
  int64_t limit = 1000;
};

/// Lines without an effect (reads, failures) that are kept behind the newest; older ones are
/// dropped. Lines that made or removed something stay for ever: they prove that nothing exists
/// twice.
constexpr int64_t kSimCallsKept = 1'000'000;

/// The tables inside one transaction. Lives no longer than it.
class SimRows {
 public:
  explicit SimRows(SqlConnection& sql) : sql_(sql) {}

  std::vector<SimHost> hosts();  ///< by name
  std::optional<SimHost> host(const std::string& name);
  /// Writes all but `used`.
  void put_host(const SimHost& host);
  void erase_host(const std::string& name);
  /// The host with most free memory that has room and takes a machine of this tenancy: hosts of
  /// another tenant's DedicatedHost machines take none, and those with machines of others no
  /// DedicatedHost one.
  std::optional<std::string> roomiest_host(const Capacity& need, const Protection& protection);
  /// The host with most free storage that has room.
  std::optional<std::string> roomiest_store(int64_t storage_bytes);

  std::vector<SimMachine> machines();  ///< by uid, then id
  std::optional<SimMachine> machine(const std::string& uid);
  int64_t insert(const SimMachine& machine);
  void update(const SimMachine& machine);
  void erase_machine(int64_t id);

  std::vector<SimVolume> volumes();
  std::optional<SimVolume> volume(const std::string& uid);
  int64_t insert(const SimVolume& volume);
  void update(const SimVolume& volume);
  void erase_volume(int64_t id);

  /// All attachments in the order in which they were made: machine uid and volume uid.
  std::vector<std::pair<std::string, std::string>> attachments();
  std::vector<std::string> volumes_of(const std::string& machine_uid);
  std::vector<std::string> machines_of(const std::string& volume_uid);  ///< sorted
  void link(const std::string& machine_uid, const std::string& volume_uid);
  void unlink(const std::string& machine_uid, const std::string& volume_uid);
  void unlink_all(const std::string& machine_uid);

  void append(const SimCall& call);
  std::vector<SimCall> calls(const SimCallQuery& query);
  /// Counts one more match of a failure rule and returns the number so far; outlives processes.
  int64_t count_match(const std::string& rule_key);
  /// Counts one more opening by a driver.
  int64_t next_epoch();

 private:
  SqlConnection& sql_;
};

/// Makes the tables of a new world, or refuses one of another version (throws SqlError).
void prepare_sim_tables(SqlConnection& sql);

}  // namespace charter
