#include "reconcilers/rate_card/admit.h"

#include "controller/object/causes.h"
#include "reconcilers/common/findings.h"
#include "reconcilers/common/money.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <tuple>

namespace charter::rate_card {
namespace {

std::vector<PriceUnit> units_of(Meter meter) {
  using enum PriceUnit;
  switch (meter) {
    case Meter::CpuHours:
      return {CpuHour};
    case Meter::MemoryHours:
      return {GbHour, GibHour};
    case Meter::MachineHours:
      return {MachineHour};
    case Meter::Storage:
      return {GbHour, GibHour, GbDay, TbDay, TibDay, GbMonth, GibMonth, TbMonth};
    case Meter::Units:
      return {UnitHour, UnitDay, UnitMonth};
    case Meter::CpuSecondsUsed:
      return {CpuSecond};
    case Meter::PageFaults:
      return {MillionPageFaults};
    case Meter::BytesRead:
    case Meter::BytesWritten:
    case Meter::BytesReceived:
    case Meter::BytesSent:
      return {Gb, Gib, Tb, Tib};
    case Meter::Subscription:
      break;
  }
  return {Day, Month};
}

void check_per(const RateItem& item, const std::string& field, std::vector<Cause>& causes) {
  const auto fitting = units_of(item.meter);
  if (std::find(fitting.begin(), fitting.end(), item.per) != fitting.end()) return;
  std::vector<std::string> words;
  for (const auto per : fitting)
    words.emplace_back(to_word(per));
  causes.push_back(unsupported_cause(field + ".per", std::string(to_word(item.per)), words));
}

void check_decimal(const std::string& text, const std::string& field, std::vector<Cause>& causes) {
  if (text.empty()) return;
  const auto number = Decimal::parse(text);
  if (!number) {
    causes.push_back(invalid_cause(field, text, number.error().message));
  } else if (number->is_negative()) {
    causes.push_back(invalid_cause(field, text, "must not be negative"));
  }
}

void check_tiers(const RateItem& item, const std::string& field, std::vector<Cause>& causes) {
  Decimal from;
  for (size_t i = 0; i < item.tiers.size(); ++i) {
    const auto at = field + ".tiers[" + std::to_string(i) + "]";
    const auto& tier = item.tiers[i];
    check_decimal(tier.price, at + ".price", causes);
    check_decimal(tier.up_to, at + ".upTo", causes);
    const auto bound = Decimal::parse(tier.up_to);
    if (!bound) continue;
    if (*bound <= from) {
      causes.push_back(
          invalid_cause(at + ".upTo", tier.up_to, "must be above " + from.text() + ": tiers rise"));
    }
    from = *bound;
  }
}

void check_item(const RateItem& item, const std::string& field, std::vector<Cause>& causes) {
  check_per(item, field, causes);
  if (is_consumption(item.meter) && item.basis != Basis::Active)
    causes.push_back(unsupported_cause(field + ".basis", std::string(to_word(item.basis)),
                                       {std::string(to_word(Basis::Active))}));
  check_decimal(item.price, field + ".price", causes);
  check_decimal(item.minimum, field + ".minimum", causes);
  check_decimal(item.maximum, field + ".maximum", causes);
  check_tiers(item, field, causes);
  if (item.meter == Meter::Units && item.unit.empty()) {
    causes.push_back(required_cause(field + ".unit", "the sold unit that is counted"));
  } else if (item.meter != Meter::Units && !item.unit.empty()) {
    causes.push_back(forbidden_cause(field + ".unit", "only the meter units counts sold units"));
  }
  const auto least = Decimal::parse(item.minimum), most = Decimal::parse(item.maximum);
  if (least && most && *most < *least) {
    causes.push_back(invalid_cause(field + ".maximum", item.maximum,
                                   "must not be below minimum " + item.minimum));
  }
}

void check_discounts(const Rates& rates, std::vector<Cause>& causes) {
  const bool has_active = std::any_of(rates.items.begin(), rates.items.end(), [](const auto& item) {
    return item.basis == Basis::Active && !is_consumption(item.meter);
  });
  for (size_t i = 0; i < rates.discounts.size(); ++i) {
    const auto field = "spec.discounts[" + std::to_string(i) + "]";
    check_decimal(rates.discounts[i].percent, field + ".percent", causes);
    if (rates.discounts[i].on == Basis::Active) {
      causes.push_back(forbidden_cause(
          field + ".on", "a discount reduces the Active price for another basis; lower the price"));
    } else if (!has_active) {
      causes.push_back(forbidden_cause(field + ".on", "no item has an Active price to reduce"));
    }
  }
}

std::string time_text(const std::optional<Instant>& time) {
  return time ? format_time(*time) : std::string();
}

// What may change from the first moment on at which the rates hold.
void check_change(const RateCard& now, RateCard before, Instant at, std::vector<Cause>& causes) {
  if (at < before.spec.rates.effective_from) return;
  const auto old_end = before.spec.rates.valid_until;
  const auto new_end = now.spec.rates.valid_until;
  before.spec.rates.valid_until = new_end;
  if (before.spec != now.spec) {
    causes.push_back(forbidden_cause("spec", "the rate card is effective since " +
                                                 format_time(before.spec.rates.effective_from) +
                                                 ": only validUntil may be set; make a new card"));
  }
  if (old_end == new_end) return;
  if ((new_end && *new_end < at) || (old_end && *old_end < at)) {
    causes.push_back(invalid_cause("spec.validUntil", time_text(new_end),
                                   "must not change what already was, it is " + format_time(at)));
  }
}

}  // namespace

void check_rates(const Rates& rates, std::vector<Cause>& causes) {
  if (const auto known = minor_digits(rates.currency); !known) {
    causes.push_back(
        invalid_cause("spec.currency", rates.currency, "is not a currency of ISO 4217"));
  }
  if (rates.valid_until && *rates.valid_until <= rates.effective_from) {
    causes.push_back(
        invalid_cause("spec.validUntil", format_time(*rates.valid_until),
                      "must be after effectiveFrom " + format_time(rates.effective_from)));
  }
  std::set<std::tuple<Meter, Basis, std::string>> priced;
  for (size_t i = 0; i < rates.items.size(); ++i) {
    const auto& item = rates.items[i];
    const auto field = "spec.items[" + std::to_string(i) + "]";
    check_item(item, field, causes);
    if (priced.insert({item.meter, item.basis, item.unit}).second) continue;
    causes.push_back({"FieldValueDuplicate", "meter, basis and unit have a price already", field});
  }
  check_discounts(rates, causes);
}

Status admit(const AdmitRequest& request, const View&) {
  if (request.object == nullptr || request.subresource == "status") return {};
  CHARTER_TRY_ASSIGN(const auto now, read_rate_card(*request.object));
  if (!now.meta.deleted.empty()) return {};
  std::vector<Cause> causes;
  check_rates(now.spec.rates, causes);
  if (request.before != nullptr) {
    CHARTER_TRY_ASSIGN(auto before, read_rate_card(*request.before));
    check_change(now, std::move(before), request.now, causes);
  }
  return verdict(std::move(causes));
}

}  // namespace charter::rate_card
