#include "reconcilers/billing/report.h"

#include "reconcilers/billing/charges.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

namespace charter::billing {
namespace {

constexpr int64_t kHour = 3'600;
constexpr int64_t kDay = 86'400;
constexpr size_t kHours = 24;
constexpr int kShownDigits = 9;

Charge counted(Meter meter, Counted what, PriceUnit per) {
  Charge charge;
  charge.item.meter = meter;
  charge.item.per = per;
  charge.item.basis = what == Counted::Active      ? Basis::Active
                      : what == Counted::Allocated ? Basis::Allocated
                                                   : Basis::OrderedNotProvisioned;
  charge.counted = what;
  return charge;
}

// What a report counts. A report over the whole period has what is ordered of everything; one by
// day or hour has it of processors, so that a month by the hour stays readable.
std::vector<Charge> meters(Slice slice) {
  std::vector<Charge> all;
  const auto machine = {std::pair(Meter::CpuHours, PriceUnit::CpuHour),
                        {Meter::MemoryHours, PriceUnit::GbHour},
                        {Meter::MachineHours, PriceUnit::MachineHour}};
  for (const auto& [meter, per] : machine) {
    all.push_back(counted(meter, Counted::Active, per));
    all.push_back(counted(meter, Counted::Allocated, per));
    if (slice == Slice::Whole || meter == Meter::CpuHours)
      all.push_back(counted(meter, Counted::OrderedOnly, per));
  }
  all.push_back(counted(Meter::Storage, Counted::Allocated, PriceUnit::TbDay));
  if (slice == Slice::Whole)
    all.push_back(counted(Meter::Storage, Counted::OrderedOnly, PriceUnit::TbDay));
  const auto consumption = {std::pair(Meter::CpuSecondsUsed, PriceUnit::CpuSecond),
                            {Meter::PageFaults, PriceUnit::MillionPageFaults},
                            {Meter::BytesRead, PriceUnit::Gb},
                            {Meter::BytesWritten, PriceUnit::Gb},
                            {Meter::BytesReceived, PriceUnit::Gb},
                            {Meter::BytesSent, PriceUnit::Gb}};
  for (const auto& [meter, per] : consumption)
    all.push_back(counted(meter, Counted::Active, per));
  return all;
}

int64_t slice_end(int64_t at_s, int64_t to_s, Slice slice) {
  if (slice == Slice::Whole) return to_s;
  const int64_t length = slice == Slice::Day ? kDay : kHour;
  return std::min(to_s, (at_s / length + 1) * length);
}

/// Sums over the steps of a sweep, cut at the ends of slices and hours.
class Summary {
 public:
  Summary(const Usage& usage, const SoldUnits& sold, int64_t from_s, int64_t to_s, Slice slice,
          size_t lines_max)
      : consumed_(usage.consumed),
        sold_(sold),
        to_s_(to_s),
        slice_(slice),
        lines_max_(lines_max),
        charges_(meters(slice)) {
    begin(from_s);
  }

  void take(const SweepStep& step) {
    for (int64_t at_s = step.from_s; at_s < step.to_s && !failure;) {
      const int64_t end_s = std::min(step.to_s, slice_to_s_);
      count(step.level, end_s - at_s);
      if (end_s == slice_to_s_) finish();
      at_s = end_s;
    }
    take_profile(step);
  }

  UsageSummary result() {
    end_day();
    for (size_t hour = 0; hour < kHours; ++hour) {
      const Hour& use = hours_[hour];
      if (use.seconds == 0) continue;
      const auto average = Decimal::ratio(use.sum, use.seconds, kShownDigits);
      summary_.profile.push_back(
          {static_cast<int64_t>(hour), use.least, use.most, average ? *average : Decimal()});
    }
    return std::move(summary_);
  }

  std::optional<Error> failure;

 private:
  struct Hour {
    int64_t least = 0, most = 0, seconds = 0;
    Int128 sum = 0;
  };

  void begin(int64_t at_s) {
    slice_from_s_ = at_s;
    slice_to_s_ = slice_end(at_s, to_s_, slice_);
    for (Charge& charge : charges_)
      charge.seconds = 0;
  }

  void count(const Level& level, int64_t seconds) {
    for (Charge& charge : charges_) {
      Int128 more = 0;
      if (__builtin_mul_overflow(amount_of(charge, level, sold_), Int128{seconds}, &more) ||
          __builtin_add_overflow(charge.seconds, more, &charge.seconds))
        failure = Error{Code::Invalid, "a quantity is too large"};
    }
  }

