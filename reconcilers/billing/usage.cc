#include "reconcilers/billing/usage.h"

#include "reconcilers/billing/limits.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace charter::billing {
namespace {

Error foreign(const LedgerInterval& interval, const std::string& why) {
  return {Code::Invalid, "ledger entry " + std::to_string(interval.opened) + ": " + why};
}

// What a machine's consumption consists of in the ledger.
const std::map<std::string, int64_t ConsumedAmounts::*, std::less<>> kConsumed = {
    {"cpu-nanoseconds-used", &ConsumedAmounts::cpu_ns},
    {"page-faults", &ConsumedAmounts::page_faults},
    {"bytes-read", &ConsumedAmounts::read_bytes},
    {"bytes-written", &ConsumedAmounts::written_bytes},
    {"bytes-received", &ConsumedAmounts::received_bytes},
    {"bytes-sent", &ConsumedAmounts::sent_bytes},
};

// Turns entries into numbers. Most machines are of few sizes, so each text is parsed once.
class Reader {
 public:
  Reader(int64_t from_s, int64_t to_s) : from_s_(from_s), to_s_(to_s) {}

  Status add(const LedgerInterval& interval) {
    if (usage.intervals.size() + usage.consumed.size() >= limits::kBilledIntervalsMax) {
      return Error{Code::Invalid, "the period has more than " +
                                      std::to_string(limits::kBilledIntervalsMax) +
                                      " intervals; ask for a shorter one"};
    }
    const MeterSpan& span = interval.span;
    if (span.meter == "consumption") return add_consumed(interval);
    UsedInterval used;
    used.from_s = span.from_s;
    used.to_s = span.to_s.value_or(std::numeric_limits<int64_t>::max());
    used.id = interval.opened;
    used.active = span.basis == "Active";
    if (span.meter == "order") {
      CHARTER_TRY_ASSIGN(used.terms, terms_of(interval));
    } else if (span.meter == "machine" || span.meter == "volume") {
      used.kind =
          span.meter == "machine" ? UsedInterval::Kind::Machine : UsedInterval::Kind::Volume;
      CHARTER_TRY_ASSIGN(const Amounts amounts, amounts_of(interval));
      used.vcpus = amounts.vcpus;
      used.memory_bytes = amounts.memory_bytes;
      used.storage_bytes = amounts.storage_bytes;
      if (!span.detail.empty()) {
        CHARTER_TRY_ASSIGN(used.volume_class, class_of(interval));
      }
    } else {
      return foreign(interval,
                     "has the meter " + span.meter + ", which this program does not know");
    }
    usage.intervals.push_back(used);
    return {};
  }

  Usage take() {
    std::sort(usage.consumed.begin(), usage.consumed.end(), [](const auto& a, const auto& b) {
      return std::pair(a.to_s, a.id) < std::pair(b.to_s, b.id);
    });
    return std::move(usage);
  }

  Usage usage;

 private:
  Status add_consumed(const LedgerInterval& interval) {
    const MeterSpan& span = interval.span;
    if (!span.to_s || *span.to_s <= from_s_ || *span.to_s > to_s_) return {};
    const auto tree = parse_json(span.amounts);
    if (!tree || !tree->is_object()) return foreign(interval, "its amounts do not parse");
    ConsumedAmounts consumed{span.from_s, *span.to_s, interval.opened};
    for (const auto& [key, value] : tree->items()) {
      const auto amount = kConsumed.find(key);
      if (amount == kConsumed.end() || !value.is_number_integer())
        return foreign(interval, "has the amount " + key + ", which this program does not know");
      consumed.*amount->second = value.get<int64_t>();
      if (consumed.*amount->second < 0) return foreign(interval, "has a negative amount");
    }
    usage.consumed.push_back(consumed);
    return {};
  }

  struct Amounts {
    int64_t vcpus = 0, memory_bytes = 0, storage_bytes = 0;
  };

