#pragma once

#include "controller/base/clock.h"
#include "drivers/inventory_changes.h"
#include "drivers/provider_driver.h"
#include "drivers/simulated/sim_machines.h"
#include "drivers/simulated/sim_settings.h"
#include "drivers/simulated/sim_world.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

// The simulated driver: Charter's default, so that the product runs anywhere, and the one that all
// tests use. Its hosts live in a SimWorld; this class is only the caller's side of them. Every call
// is one transaction which also writes the call's line into the world's ledger.
//
// Latency and delays: with a `SimPause` the calling worker is blocked for that long; without one
// (manual clock, one thread) the call returns at once and its effect counts from that much later.
// Hints: look() hints at every machine or volume that differs from the previous look of this
// driver, so the first one hints at nothing. Nobody wakes up at the moment of a transition: callers
// observe on their own schedule.
namespace charter {

/// Blocks the caller for a while.
using SimPause = std::function<void(Duration)>;

/// A pause on the machine's real clock.
SimPause real_pause();

/// What a simulated driver stands on. All must outlive it.
struct SimSurroundings {
  const Clock* clock = nullptr;
  SimPause pause;  ///< empty: never block
};

/// One simulated endpoint.
class SimulatedDriver final : public ProviderDriver {
 public:
  /// Brings the world's hosts in line with the settings; hosts that are no longer named take
  /// nothing new, and vanish when empty. Errors: ServiceUnavailable.
  static Result<std::shared_ptr<SimulatedDriver>> open(SimSettings settings,
                                                       std::shared_ptr<SimWorld> world,
                                                       SimSurroundings surroundings);

  Result<std::optional<MachineState>> observe(const std::string& uid) override;
  Status create(const MachineSpec& spec) override;
  Status set_power(const std::string& uid, PowerState wanted) override;
  Result<ResizeOutcome> resize(const std::string& uid, int vcpus, int64_t memory_bytes) override;
  Status remove(const std::string& uid) override;

  Result<std::optional<VolumeState>> observe_volume(const std::string& uid) override;
  Status create_volume(const VolumeSpec& spec) override;
  Status grow_volume(const std::string& uid, int64_t size_bytes) override;
  Status attach_volume(const std::string& uid, const std::string& machine_uid) override;
  Status detach_volume(const std::string& uid, const std::string& machine_uid) override;
  Status remove_volume(const std::string& uid) override;

  Result<Inventory> look() override;
  Result<std::vector<MachineCounters>> counters() override;
  void on_hint(Hint hint) override;

 private:
  /// The part of a call that differs: `at` is when its effect counts.
  using Work = std::function<Result<SimEffect>(SimRows& rows, Instant at)>;

  SimulatedDriver(SimSettings settings, std::shared_ptr<SimWorld> world,
                  SimSurroundings surroundings, int64_t epoch);
  Status run(const std::string& call, const std::string& uid, const std::string& arguments,
             const Work& work);
  Status carry_out(SimCall& call, const std::optional<Fault>& fault, const Work& work);
  Result<std::optional<Fault>> next_fault(const std::string& call);
  Instant pass(Duration delay) const;

  const SimSettings settings_;
  const std::shared_ptr<SimWorld> world_;
  const SimSurroundings surroundings_;
  const int64_t epoch_;

  InventoryHints hints_;
};

/// Opens endpoints in `worlds`. Both arguments' targets must outlive the factory and its drivers.
DriverFactory simulated_driver_factory(SimWorlds& worlds, SimSurroundings surroundings);

}  // namespace charter
