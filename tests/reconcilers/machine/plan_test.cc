#include "reconcilers/machine/plan.h"

#include "reconcilers/common/naming.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

// The table of reconcilers/machine/plan.h, row by row, and the property that it always ends.
namespace charter::machine {
namespace {

constexpr const char* kDigest = "sha256:aa";

Machine machine() {
  Machine m;
  m.meta.uid = "u";
  m.meta.name = "m0";
  m.spec.provider.name = "p";
  m.spec.vcpus = 4;
  m.spec.memory_bytes = 8;
  m.spec.boot_disk.size_bytes = 100;
  m.spec.image = {.name = "linux", .digest = kDigest};
  return m;
}

MachineState vm(PowerState power) {
  return {.uid = "u",
          .external_id = "vm-1",
          .host = "h1",
          .owner = "u",
          .vcpus = 4,
          .memory_bytes = 8,
          .disk_bytes = 100,
          .image_deployed = true,
          .power = power,
          .address = "10.0.0.1",
          .image_digest = kDigest};
}

/// A machine that has run: its status shows the wanted values.
Machine settled() {
  Machine m = machine();
  m.status = plan(m, {.vm = vm(PowerState::On)}).status;
  return m;
}

Machine with(Machine m, void (*change)(Machine&)) {
  change(m);
  return m;
}
MachineState with(MachineState state, void (*change)(MachineState&)) {
  change(state);
  return state;
}

struct Row {
  const char* name;
  Machine machine;
  std::optional<MachineState> vm;
  std::optional<Action> action;
  const char* reason;
};

constexpr auto kDeleted = [](Machine& m) { m.meta.deleted = "2026-06-01T00:00:00Z"; };
constexpr auto kReport = [](Machine& m) { m.spec.drift_policy.mode = DriftMode::Report; };
constexpr auto kIgnore = [](Machine& m) { m.spec.drift_policy.mode = DriftMode::Ignore; };
constexpr auto kFewer = [](Machine& m) { m.spec.vcpus = 2; };
constexpr auto kWantedOff = [](Machine& m) { m.spec.power = Power::Off; };
constexpr auto kRestart = [](Machine& m) {
  m.spec.vcpus = 2;
  m.spec.update_policy.strategy = UpdateStrategy::AllowRestart;
};
constexpr auto kReplace = [](Machine& m) {
  m.spec.boot_disk.size_bytes = 200;
  m.spec.update_policy.strategy = UpdateStrategy::AllowReplace;
};
constexpr auto kStaged = [](MachineState& s) { s.staged_vcpus = 2; };

std::vector<Row> rows() {
  const auto on = vm(PowerState::On);
  const auto off = vm(PowerState::Off);
  const auto noted = [](Machine m, const char* state) {
    m.status.state = state;
    m.status.power = ObservedPower::Unknown;
    if (std::string(state) == "Replacing") m.status.external_id.clear();
    return m;
  };
  return {
      {"deleting, on", with(settled(), kDeleted), on, PowerOff{}, "Deleting"},
      {"deleting, stopping", with(settled(), kDeleted), vm(PowerState::Stopping), {}, "Deleting"},
      {"deleting, off", with(settled(), kDeleted), off, Remove{}, "Deleting"},
      {"deleting, crashed", with(settled(), kDeleted), vm(PowerState::Crashed), Remove{},
       "Deleting"},
      {"foreign", settled(), with(on, [](MachineState& s) { s.owner = "x"; }), {}, "NotYours"},
      {"never made", machine(), {}, Create{}, "Provisioning"},
      {"vanished, Correct", settled(), {}, Create{}, "Provisioning"},
      {"vanished, Report", with(settled(), kReport), {}, {}, "DriftReported"},
      {"vanished, Ignore", with(settled(), kIgnore), {}, {}, "Lost"},
      {"replace, not noted", with(settled(), kReplace), on, {}, "Replacing"},
      {"replace, on", noted(with(settled(), kReplace), "Replacing"), on, PowerOff{}, "Replacing"},
      {"replace, off", noted(with(settled(), kReplace), "Replacing"), off, Remove{}, "Replacing"},
      {"replace, forbidden",
       with(settled(), [](Machine& m) { m.spec.boot_disk.size_bytes = 200; }),
       on,
       {},
       "InPlaceNotPossible"},
      {"smaller", with(settled(), kFewer), on, Resize{2, 8}, "Resizing"},
      {"smaller, staged", with(settled(), kFewer), with(on, kStaged), {}, "InPlaceNotPossible"},
      {"restart, not noted", with(settled(), kRestart), with(on, kStaged), {}, "Restarting"},
      {"restart, noted", noted(with(settled(), kRestart), "Restarting"), with(on, kStaged),
       PowerOff{}, "Restarting"},
      {"staged, taken back", settled(), with(on, kStaged), Resize{4, 8}, "Resizing"},
      {"wanted off", with(settled(), kWantedOff), on, PowerOff{}, "Stopping"},
      {"is off as wanted", with(settled(), kWantedOff), off, {}, "Stopped"},
      {"no image yet",
       machine(),
       with(off, [](MachineState& s) { s.image_deployed = false; }),
       {},
       "Provisioning"},
      {"first start", machine(), off, PowerOn{}, "Starting"},
      {"crashed, Correct", settled(), vm(PowerState::Crashed), PowerOn{}, "Starting"},
      {"off, Report", with(settled(), kReport), off, {}, "DriftReported"},
      {"crashed, Ignore", with(settled(), kIgnore), vm(PowerState::Crashed), {}, "Crashed"},
      {"starting", settled(), vm(PowerState::Starting), {}, "Starting"},
      {"stopping", settled(), vm(PowerState::Stopping), {}, "Stopping"},
      {"no address",
       settled(),
       with(on, [](MachineState& s) { s.address.clear(); }),
       {},
       "Provisioning"},
      {"volume missing",
       with(settled(), [](Machine& m) { m.spec.volumes = {{"v"}}; }),
       on,
       {},
       "Attaching"},
      {"as wanted", settled(), on, {}, "Running"},
  };
}

void expect(const std::vector<Row>& expected) {
  for (const auto& row : expected) {
    const Step step = plan(row.machine, {.vm = row.vm});
    EXPECT_EQ(step.action, row.action) << row.name;
    EXPECT_EQ(step.ready.reason, row.reason) << row.name << ": " << step.ready.message;
    EXPECT_TRUE(step.release.empty()) << row.name;
  }
}

TEST(MachinePlan, EachRowOfTheTable) {
  expect(rows());
}

TEST(MachinePlan, PartsOfAMachineAreNoneButDeletionRemovesThem) {
  const auto parts = with(vm(PowerState::Off), [](MachineState& s) { s.incomplete = true; });
  expect({{"deleting", with(settled(), kDeleted), parts, Remove{}, "Deleting"},
          {"never made", machine(), parts, Create{}, "Provisioning"},
          {"vanished, Correct", settled(), parts, Create{}, "Provisioning"},
          {"vanished, Report", with(settled(), kReport), parts, {}, "DriftReported"}});
}

TEST(MachinePlan, ReleasesOnlyWhenNothingOfOursIsLeft) {
  EXPECT_EQ(plan(with(settled(), kDeleted), {}).release.size(), 1U);
  const auto foreign = with(vm(PowerState::On), [](MachineState& s) { s.owner = "x"; });
  const Step step = plan(with(settled(), kDeleted), {.vm = foreign});
  EXPECT_EQ(step.release.size(), 1U);
  EXPECT_FALSE(step.action) << "what is not ours is left alone";
}

TEST(MachinePlan, RestartsWhatWasStartedBeforeTheTimeThatIsAskedFor) {
  const auto at = [](int64_t second) { return Instant(std::chrono::seconds(second)); };
  MachineState on = vm(PowerState::On);
  on.booted_at_s = 1000;
  Machine m = settled();
  m.spec.restart_at = at(1000);
  EXPECT_EQ(plan(m, {.vm = on, .now = at(2000)}).ready.reason, "Running") << "it was, since";
  m.spec.restart_at = at(1500);
  Step step = plan(m, {.vm = on, .now = at(1400)});
  EXPECT_EQ(step.ready.reason, "Running") << "not yet";
  EXPECT_EQ(step.outcome.kind, Outcome::Kind::Again);
  EXPECT_EQ(step.outcome.after, std::chrono::seconds(100));
  // Noted first, stopped, started, and then it is over.
  std::vector<std::string> actions;
  for (int pass = 0; pass < 8; ++pass) {
    step = plan(m, {.vm = on, .now = at(1500)});
    EXPECT_TRUE(step.status.drift.empty()) << "it is our own work";
    m.status = step.status;
    if (step.action && std::holds_alternative<PowerOff>(*step.action)) {
      actions.emplace_back("off");
      on.power = PowerState::Off;
    } else if (step.action && std::holds_alternative<PowerOn>(*step.action)) {
      actions.emplace_back("on");
      on.power = PowerState::On;
      on.booted_at_s = 1501;
    } else {
      EXPECT_FALSE(step.action);
    }
  }
  EXPECT_EQ(actions, (std::vector<std::string>{"off", "on"}));
  EXPECT_EQ(step.ready.reason, "Running");
  m.spec.power = Power::Off;
  m.spec.restart_at = at(1600);
  on.power = PowerState::Off;
  on.booted_at_s = 0;
  EXPECT_EQ(plan(m, {.vm = on, .now = at(1700)}).ready.reason, "Stopped") << "nothing to restart";
}

// --- the plan always comes to rest
// ----------------------------------------------------------------

/// A host with one place for a machine; actions take effect at once.
void carry_out(const Action& action, const Machine& m, bool live, std::optional<MachineState>& at) {
  if (std::holds_alternative<Create>(action)) {
    at = vm(PowerState::Off);
    at->vcpus = static_cast<int>(m.spec.vcpus);
    at->memory_bytes = m.spec.memory_bytes;
    at->disk_bytes = m.spec.boot_disk.size_bytes;
    at->address.clear();
  } else if (std::holds_alternative<Remove>(action)) {
    at.reset();
  } else if (const auto* size = std::get_if<Resize>(&action)) {
    const bool now = live || at->power != PowerState::On || size->vcpus == at->vcpus;
    at->staged_vcpus = now ? 0 : static_cast<int>(size->vcpus);
    if (now) at->vcpus = static_cast<int>(size->vcpus);
    if (now) at->memory_bytes = size->memory_bytes;
  } else {
    at->power =
        std::holds_alternative<PowerOn>(action) ? PowerState::Starting : PowerState::Stopping;
  }
}

/// What time alone does.
void pass_time(std::optional<MachineState>& at) {
  if (!at) return;
  at->image_deployed = true;
  if (at->power == PowerState::Starting) {
    at->power = PowerState::On;
    at->address = "10.0.0.1";
  } else if (at->power == PowerState::Stopping) {
    at->power = PowerState::Off;
    if (at->staged_vcpus > 0) at->vcpus = std::exchange(at->staged_vcpus, 0);
  }
}

/// Passes until neither action, status nor vm changes; the number of passes.
int passes_to_rest(Machine m, std::optional<MachineState> at, bool live) {
  constexpr int kPassesMax = 20;
  for (int pass = 1; pass <= kPassesMax; ++pass) {
    const Step step = plan(m, {.vm = at});
    if (!step.release.empty()) return pass;
    if (step.action) carry_out(*step.action, m, live, at);
    const bool same = step.status == m.status && !step.action;
    const bool waits = step.outcome.kind == Outcome::Kind::Again;
    m.status = step.status;
    if (same && !waits) return pass;
    pass_time(at);
  }
  return kPassesMax + 1;
}

TEST(MachinePlan, ComesToRestFromEveryState) {
  std::vector<std::optional<MachineState>> vms = {std::nullopt};
  for (const auto power : {PowerState::Off, PowerState::Starting, PowerState::On,
                           PowerState::Stopping, PowerState::Paused, PowerState::Crashed}) {
    for (const int vcpus : {2, 4}) {
      for (const int staged : {0, 2, 4}) {
        for (const int64_t disk : {100, 200}) {
          auto state = vm(power);
          state.vcpus = vcpus;
          state.staged_vcpus = staged;
          state.disk_bytes = disk;
          vms.push_back(state);
        }
      }
    }
  }
  int states = 0;
  for (const auto& at : vms) {
    for (const Machine& start : {machine(), settled(), with(settled(), kDeleted)}) {
      for (const auto strategy : {UpdateStrategy::InPlaceOnly, UpdateStrategy::AllowRestart,
                                  UpdateStrategy::AllowReplace}) {
        for (const auto mode : {DriftMode::Correct, DriftMode::Report, DriftMode::Ignore}) {
          for (const auto power : {Power::On, Power::Off}) {
            for (const bool live : {true, false}) {
              Machine m = start;
              m.spec.update_policy.strategy = strategy;
              m.spec.drift_policy.mode = mode;
              m.spec.power = power;
              ++states;
              EXPECT_LE(passes_to_rest(m, at, live), 20)
                  << to_word(strategy) << " " << to_word(mode) << " " << to_word(power) << " live "
                  << live << (at ? " power " : " absent") << (at ? static_cast<int>(at->power) : 0)
                  << " vcpus " << (at ? at->vcpus : 0) << " staged " << (at ? at->staged_vcpus : 0);
            }
          }
        }
      }
    }
  }
  EXPECT_GT(states, 7000);
}

}  // namespace
}  // namespace charter::machine
