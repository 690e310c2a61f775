#pragma once

#include <cstdint>
#include <memory>
#include <string>

// A SQLite VFS for tests: the default one with faults that are switched on at will. One instance is
// registered under its own name while it lives; hand that name to StoreOptions::vfs. Thread-safe.
//
// Power loss: writes go to the real file at once, and what each 512-byte sector held at the file's
// last sync is kept apart. A cut puts those sectors back, all of them or those that a seed picks
// (torn and reordered writes), and every call fails until power returns.
namespace charter::testing {

/// See above.
class FaultVfs {
 public:
  /// Calls that can be made to fail.
  enum class Call { Write, Sync };
  /// How they fail.
  enum class Fault { IoError, DiskFull };
  /// What a power cut does to sectors that were not synced.
  enum class Loss { All, Torn };

  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  const std::string& name() const;

  /// The Nth such call from now on (1 is the next one) fails, once.
  void fail_nth(Call call, int64_t n, Fault fault);
  /// At the Nth sync from now on, before anything of it happens, the power is cut.
  void cut_power_at_sync(int64_t n, Loss loss, uint64_t seed);
  void cut_power_now(Loss loss, uint64_t seed);
  void restore_power();
  /// From now on no file grows.
  void fill_disk();
  void free_disk();

  /// True when the planned fault or cut has happened.
  bool fired() const;
  /// Calls so far.
  int64_t writes() const;
  int64_t syncs() const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace charter::testing
