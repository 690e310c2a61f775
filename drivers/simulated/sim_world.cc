#include "drivers/simulated/sim_world.h"

#include "controller/base/log.h"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace charter {
namespace {

constexpr const char* kExtension = ".world";

Error unavailable(const std::string& what, const SqlError& cause) {
  log_error("simulated", what, {{"cause", cause.what()}});
  return {Code::ServiceUnavailable, what};
}

/// Rolls back unless committed, also when an exception passes.
class Transaction {
 public:
  explicit Transaction(SqlConnection& sql) : sql_(sql) { sql_.run("BEGIN IMMEDIATE"); }
  ~Transaction() {
    try {
      if (open_) sql_.run("ROLLBACK");
    } catch (const SqlError&) {
      // SQLite has rolled back by itself after an I/O error; there is nothing left to undo.
    }
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    sql_.run("COMMIT");
    open_ = false;
  }

 private:
  SqlConnection& sql_;
  bool open_ = true;
};

/// Makes the file private before SQLite sees it, which gives the same mode to its companions.
void create_private(const std::string& path) {
  std::error_code ignored;  // a missing directory shows when SQLite opens the file
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  const int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0) ::close(file);
}

}  // namespace

Result<std::shared_ptr<SimWorld>> SimWorld::open(const std::string& path, SqlAccess access) {
  const bool on_disk = path != ":memory:";
  if (on_disk && access == SqlAccess::Owner) create_private(path);
  if (on_disk && access == SqlAccess::Visitor && ::access(path.c_str(), F_OK) != 0) {
    return Error{Code::NotFound, "there is no simulated world " + path};
  }
  try {
    auto sql = std::make_unique<SqlConnection>(path, access);
    prepare_sim_tables(*sql);
    return std::shared_ptr<SimWorld>(new SimWorld(std::move(sql)));
  } catch (const SqlError& error) {
    return unavailable("the simulated world " + path + " cannot be opened", error);
  }
}

std::shared_ptr<SimWorld> SimWorld::in_memory() {
  auto sql = std::make_unique<SqlConnection>(":memory:", SqlAccess::Owner);
  prepare_sim_tables(*sql);
  return std::shared_ptr<SimWorld>(new SimWorld(std::move(sql)));
}

Status SimWorld::transact(const std::function<Status(SimRows&)>& work) {
  std::lock_guard lock(mutex_);
  try {
    Transaction transaction(*sql_);
    SimRows rows(*sql_);
    Status done = work(rows);
    if (done) transaction.commit();
    return done;
  } catch (const SqlError& error) {
    return unavailable("the simulated world cannot be read or written", error);
  }
}

Result<std::shared_ptr<SimWorld>> SimWorlds::open(const std::string& provider_name) {
  std::lock_guard lock(mutex_);
  if (auto world = open_[provider_name].lock()) return world;
  if (directory_.empty()) {
    in_memory_.push_back(SimWorld::in_memory());
    open_[provider_name] = in_memory_.back();
    return in_memory_.back();
  }
  if (provider_name.empty() || provider_name.front() == '.' ||
      provider_name.find('/') != std::string::npos) {
    return Error{Code::Invalid, "metadata.name: \"" + provider_name + "\" is no file name"};
  }
  CHARTER_TRY_ASSIGN(auto world,
                     SimWorld::open(sim_world_path(directory_, provider_name), SqlAccess::Owner));
  open_[provider_name] = world;
  return world;
}

std::string sim_world_path(const std::string& directory, const std::string& provider_name) {
  return directory + "/" + provider_name + kExtension;
}

std::vector<std::string> sim_world_names(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code none;  // no directory: no worlds
  for (const auto& entry : std::filesystem::directory_iterator(directory, none)) {
    if (entry.path().extension() == kExtension) names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace charter
