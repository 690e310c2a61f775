#include "reconcilers/common/reasons.h"
#include "reconcilers/service_instance/plan.h"
#include "tests/reconcilers/service_instance/samples.h"

#include <gtest/gtest.h>

#include <map>
#include <tuple>
#include <utility>

namespace charter::service_instance {
namespace {

constexpr int kPassesMax = 60;

// Which answers there are to each question that the plan asks.
constexpr int kRadix[] = {3, 2, 2, 2, 3, 2, 2, 2, 4, 2};

/// A state of the small space, by digits of a number.
struct State {
  ServiceInstance si = instance();
  Observed have = nothing_made();
  bool deleting = false;

  explicit State(int code) {
    int digit[10];
    for (int i = 0; i < 10; ++i) {
      digit[i] = code % kRadix[i];
      code /= kRadix[i];
    }
    made_before(digit[8], digit[9] != 0);
    if (digit[0] == 0) have.contract.reset();
    if (digit[0] == 1) have.contract->active = false;
    if (digit[1] != 0) have.revision = nullptr;
    if (digit[2] != 0) have.shortages = {"compute: ordered 3, used 3, asked 3"};
    if (digit[3] != 0) have.providers.clear();
    si.spec.replicas = digit[4];
    if (digit[5] != 0) si.spec.activation = Activation::Deactivated;
    if (digit[6] != 0)
      si.spec.lease = ServiceInstance::Lease{std::chrono::hours(1), LeaseAction::Deactivate, {}};
    if (digit[7] != 0) have.now += std::chrono::hours(2);
    have.provider_gone = have.providers.empty();
  }

  // Nothing, halfway, all, or all and then asked to go.
  void made_before(int how_far, bool per_machine) {
    if (per_machine) si.spec.volumes[0].shared = false;
    // Many states begin in the same way: each beginning is made once.
    static std::map<std::pair<int, bool>, std::pair<ServiceInstance, Observed>> made;
    const auto key = std::pair(how_far, per_machine);
    if (!made.contains(key)) {
      const int passes = how_far == 0 ? 0 : how_far == 1 ? 5 : kPassesMax;
      for (int pass = 0; pass < passes; ++pass) {
        carry_out(si, have, plan(si, have));
        serve_children(have);
      }
      made[key] = {si, have};
    }
    std::tie(si, have) = made[key];
    deleting = how_far == 3;
    if (deleting) si.meta.deleted = "2026-06-01T00:00:00Z";
  }
};

void expect_words(const Step& step) {
  for (const auto& condition : stated(step, 1)) {
    EXPECT_TRUE(class_of(condition.reason)) << condition.type << " " << condition.reason;
    EXPECT_LE(condition.message.size(), 1024u) << condition.message;
  }
}

void expect_fixed_point(State& state) {
  for (int pass = 0; pass < kPassesMax; ++pass) {
    const auto machines = state.have.machines.size();
    const auto step = plan(state.si, state.have);
    expect_words(step);
    if (!step.release.empty()) {
      EXPECT_TRUE(state.deleting && machines == 0 && state.have.volumes.empty());
      return;
    }
    const bool changed = carry_out(state.si, state.have, step);
    // Nothing is destroyed that nobody asked to go: the order never shrinks here.
    if (!state.deleting) {
      EXPECT_GE(state.have.machines.size(), machines);
    }
    if (!serve_children(state.have) && !changed) {
      EXPECT_FALSE(state.deleting) << "a deletion ends in a release";
      return;
    }
  }
  ADD_FAILURE() << "no fixed point within " << kPassesMax << " passes";
}

TEST(ServiceInstancePlanFixedPoint, EveryStateOfTheSmallSpaceSettles) {
  int total = 1;
  for (const int base : kRadix)
    total *= base;
  for (int code = 0; code < total; ++code) {
    State state(code);
    expect_fixed_point(state);
    if (::testing::Test::HasFailure()) FAIL() << "state " << code;
  }
  EXPECT_EQ(total, 4'608);
}

}  // namespace
}  // namespace charter::service_instance
