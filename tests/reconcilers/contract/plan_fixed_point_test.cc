#include "reconcilers/common/reasons.h"
#include "reconcilers/contract/plan.h"
#include "tests/reconcilers/contract/samples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::contract {
namespace {

constexpr int kPassesMax = 8;

// Which answers there are to each question that the plan asks.
struct Choice {
  int account, offering, revision, policy, hash, accepted, amended, ending, deleting, children,
      limit;
};

struct World {
  Contract contract;
  Observed have;
};

const char* const kRevision = "compute-highspeed-1";

World world_of(const Choice& choice) {
  static const Contract contract = *read_contract(sample_contract());
  static const auto revision = read_service_offering_revision(sample_revision())->spec;
  World world{contract, {}};
  auto& have = world.have;
  have.now = *parse_time("2026-06-01T00:00:00Z");
  if (choice.account) {
    have.account = AccountFacts{"consumerco",
                                {{"compute", choice.limit ? 1 : 9}, {"storage", 9}},
                                {{"compute", 3}, {"storage", 5}},
                                {}};
  }
  if (choice.offering) {
    have.offering = OfferingFacts{static_cast<Publication>(choice.offering - 1),
                                  choice.revision ? kRevision : ""};
  }
  if (choice.revision) {
    have.revisions[kRevision] = revision;
    have.revisions[kRevision].contract_policy.acceptance =
        static_cast<AcceptanceMode>(choice.policy);
  }
  if (choice.hash)
    world.contract.spec.acceptance = Contract::Acceptance{"sha256:" + std::string(64, 'a')};
  if (choice.accepted) {
    world.contract.status.accepted = Contract::Accepted{"sha256:" + std::string(64, 'b'),
                                                        kRevision,
                                                        contract.spec.quantities,
                                                        Placement{{"EU", "US"}, {}},
                                                        {},
                                                        have.now,
                                                        "fred"};
  }
  if (choice.amended) world.contract.spec.quantities["compute"] = 4;
  if (choice.ending) world.contract.spec.terminate = Contract::Terminate{true, std::nullopt, ""};
  if (choice.deleting) world.contract.meta.deleted = "2026-06-01T00:00:00Z";
  if (choice.children)
    have.children = {{Child::Kind::Instance, "a", "u-a", choice.children == 2, ""},
                     {Child::Kind::Volume, "b", "u-b", false, ""}};
  return world;
}

Conditions stated(const Step& step) {
  Conditions all;
  const auto add = [&all](const Statement& s) {
    all.push_back({s.type, s.status, s.reason, s.message, 1});
  };
  for (const auto& statement : step.conditions)
    add(statement);
  if (step.deletion) add(is_so("Deleting", step.deletion->reason, step.deletion->blocker));
  add(step.ready);
  return all;
}

// Everything a pass may do to the world; what is being deleted is gone by the next look. False when
// it did nothing.
bool carry_out(World& world, const Step& step) {
  const auto conditions = stated(step);
  bool changed = step.status != world.contract.status || conditions != world.contract.conditions;
  world.contract.status = step.status;
  world.contract.conditions = conditions;
  auto& children = world.have.children;
  changed |= std::erase_if(children, [](const Child& child) { return child.deleting; }) > 0;
  if (!step.action) return changed;
  std::visit(
      [&children](const auto& target) {
        for (auto& child : children)
          child.deleting |= child.uid == target.uid;
      },
      *step.action);
  return true;
}

void expect_words(const Step& step) {
  for (const auto& condition : stated(step)) {
    EXPECT_TRUE(class_of(condition.reason)) << condition.type << " " << condition.reason;
    EXPECT_LE(condition.message.size(), 1024u) << condition.message;
  }
  for (const auto& event : step.events)
    EXPECT_TRUE(class_of(event.reason)) << event.reason;
}

void expect_fixed_point(const Choice& choice) {
  auto world = world_of(choice);
  for (int pass = 0; pass < kPassesMax; ++pass) {
    const auto step = plan(world.contract, world.have);
    expect_words(step);
    const auto& accepted = step.status.accepted;
    // Nothing is deleted while the contract neither ends nor is deleted; nothing is accepted that
    // was not offered.
    EXPECT_TRUE(!step.action || choice.ending || choice.deleting);
    EXPECT_TRUE(!accepted || choice.accepted || choice.policy == 1);
    if (!step.release.empty()) {
      EXPECT_TRUE(world.have.children.empty());
      return;
    }
    if (!carry_out(world, step)) {
      EXPECT_FALSE(choice.deleting) << "a deletion ends in a release";
      return;
    }
  }
  ADD_FAILURE() << "no fixed point within " << kPassesMax << " passes";
}

TEST(ContractPlanFixedPoint, EveryStateOfTheSmallSpaceSettlesWithinEightPasses) {
  size_t states = 0;
  const int radix[] = {2, 5, 2, 2, 2, 2, 2, 2, 2, 3, 2};
  size_t total = 1;
  for (const int base : radix)
    total *= static_cast<size_t>(base);
  for (size_t code = 0; code < total; ++code) {
    int digit[11];
    auto rest = code;
    for (int i = 0; i < 11; ++i) {
      digit[i] = static_cast<int>(rest % static_cast<size_t>(radix[i]));
      rest /= static_cast<size_t>(radix[i]);
    }
    expect_fixed_point({digit[0], digit[1], digit[2], digit[3], digit[4], digit[5], digit[6],
                        digit[7], digit[8], digit[9], digit[10]});
    ++states;
    if (::testing::Test::HasFailure()) FAIL() << "state " << code;
  }
  EXPECT_EQ(states, 7680u);
}

}  // namespace
}  // namespace charter::contract
