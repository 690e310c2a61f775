#include "controller/base/random.h"
#include "reconcilers/billing/rating.h"
#include "reconcilers/billing/time_zone.h"
#include "reconcilers/common/metering.h"
#include "reconcilers/contract/metering.h"
#include "reconcilers/machine/metering.h"
#include "tests/reconcilers/billing/calculator.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

// Random lives of contracts and machines: what the reconcilers meter of them, through the ledger's
// own rules and the rating, against a calculator that knows only what the hosts did. Then the
// same with our clock stepped to and fro: nothing may be off by more than the steps explain.
//
//   our clock at a look      begin and end that a host tells       a resize
//   right, or ahead          exact                                 off by as much as the clock
//   behind                   off by as much as the clock           off by as much as the clock
namespace charter {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kTimelines = 400;
#else
constexpr int kTimelines = 100'000;
#endif

constexpr int64_t kDay = 86'400;
const char* const kZones[] = {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                              "America/Santiago"};

/// The ledger as far as billing reads it, filled by the rule that the API server applies.
class KeptLedger final : public LedgerReader {
 public:
  void write(const std::string& subject, const std::vector<MeterSpan>& before,
             const std::vector<MeterSpan>& after, int64_t now_s) {
    const auto edges = ledger_edges(subject, before, after, now_s);
    ASSERT_TRUE(edges) << (edges ? "" : edges.error().message);
    for (const LedgerEdge& edge : *edges) {
      if (!edge.closes()) {
        intervals_.push_back({edge.subject, edge.span, ++position_, 0});
        continue;
      }
      const auto open =
          std::find_if(intervals_.begin(), intervals_.end(), [&](const auto& interval) {
            return interval.subject == edge.subject && interval.span.basis == edge.span.basis &&
                   interval.span.number == edge.span.number;
          });
      ASSERT_TRUE(open != intervals_.end());
      open->span = edge.span;
      open->closed = ++position_;
    }
  }
  Result<int64_t> read_ledger(
      const LedgerQuery& query,
      const std::function<Status(const LedgerInterval&)>& visit) const override {
    for (const auto& interval : intervals_) {
      const bool overlaps = interval.span.from_s < query.to_s &&
                            (!interval.span.to_s || *interval.span.to_s > query.from_s);
      if (overlaps) CHARTER_TRY(visit(interval));
    }
    return position_;
  }
  Result<bool> is_changed_since(const std::string&, int64_t position, int64_t) const override {
    return position < position_;
  }

 private:
  std::vector<LedgerInterval> intervals_;
  int64_t position_ = 0;
};

Instant at(int64_t seconds) {
  return Instant(std::chrono::seconds(seconds));
}

/// One random life.
class Life {
 public:
  Life(uint64_t seed, bool steps_clock) : random_(seed), steps_clock_(steps_clock) {
    zone = kZones[pick(0, 4)];
    const int64_t within = 1'704'067'200 + pick(0, 3'000) * kDay + pick(0, kDay);  // from 2024 on
    month = calculator::month(zone, within);
    price = std::to_string(pick(0, 2)) + "." + std::to_string(pick(100'000'000, 999'999'999));
    percent = std::to_string(pick(0, 99)) + "." + std::to_string(pick(0, 9));
    orders();
    for (int64_t i = pick(1, 2); i > 0; --i)
      machine("m" + std::to_string(i));
  }

  const char* zone = nullptr;
  calculator::Month month;
  std::string price, percent;
  calculator::Truth truth;
  KeptLedger ledger;
  int64_t off_by = 0;  ///< processor seconds that steps of our clock may have cost or given

