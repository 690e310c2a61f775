#pragma once

#include "controller/base/clock.h"
#include "controller/base/result.h"
#include "drivers/simulated/sim_world.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// What an administrator with virsh could do on a real host, on a simulated one: look, and disturb
// behind Charter's back. `charter sim` and the tests use it, from this process or another.
// Everything done here is in the ledger too (call "admin.…", epoch 0). Knows no Charter object.
// Thread-safe.
namespace charter {

/// Rows of text for a terminal.
struct SimTable {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

/// Changes to a machine's definition; what is not set stays.
struct SimEdit {
  std::optional<int64_t> vcpus;
  std::optional<int64_t> memory_bytes;
  std::optional<std::string> name;
};

/// A machine that somebody else makes: it has no stamp of ours, though it may carry a uid that we
/// would use.
struct ForeignMachine {
  std::string name;
  std::string uid;
  int64_t vcpus = 1;
  int64_t memory_bytes = 0;
  int64_t disk_bytes = 0;
};

/// Whether a host has power.
enum class HostPower { Up, Down };

/// How often one uid existed, by the ledger and by the tables.
struct SimHistory {
  std::string uid;
  int64_t live = 0;  ///< machines and volumes with our stamp in the tables now
  int64_t created = 0;
  int64_t removed = 0;
  int64_t most_at_once = 0;  ///< highest created − removed at any line of the ledger
  /// Never two at once, and the tables agree with the ledger.
  bool is_sound() const { return most_at_once <= 1 && live == created - removed; }
};

/// An admin's hands on one world. Machines and volumes are named by uid, external id ("vm-7") or
/// name.
class SimAdmin {
 public:
  SimAdmin(std::shared_ptr<SimWorld> world, const Clock& clock)
      : world_(std::move(world)), clock_(clock) {}
  /// Errors: NotFound when no provider of this name has a world here.
  static Result<SimAdmin> open(const std::string& directory, const std::string& provider_name,
                               const Clock& clock);

  Result<SimTable> machines() const;
  /// One machine with all that it was made with, a line each. Errors: NotFound.
  Result<SimTable> machine(const std::string& machine) const;
  Result<SimTable> volumes() const;
  Result<SimTable> hosts() const;
  /// The ledger; all lines of a uid, or all.
  Result<SimTable> calls(const SimCallQuery& query) const;

  /// Power crash. Errors: NotFound; Conflict when it does not run.
  Status kill(const std::string& machine);
  /// Errors: NotFound; Conflict when it does not run.
  Status pause(const std::string& machine);
  /// Deletes behind the controller's back, together with the disk.
  Status undefine(const std::string& machine);
  Status undefine_volume(const std::string& volume);
  /// Changes the definition without asking for room, as an admin can.
  Status edit(const std::string& machine, const SimEdit& edit);
  /// What it has consumed counts from zero again, in the same boot. Errors: NotFound.
  Status reset_counters(const std::string& machine);
  Status add_foreign(const ForeignMachine& machine);
  /// Down crashes everything that runs there and keeps it listed. Errors: NotFound.
  Status set_host(const std::string& name, HostPower power);

  /// Proof from the ledger, of one uid or of all that ever were.
  Result<SimHistory> history(const std::string& uid) const;
  Result<std::vector<SimHistory>> histories() const;
  /// Lines of the ledger as they are, for tests.
  Result<std::vector<SimCall>> ledger(const SimCallQuery& query) const;

 private:
  std::shared_ptr<SimWorld> world_;
  const Clock& clock_;
};

}  // namespace charter
