#pragma once

#include "controller/base/result.h"
#include "drivers/simulated/sim_rows.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

// A simulated world: hosts, machines, volumes and the ledger of all calls, in one SQLite file that
// outlives the controller (or in memory, for tests). The driver and the admin (`charter sim`), also
// in another process, open the same file; nothing of it is cached, so each sees at once what the
// other did. A transaction that returned survives SIGKILL.
//
// Thread-safe: one connection, one transaction at a time.
namespace charter {

/// One world.
class SimWorld {
 public:
  /// Owner creates the file (mode 0600) when missing. Errors: ServiceUnavailable, NotFound for a
  /// Visitor without a file.
  static Result<std::shared_ptr<SimWorld>> open(const std::string& path, SqlAccess access);
  static std::shared_ptr<SimWorld> in_memory();

  /// Runs `work` in one transaction: committed when it returns success, rolled back when it returns
  /// an error. `work` MUST NOT block or call back into this world. Errors: the work's, or
  /// ServiceUnavailable.
  Status transact(const std::function<Status(SimRows&)>& work);

 private:
  explicit SimWorld(std::unique_ptr<SqlConnection> sql) : sql_(std::move(sql)) {}

  std::mutex mutex_;
  std::unique_ptr<SqlConnection> sql_;  ///< guarded by mutex_
};

/// The worlds of one directory, by provider name. Thread-safe. Each is open once in a process,
/// however many drivers hold it, so that one connection alone checkpoints its file.
class SimWorlds {
 public:
  /// With an empty directory worlds live in memory, as long as this object: a test's outside world.
  explicit SimWorlds(std::string directory) : directory_(std::move(directory)) {}

  /// Opens or creates. Errors: Invalid for a name that is no file name; ServiceUnavailable.
  Result<std::shared_ptr<SimWorld>> open(const std::string& provider_name);

 private:
  std::mutex mutex_;
  std::string directory_;
  std::map<std::string, std::weak_ptr<SimWorld>> open_;
  std::vector<std::shared_ptr<SimWorld>> in_memory_;  ///< keeps those without a file alive
};

/// `<directory>/<provider name>.world`.
std::string sim_world_path(const std::string& directory, const std::string& provider_name);

/// Provider names that have a world file in the directory, sorted.
std::vector<std::string> sim_world_names(const std::string& directory);

}  // namespace charter
