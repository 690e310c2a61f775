#include "tests/reconcilers/billing/billing_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// Scenario S5 lived through: real store, API and reconcilers, simulated hosts, a month in seconds.
namespace charter {
namespace {

using test::BillingWorld;

const char* const kJune = "consumerco/orders-2026-06";

const std::vector<std::string> kLines = {
    "Processors of active servers|cpu-hours|Active|4752|CPUHour|0.13|617.76|",
    "Data volumes|storage|Allocated|15|TBDay|5|75.00|",
    "cpu-hours, ordered but not "
    "provisioned|cpu-hours|OrderedNotProvisioned|3888|CPUHour|0.078|303.26|",
};

/// "at action count by", of what was done with servers.
std::vector<std::string> actions_of(BillingWorld& world, const std::string& report) {
  std::vector<std::string> texts;
  const Json object = world.get("UsageReport", report);
  for (const auto& action : object["status"]["actions"]) {
    if (text_at(action, {"object"}) != BillingWorld::kInstance) continue;
    texts.push_back(text_at(action, {"at"}) + " " + text_at(action, {"action"}) + " " +
                    std::to_string(int_at(action, {"count"}).value_or(0)) + " " +
                    text_at(action, {"by"}));
  }
  return texts;
}

/// Three deployed, two released, one reactivated, and what ran by day and by night.
void expect_report_of_june(BillingWorld& world) {
  world.apply(R"(
apiVersion: charter.dev/v1alpha1
kind: UsageReport
metadata: {name: june, namespace: consumerco}
spec:
  contractRef: {name: orders}
  period: {from: "2026-06-01T00:00:00Z", to: "2026-07-01T00:00:00Z"}
)");
  world.settle();
  const auto actions = actions_of(world, "consumerco/june");
  ASSERT_GE(actions.size(), 4u);
  EXPECT_EQ(actions[0], "2026-06-01T00:00:00Z Provisioned 3 test");
  EXPECT_EQ(actions[1], "2026-06-02T00:00:00Z Deactivated 2 test");
  EXPECT_EQ(actions[2], "2026-06-03T08:00:00Z Reactivated 1 test");
  EXPECT_EQ(actions[3], "2026-06-03T20:00:00Z Deactivated 1 test");
  EXPECT_EQ(actions.back(), "2026-06-30T20:00:00Z Deactivated 2 test");
  EXPECT_EQ(actions.size(), 2u + 2 * 28) << "and every day's since the third";
  std::vector<std::string> days;
  const Json report = world.get("UsageReport", "consumerco/june");
  for (const auto& alike : report["status"]["days"])
    days.push_back(text_at(alike, {"from"}).substr(8, 2) + ": " + text_at(alike, {"machines"}));
  EXPECT_EQ(days, (std::vector<std::string>{"01: 3 from 00:00", "02: 1 from 00:00",
                                            "03: 1 from 00:00, 2 from 08:00, 1 from 20:00",
                                            "24: 1 from 00:00, 3 from 08:00, 1 from 20:00"}));
  // Two by day in most of the month, one by night.
  const auto& profile = report["status"]["profile"];
  ASSERT_EQ(profile.size(), 24u);
  EXPECT_EQ(profile[3]["least"], 1);
  EXPECT_EQ(profile[12]["most"], 3);
}

TEST(S5, TheBillOfJuneIs996Dollars02) {
  BillingWorld world;
  world.contract();
  world.provision();
  world.live_through_june();
  world.live_until("2026-07-01T00:00:00Z");
  expect_report_of_june(world);
  EXPECT_EQ(world.invoice(kJune, "status.phase"), "Draft") << world.explain("Invoice", kJune);
  EXPECT_EQ(world.invoice(kJune, "status.dueAt"), "2026-07-03T00:00:00Z");
  world.live_until("2026-07-03T00:00:00Z");
  EXPECT_EQ(world.invoice(kJune, "status.phase"), "Issued") << world.explain("Invoice", kJune);
  EXPECT_EQ(world.lines(kJune), kLines);
  EXPECT_EQ(world.invoice(kJune, "status.total"), "996.02");
  EXPECT_EQ(world.invoice(kJune, "spec.period.from"), "2026-06-01T00:00:00Z");
  EXPECT_EQ(world.invoice(kJune, "spec.period.to"), "2026-07-01T00:00:00Z");
  world.expect_quiet();
}

/// Everything that the ledger has, once more, as writes of their own.
void replay_ledger(BillingWorld& world) {
  std::vector<LedgerEdge> edges;
  const LedgerQuery all{world.uid("Contract", BillingWorld::kContract), 0, INT64_MAX};
  const auto before = world.store().read_ledger(all, [&](const LedgerInterval& interval) -> Status {
    MeterSpan begun = interval.span;
    begun.to_s.reset();
    begun.ended_by.clear();
    edges.push_back({interval.subject, begun});
    if (interval.span.to_s) edges.push_back({interval.subject, interval.span});
    return {};
  });
  ASSERT_TRUE(before);
  const Json tree = {{"apiVersion", "v1"}, {"kind", "Thing"}, {"metadata", {{"name", "replay"}}}};
  for (int time = 0; time < 2; ++time) {
    for (const auto& edge : edges) {
      Write write;
      write.key = {"example.dev/replays", {"", "replay"}};
      const auto current = world.store().get(write.key.bucket, write.key.name);
      write.expected = current ? current->header().version : 0;
      write.object = Encoded::make(tree, 0);
      write.ledger = {edge};
      ASSERT_TRUE(world.store().commit(std::move(write)));
    }
  }
  const auto after = world.store().read_ledger(all, [](const auto&) { return Status(); });
  ASSERT_TRUE(after);
  EXPECT_EQ(*after, *before) << "nothing is metered twice";
}

// Another rate card, three times as dear, and the offering sold at its prices from now on.
void change_prices(BillingWorld& world) {
  std::string card = test::file_text("manifests/s1-catalog/40-ratecard.yaml");
  const auto put = [&card](const std::string& old, const std::string& now) {
    card.replace(card.find(old), old.size(), now);
  };
  put("name: std-2026", "name: dear-2026");
  put("0.13", "0.39");
  world.apply(card);
  world.settle();
  world.edit("ServiceOffering", "compute-highspeed", "{spec: {billing: {rateCardRef: dear-2026}}}");
  world.settle();
}

std::string issued(BillingWorld& world) {
  world.live_through_june();
  world.live_until("2026-07-01T00:00:00Z");
  world.live_until("2026-07-03T00:00:00Z");
  return world.bytes(kJune);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kDisturbedLives = 1;
#else
constexpr uint64_t kDisturbedLives = 5;
#endif

TEST(S5, RestartsReplaysAndOtherPricesLeaveTheBillAsItIs) {
  std::string first;
  for (uint64_t seed = 1; seed <= kDisturbedLives; ++seed) {
    const test::Directory directory;
    BillingWorld world({.data_dir = directory.path()});
    world.contract();
    world.provision();
    SeededRandom random(seed);
    int moments = 0;
    world.disturb = [&] {
      if (++moments == 40) change_prices(world);
      if (random.next() % 4 == 0) world.restart();
    };
    const auto bill = issued(world);
    if (first.empty()) first = bill;
    EXPECT_EQ(bill, first) << "seed " << seed;
    EXPECT_EQ(world.lines(kJune), kLines) << "as of an undisturbed life";
    EXPECT_EQ(world.invoice(kJune, "status.total"), "996.02");
    replay_ledger(world);
    for (int again = 0; again < 2; ++again) {
      world.restart();  // every object is news again
      world.settle_for(std::chrono::hours(1));
    }
    EXPECT_EQ(world.bytes(kJune), first) << "seed " << seed;
  }
}

}  // namespace
}  // namespace charter
