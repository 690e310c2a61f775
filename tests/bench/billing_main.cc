#include "controller/base/terminal.h"
#include "controller/store/store.h"
#include "controller/store/verify.h"
#include "reconcilers/billing/rating.h"
#include "tests/bench/report.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>

// charter_billing_bench: fills a ledger with the intervals of one contract and month, and measures
// what its bill takes: reading, rating, memory, and `charter verify` of the whole. Ends with 1 when
// two bills of the same ledger differ.
namespace charter::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kFrom = 1'780'272'000, kMonth = 30 * 86'400;  // June 2026
constexpr size_t kEdgesAWrite = 64;
constexpr size_t kInFlight = 512;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// VmRSS or VmHWM of this process, in MiB.
double memory(const std::string& what) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(what + ":")) return std::atof(line.c_str() + what.size() + 1) / 1024;
  }
  return 0;
}

MeterSpan span(const std::string& meter, const std::string& basis, int64_t number, int64_t from_s) {
  MeterSpan span;
  span.meter = meter;
  span.basis = basis;
  span.number = number;
  span.from_s = from_s;
  span.payer = "1b1dcf3e-6c8f-4f6a-9a43-0c24c4d1d0aa";
  span.payer_name = "consumerco/orders";
  span.by = "fred";
  return span;
}

/// Writes edges, many on their way at a time.
class Filler {
 public:
  explicit Filler(Store& store) : store_(store) {}
  void add(LedgerEdge edge) {
    edges_.push_back(std::move(edge));
    if (edges_.size() == kEdgesAWrite) send();
  }
  void send() {
    if (edges_.empty()) return;
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return in_flight_ < kInFlight; });
    ++in_flight_;
    lock.unlock();
    const std::string name = "w" + std::to_string(writes_++);
    Write write;
    write.key = {"example.dev/fills", {"", name}};
    write.object = Encoded::make({{"apiVersion", "example.dev/v1"},
                                  {"kind", "Fill"},
                                  {"metadata", {{"name", name}, {"uid", name}}}},
                                 0);
    write.ledger = std::move(edges_);
    edges_.clear();
    store_.submit(std::move(write), [this](Result<Committed> done) {
      if (!done) std::fprintf(stderr, "%s\n", done.error().message.c_str());
      failed_ = failed_ || !done;
      std::lock_guard guard(mutex_);
      --in_flight_;
      ready_.notify_all();
    });
  }
  bool finish() {
    send();
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return in_flight_ == 0; });
    return !failed_;
  }

 private:
  Store& store_;
  std::vector<LedgerEdge> edges_;
  size_t writes_ = 0;
  std::mutex mutex_;
  std::condition_variable ready_;
  size_t in_flight_ = 0;
  std::atomic<bool> failed_{false};
};