  // What ended in the slice.
  void count_consumed() {
    for (; next_ < consumed_.size() && consumed_[next_].to_s <= slice_to_s_; ++next_) {
      for (Charge& charge : charges_) {
        if (!is_consumption(charge.item.meter)) continue;
        if (__builtin_add_overflow(charge.seconds, Int128{consumed_[next_].of(charge.item.meter)},
                                   &charge.seconds))
          failure = Error{Code::Invalid, "a quantity is too large"};
      }
    }
  }

  void finish() {
    count_consumed();
    for (const Charge& charge : charges_) {
      if (charge.seconds == 0) continue;
      const auto divisor = divisor_of(charge.item.per, 0);
      const auto quantity = divisor ? Decimal::ratio(charge.seconds, *divisor, kShownDigits)
                                    : Result<Decimal>(divisor.error());
      if (!quantity || summary_.lines.size() == lines_max_) {
        failure = quantity ? Error{Code::Invalid, "the report has more than " +
                                                      std::to_string(lines_max_) +
                                                      " lines; ask for a shorter period or a "
                                                      "coarser granularity"}
                           : quantity.error();
        return;
      }
      summary_.lines.push_back({slice_from_s_, slice_to_s_, std::string(to_word(charge.item.meter)),
                                std::string(to_word(charge.item.basis)),
                                std::string(to_word(charge.item.per)), *quantity});
    }
    if (slice_to_s_ < to_s_) begin(slice_to_s_);
  }

  void take_profile(const SweepStep& step) {
    const auto machines = static_cast<int64_t>(step.level.active_machines);
    for (int64_t at_s = step.from_s; at_s < step.to_s;) {
      const int64_t end_s = std::min(step.to_s, (at_s / kHour + 1) * kHour);
      Hour& use = hours_[static_cast<size_t>(at_s / kHour % static_cast<int64_t>(kHours))];
      use.least = use.seconds == 0 ? machines : std::min(use.least, machines);
      use.most = std::max(use.most, machines);
      use.seconds += end_s - at_s;
      use.sum += Int128{machines} * (end_s - at_s);
      take_day(at_s, end_s, machines);
      at_s = end_s;
    }
  }

  void take_day(int64_t at_s, int64_t end_s, int64_t machines) {
    if (at_s / kDay != day_from_s_ / kDay || day_machines_.empty()) {
      end_day();
      day_from_s_ = at_s;
      last_machines_ = -1;
    }
    if (machines != last_machines_) {
      const int64_t minute = at_s % kDay / 60;
      const auto two = [](int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
      day_machines_ += (day_machines_.empty() ? "" : ", ") + std::to_string(machines) + " from " +
                       two(minute / 60) + ":" + two(minute % 60);
      last_machines_ = machines;
    }
    day_to_s_ = end_s;
  }

  void end_day() {
    if (day_machines_.empty()) return;
    auto& days = summary_.days;
    if (!days.empty() && days.back().machines == day_machines_ && days.back().to_s == day_from_s_) {
      days.back().to_s = day_to_s_;
    } else {
      days.push_back({day_from_s_, day_to_s_, day_machines_});
    }
    day_machines_.clear();
  }

  const std::vector<ConsumedAmounts>& consumed_;
  size_t next_ = 0;
  const SoldUnits& sold_;
  const int64_t to_s_;
  const Slice slice_;
  const size_t lines_max_;
  std::vector<Charge> charges_;
  int64_t slice_from_s_ = 0, slice_to_s_ = 0;
  std::array<Hour, kHours> hours_;
  int64_t day_from_s_ = 0, day_to_s_ = 0, last_machines_ = -1;
  std::string day_machines_;
  UsageSummary summary_;
};

}  // namespace

Result<UsageSummary> summarize(const Usage& usage, const SoldUnits& sold, int64_t from_s,
                               int64_t to_s, Slice slice, size_t lines_max) {
  if (from_s >= to_s) return Error{Code::Invalid, "the period must end after it begins"};
  Summary summary(usage, sold, from_s, to_s, slice, lines_max);
  sweep(usage, sold, from_s, to_s, [&summary](const SweepStep& step) { summary.take(step); });
  if (summary.failure) return *std::move(summary.failure);
  return summary.result();
}

}  // namespace charter::billing
