#include "reconcilers/service_instance/plan.h"
#include "tests/reconcilers/service_instance/samples.h"

#include <gtest/gtest.h>

// The rows of the table in lease.h.
namespace charter::service_instance {
namespace {

using std::chrono::hours;

struct Leased : ::testing::Test {
  ServiceInstance si = instance();
  Observed have = nothing_made();

  Leased() {
    si.spec.lease = ServiceInstance::Lease{hours(720), LeaseAction::Deactivate, hours(72)};
  }

  Step pass() {
    const auto step = plan(si, have);
    carry_out(si, have, step);
    return step;
  }
  void settle() {
    for (int i = 0; i < 40; ++i) {
      pass();
      serve_children(have);
    }
  }
  std::string lease() {
    const auto* said = find_condition(si.conditions, "Lease");
    return said == nullptr ? "" : said->status + " " + said->reason;
  }
};

TEST_F(Leased, BeginsAtCreationAndIsShown) {
  have.now += hours(1);
  const auto step = pass();
  EXPECT_EQ(format_time(*step.status.lease_expires), "2026-07-01T00:00:00Z");
  EXPECT_EQ(lease(), "True LeaseRunning");
  EXPECT_TRUE(step.events.empty());
}

TEST_F(Leased, WakesItselfForTheWarningAndForTheEnd) {
  settle();
  EXPECT_EQ(pass().outcome, Outcome::wait(hours(648), "LeaseRunning"));
  have.now += hours(648);
  const auto warned = pass();
  EXPECT_EQ(lease(), "True LeaseExpiring");
  ASSERT_EQ(warned.events.size(), 1u);
  EXPECT_EQ(warned.events[0].reason, "LeaseExpiring");
  const auto again = pass();
  EXPECT_TRUE(again.events.empty()) << "one warning";
  EXPECT_EQ(again.outcome, Outcome::wait(hours(72), "LeaseRunning"));
}

TEST_F(Leased, AtItsEndTheMachinesStopAndStay) {
  settle();
  have.now += hours(720);
  EXPECT_EQ(pass().events.at(0).reason, "LeaseExpired");
  settle();
  EXPECT_EQ(lease(), "False LeaseExpired");
  ASSERT_EQ(have.machines.size(), 3u);
  for (const auto& machine : have.machines)
    EXPECT_EQ(machine.spec.power, Power::Off);
  EXPECT_EQ(find_condition(si.conditions, "Ready")->reason, "LeaseExpired");
}

TEST_F(Leased, ProlongingBringsThemBack) {
  settle();
  have.now += hours(720);
  settle();
  si.spec.lease->duration = hours(24);
  settle();
  EXPECT_EQ(si.status.lease_expires, have.now + hours(24));
  for (const auto& machine : have.machines)
    EXPECT_EQ(machine.spec.power, Power::On);
}

TEST_F(Leased, ActionDeleteRemovesTheInstanceItself) {
  si.spec.lease->action = LeaseAction::Delete;
  settle();
  have.now += hours(720);
  const auto step = pass();
  ASSERT_TRUE(step.action);
  const auto* self = std::get_if<DeleteObject>(&*step.action);
  ASSERT_NE(self, nullptr);
  EXPECT_EQ(self->kind, DeleteObject::Kind::Instance);
  EXPECT_EQ(self->uid, "instance-uid");
  EXPECT_EQ(step.events.at(0).reason, "LeaseExpired");
}

TEST_F(Leased, ALeaseThatIsTakenAwayLeavesNothing) {
  settle();
  si.spec.lease.reset();
  settle();
  EXPECT_EQ(lease(), "");
  EXPECT_FALSE(si.status.lease_expires);
}

}  // namespace
}  // namespace charter::service_instance