LedgerEdge edge_of(size_t machine, size_t number, int64_t step, bool ends) {
  const auto late = static_cast<int64_t>(machine % 977);
  MeterSpan ran = span("machine", "Active", static_cast<int64_t>(number) + 1,
                       kFrom + static_cast<int64_t>(number) * step + late);
  ran.name = "consumerco/order-mgmt-" + std::to_string(machine);
  ran.part_of = "consumerco/order-mgmt";
  const auto vcpus = std::to_string(1 << (machine % 4));
  ran.amounts = "{\"cpu-hours\":" + vcpus + ",\"machine-hours\":1,\"memory-hours\":8000000000}";
  if (ends) {
    ran.to_s = ran.from_s + step / 2;
    ran.ended_by = "sla";
  }
  return {"6a2f41a3-c54c-fce8-32d2-" + std::to_string(100'000'000'000 + machine), ran};
}

/// So many intervals in which machines of four sizes ran, under one order that lasts.
bool fill(Store& store, size_t intervals, const Progress& progress) {
  constexpr size_t kOfEach = 100;
  Filler filler(store);
  MeterSpan order = span("order", "Ordered", 1, kFrom - kMonth);
  order.amounts = R"({"compute":5000})";
  order.detail = R"({"agreed":[],"revision":"r"})";
  filler.add({"contract", order});
  const size_t machines = (intervals + kOfEach - 1) / kOfEach;
  const int64_t step = kMonth / static_cast<int64_t>(kOfEach);
  // In order of time, as a ledger is: all begin, then all end.
  for (size_t number = 0, written = 0; number < kOfEach; ++number) {
    const size_t many = std::min(machines, intervals - written);
    written += many;
    for (const bool ends : {false, true}) {
      for (size_t machine = 0; machine < many; ++machine)
        filler.add(edge_of(machine, number, step, ends));
    }
    if (progress) progress(written, intervals);
  }
  return filler.finish();
}

ServiceOfferingRevision::Spec prices() {
  ServiceOfferingRevision::Spec spec;
  spec.rates.currency = "USD";
  RateItem cpu, machines;
  cpu.basis = Basis::Active;
  cpu.price = "0.13";
  machines.meter = Meter::MachineHours;
  machines.basis = Basis::Active;
  machines.per = PriceUnit::MachineHour;
  machines.price = "0.01";
  spec.rates.items = {cpu, machines};
  spec.rates.discounts = {{Basis::OrderedNotProvisioned, "40"}};
  SoldUnit compute{UnitPer::Machine, {}};
  compute.equals.machine = {{"vcpus", {int64_t{4}}}, {"memory", {std::string("8GB")}}};
  spec.units = {{"compute", compute}};
  return spec;
}

Result<billing::RatedPeriod> bill(const Store& store, const std::string& title, Report& report) {
  const auto spec = prices();
  const auto start = Clock::now();
  CHARTER_TRY_ASSIGN(const auto usage,
                     billing::read_usage(store, {span("", "", 0, 0).payer, kFrom, kFrom + kMonth}));
  const double read = since(start);
  CHARTER_TRY_ASSIGN(auto rated, billing::rate(usage, {{"r", &spec}}, {"r", {}, {}},
                                               {kFrom, kFrom + kMonth, kMonth}));
  const auto intervals = std::to_string(usage.intervals.size()) + " intervals";
  report.add({title + ": reading", read, "s", Measured::Goal::None, 0, intervals});
  report.add({title + ": rating", since(start) - read, "s"});
  report.add({title + ": in all", since(start), "s", Measured::Goal::AtMost, 2,
              "goal is for 1,000,000 intervals"});
  return rated;
}

int run(const std::string& directory, size_t intervals) {
  Report report;
  {
    StoreOptions options;
    options.data_dir = directory;
    auto store = Store::open(std::move(options));
    if (!store) return 1;
    const auto start = Clock::now();
    if (!fill(**store, intervals, progress_bar())) return 1;
    report.add({"filling the ledger", static_cast<double>(2 * intervals) / since(start), "rows/s"});
    const double before = memory("VmRSS");
    const auto first = bill(**store, "bill", report);
    const auto second = bill(**store, "bill again", report);
    report.add({"bill: memory", std::max(0.1, memory("VmHWM") - before), "MiB",
                Measured::Goal::AtMost, 600, "for 4,000,000 intervals, the most of one bill"});
    if (!first || !second || first->lines != second->lines) {
      std::fprintf(stderr, "two bills of one ledger differ\n");
      return 1;
    }
    (*store)->stop();
  }
  const auto start = Clock::now();
  const auto findings = verify_store(directory, nullptr, progress_bar());
  report.add({"charter verify of it", since(start), "s"});
  if (!findings || !findings->empty()) return 1;
  return report.empty_lines() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace charter::bench

int main(int argc, char** argv) {
  if (argc != 3 || std::atoll(argv[2]) < 1) {
    std::fputs("usage: charter_billing_bench EMPTY_DIR INTERVALS\n", stderr);
    return 2;
  }
  std::filesystem::create_directories(argv[1]);
  return charter::bench::run(argv[1], static_cast<size_t>(std::atoll(argv[2])));
}