  Result<Amounts> amounts_of(const LedgerInterval& interval) {
    const auto known = amounts_.find(interval.span.amounts);
    if (known != amounts_.end()) return known->second;
    const auto tree = parse_json(interval.span.amounts);
    if (!tree || !tree->is_object()) return foreign(interval, "its amounts do not parse");
    for (const auto& [key, value] : tree->items()) {
      // Left out it would be used for nothing.
      if (!value.is_number_integer()) return foreign(interval, key + " is no whole number");
    }
    const Amounts amounts{int_at(*tree, {"cpu-hours"}).value_or(0),
                          int_at(*tree, {"memory-hours"}).value_or(0),
                          int_at(*tree, {"storage"}).value_or(0)};
    if (amounts.vcpus < 0 || amounts.memory_bytes < 0 || amounts.storage_bytes < 0)
      return foreign(interval, "has a negative amount");
    amounts_.emplace(interval.span.amounts, amounts);
    return amounts;
  }

  Result<uint32_t> class_of(const LedgerInterval& interval) {
    const auto known = classes_.find(interval.span.detail);
    if (known != classes_.end()) return known->second;
    const auto detail = parse_json(interval.span.detail);
    if (!detail) return foreign(interval, "its detail does not parse");
    usage.classes.push_back(text_at(*detail, {"class"}));
    const auto index = static_cast<uint32_t>(usage.classes.size() - 1);
    classes_.emplace(interval.span.detail, index);
    return index;
  }

  Result<uint32_t> terms_of(const LedgerInterval& interval) {
    const auto key = interval.span.amounts + interval.span.detail;
    const auto known = terms_.find(key);
    if (known != terms_.end()) return known->second;
    const auto ordered = parse_json(interval.span.amounts);
    const auto detail = parse_json(interval.span.detail);
    if (!ordered || !detail || !ordered->is_object())
      return foreign(interval, "its terms do not parse");
    UsedTerms terms;
    terms.revision = text_at(*detail, {"revision"});
    for (const auto& [unit, count] : ordered->items()) {
      if (!count.is_number_integer()) return foreign(interval, unit + " is no whole number");
      terms.ordered[unit] = count.get<int64_t>();
    }
    if (const auto* agreed = at(*detail, {"agreed"})) {
      for (const auto& price : *agreed) {
        const auto meter = parse_word<Meter>(text_at(price, {"meter"}));
        const auto basis = parse_word<Basis>(text_at(price, {"basis"}));
        if (!meter || !basis) return foreign(interval, "its agreed prices do not parse");
        terms.agreed.push_back({*meter, *basis, text_at(price, {"price"})});
      }
    }
    usage.terms.push_back(std::move(terms));
    const auto index = static_cast<uint32_t>(usage.terms.size() - 1);
    terms_.emplace(key, index);
    return index;
  }

  const int64_t from_s_, to_s_;
  std::unordered_map<std::string, Amounts> amounts_;
  std::unordered_map<std::string, uint32_t> terms_, classes_;
};

}  // namespace

Result<Usage> read_usage(const LedgerReader& ledger, const LedgerQuery& query,
                         const std::function<void(const LedgerInterval&)>& beside) {
  Reader reader(query.from_s, query.to_s);
  const auto take = [&](const LedgerInterval& interval) {
    if (beside) beside(interval);
    return reader.add(interval);
  };
  LedgerQuery asked = query;
  if (!beside) asked.columns = LedgerQuery::Columns::Amounts;
  CHARTER_TRY_ASSIGN(reader.usage.position, ledger.read_ledger(asked, take));
  return reader.take();
}

int64_t ConsumedAmounts::of(Meter meter) const {
  switch (meter) {
    case Meter::CpuSecondsUsed:
      return cpu_ns;
    case Meter::PageFaults:
      return page_faults;
    case Meter::BytesRead:
      return read_bytes;
    case Meter::BytesWritten:
      return written_bytes;
    case Meter::BytesReceived:
      return received_bytes;
    case Meter::BytesSent:
      return sent_bytes;
    default:
      return 0;
  }
}

}  // namespace charter::billing