 private:
  int64_t pick(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(random_.next() % static_cast<uint64_t>(most - least + 1));
  }
  /// A time to come: seconds as often as weeks.
  int64_t later(int64_t from) {
    const int64_t most[] = {3, 90, 7'200, 3 * kDay, 12 * kDay};
    return from + pick(0, most[pick(0, 4)]);
  }

  // An order that may begin before the month, be amended within a second, and end.
  void orders() {
    int64_t from = month.from + pick(-3 * kDay, 10 * kDay);
    Contract contract;
    contract.meta.uid = "contract";
    std::vector<MeterSpan> before;
    const auto write = [&](int64_t now) {
      const Json tree = {{"metadata", {{"uid", "contract"}, {"namespace", "n"}, {"name", "c"}}},
                         {"status", status_json(contract.status)}};
      auto after = contract::meter(tree);
      ledger.write("contract", before, after, now);
      before = std::move(after);
    };
    for (int64_t amendments = pick(0, 3); amendments >= 0; --amendments) {
      const int64_t units = pick(0, 4);
      contract.status.accepted.emplace();
      contract.status.accepted->revision = "r";
      contract.status.accepted->hash = "h" + std::to_string(from) + std::to_string(amendments);
      contract.status.accepted->quantities = {{"compute", units}};
      contract.status.accepted->at = at(from);
      if (!contract.status.active_since) contract.status.active_since = at(from);
      contract::Step step;
      step.status = contract.status;
      step.conditions = {is_so("Active", "Active", "")};
      contract.status.metering = contract::ordered(contract, step, at(later(from)));
      write(from + 40 * kDay);
      if (!truth.ordered.empty()) truth.ordered.back().to = from;
      truth.ordered.push_back({from, month.to + 90 * kDay, units * 4});
      from = later(from);
    }
    if (pick(0, 2) != 0) return;
    contract.status.ends = at(from);
    contract::Step step;
    step.status = contract.status;
    step.conditions = {is_not_so("Active", "Terminating", "")};
    contract.status.metering = contract::ordered(contract, step, at(later(from)));
    write(from + 40 * kDay);
    truth.ordered.back().to = from;
  }

  /// A machine as host and Charter have it.
  struct Watched {
    Machine object;
    machine::Observed have;
    std::vector<MeterSpan> before;
  };

  /// `resized`: what happens is our own doing, and dated by our own clock.
  void look(Watched& watched, int64_t now, bool resized = false) {
    constexpr int kVcpusMax = 16;
    const int64_t ahead = steps_clock_ && pick(0, 2) == 0 ? pick(-3'600, 3'600) : 0;
    if (ahead < 0 || resized) off_by += std::abs(ahead) * kVcpusMax;
    now += ahead;
    watched.have.now = at(now);
    auto& object = watched.object;
    auto metering = machine::metered(object, watched.have);
    if (metering == object.status.metering) return;
    object.status.metering = std::move(metering);
    const auto& uid = object.meta.uid;
    const Json tree = {{"metadata", {{"uid", uid}, {"namespace", "n"}, {"name", uid}}},
                       {"spec", Json::object()},
                       {"status", status_json(object.status)}};
    auto after = machine::meter(tree);
    ledger.write(uid, watched.before, after, now);
    watched.before = std::move(after);
  }

  // It starts, is resized, stops or crashes. Charter looks a while after each, and not while
  // nothing happens. Returns the time.
  int64_t run(Watched& watched, int64_t now) {
    auto& vm = *watched.have.vm;
    vm.power = PowerState::On;
    vm.booted_at_s = now;
    int64_t since = now;
    now = later(now);
    look(watched, now);
    for (int64_t sizes = pick(0, 2); sizes > 0; --sizes) {
      now = later(now);
      truth.ran.push_back({since, now, vm.vcpus});
      since = now;
      vm.vcpus = static_cast<int>(pick(1, 16));
      look(watched, now, true);  // it looks in the same second
    }
    now = later(now);
    // Shutting down is running too; the host says when it was off.
    if (pick(0, 1) == 0) {
      vm.power = PowerState::Stopping;
      look(watched, now);
      now += pick(0, 30);
    }
    truth.ran.push_back({since, now, vm.vcpus});
    vm.power = pick(0, 3) == 0 ? PowerState::Crashed : PowerState::Off;
    vm.booted_at_s = 0;
    vm.power_since_s = now;
    // An outage: nobody looks for a while.
    now = later(now);
    look(watched, now);
    look(watched, now + pick(0, 5));
    return now + 5;
  }

  void machine(const std::string& uid) {
    Watched watched;
    watched.object.meta.uid = uid;
    watched.have.contract_uid = "contract";
    auto& vm = watched.have.vm.emplace();
    vm.owner = uid;
    vm.vcpus = static_cast<int>(pick(1, 16));
    vm.memory_bytes = 8'000'000'000;
    int64_t now = month.from + pick(-5 * kDay, 20 * kDay);
    look(watched, now);
    for (int64_t turns = pick(1, 4); turns > 0; --turns)
      now = run(watched, later(now));
    if (pick(0, 1) == 0) return;
    watched.object.meta.deleted = "2030-01-01T00:00:00Z";
    look(watched, later(now));
    watched.have.vm.reset();
    look(watched, later(now));
  }

  SeededRandom random_;
  const bool steps_clock_;
};

ServiceOfferingRevision::Spec revision(const Life& life) {
  ServiceOfferingRevision::Spec spec;
  spec.rates.currency = "USD";
  RateItem item;
  item.meter = Meter::CpuHours;
  item.basis = Basis::Active;
  item.per = PriceUnit::CpuHour;
  item.price = life.price;
  spec.rates.items = {item};
  spec.rates.discounts = {{Basis::OrderedNotProvisioned, life.percent}};
  SoldUnit compute{UnitPer::Machine, {}};
  compute.equals.machine = {{"vcpus", {int64_t{4}}}};
  spec.units = {{"compute", compute}};
  return spec;
}

/// What the product bills of a life.
Result<billing::RatedPeriod> bill(const Life& life) {
  CHARTER_TRY_ASSIGN(const auto zone, billing::TimeZone::load(life.zone));
  CHARTER_TRY_ASSIGN(const auto month, billing::month_of(zone, life.month.from));
  EXPECT_EQ(month.from_s, life.month.from) << life.zone;
  EXPECT_EQ(month.to_s, life.month.to) << life.zone;
  CHARTER_TRY_ASSIGN(const auto usage,
                     billing::read_usage(life.ledger, {"contract", month.from_s, month.to_s}));
  const auto spec = revision(life);
  return billing::rate(usage, {{"r", &spec}}, {"r", {}, {}},
                       {month.from_s, month.to_s, month.to_s - month.from_s});
}

/// Holds what the product bills of a life against what the calculator does.
void expect_right(const Life& life) {
  ASSERT_FALSE(::testing::Test::HasFatalFailure());
  const auto rated = bill(life);
  ASSERT_TRUE(rated) << rated.error().message;
  const auto expected =
      calculator::bill(life.truth, life.month.from, life.month.to, life.price, life.percent, 2);
  Decimal active, idle, hours;
  for (const auto& line : rated->lines) {
    (line.basis == "Active" ? active : idle) = line.amount;
    if (line.basis == "Active") hours = line.quantity;
  }
  if (life.off_by > 0) {
    const auto seconds = std::llround(std::stod(hours.text()) * 3'600);
    ASSERT_LE(std::abs(seconds - std::stoll(expected.active_seconds)), life.off_by);
    return;
  }
  ASSERT_EQ(active.text_with(2), expected.active_amount);
  ASSERT_EQ(idle.text_with(2), expected.idle_amount);
  ASSERT_EQ(rated->total.text_with(2), expected.total);
}

TEST(Timelines, OfRandomLivesNoSecondAndNoCentIsOff) {
  for (int seed = 1; seed <= kTimelines; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Life life(static_cast<uint64_t>(seed), false);
    ASSERT_EQ(life.off_by, 0);
    ASSERT_NO_FATAL_FAILURE(expect_right(life));
  }
}

TEST(Timelines, OfLivesThroughStepsOfTheClockNoMoreIsOffThanTheStepsExplain) {
  int off = 0;
  for (int seed = 1; seed <= kTimelines / 2; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Life life(static_cast<uint64_t>(seed), true);
    off += life.off_by > 0 ? 1 : 0;
    ASSERT_NO_FATAL_FAILURE(expect_right(life));
  }
  EXPECT_GT(off, kTimelines / 10);
}

}  // namespace
}  // namespace charter
