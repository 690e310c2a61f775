#include "reconcilers/billing/rating.h"

#include "controller/object/digest.h"
#include "reconcilers/billing/charges.h"
#include "reconcilers/billing/limits.h"
#include "reconcilers/contract/offer.h"

#include <algorithm>
#include <optional>

namespace charter::billing {
namespace {

constexpr int kShownDigits = 9;
constexpr int64_t kNano = 1'000'000'000;

/// Terms with what they charge for.
struct Tariff {
  const UsedTerms* terms = nullptr;
  std::vector<Charge> charges;
};

std::string title_of(const Charge& charge) {
  if (!charge.item.description.empty()) return charge.item.description;
  std::string what(to_word(charge.item.meter));
  if (is_consumption(charge.item.meter)) return what;
  if (!charge.item.unit.empty()) what = charge.item.unit + " units";
  switch (charge.counted) {
    case Counted::Active:
      return what + ", active";
    case Counted::Allocated:
      return what + ", allocated";
    case Counted::Idle:
      return what + ", allocated but not running";
    case Counted::OrderedOnly:
      break;
  }
  return what + ", ordered but not provisioned";
}

/// Ids of what a line was made from.
struct Sources {
  std::vector<int64_t> ids;
  std::string text, digest;
};

std::string ranges_of(const std::vector<int64_t>& ids) {
  std::string text;
  for (size_t first = 0; first < ids.size();) {
    size_t last = first;
    while (last + 1 < ids.size() && ids[last + 1] == ids[last] + 1)
      ++last;
    text += (text.empty() ? "" : ", ") + std::to_string(ids[first]);
    if (last > first) text += "-" + std::to_string(ids[last]);
    if (text.size() > limits::kLineIdsBytesMax) return {};
    first = last + 1;
  }
  return text;
}

class Rater {
 public:
  Rater(const Usage& usage, const Revisions& revisions, const RatingPeriod& period)
      : usage_(usage), revisions_(revisions), period_(period) {}

  Result<RatedPeriod> run(const UsedTerms& fallback) {
    CHARTER_TRY(add_tariffs(fallback));
    const SoldUnits& sold = sold_of(tariffs_.front());
    std::optional<Error> failure;
    sweep(usage_, sold, period_.from_s, period_.to_s, [&](const SweepStep& step) {
      if (!failure) failure = count(step, sold);
    });
    if (!failure) failure = count_consumed();
    if (failure) return *std::move(failure);
    for (const Tariff& tariff : tariffs_) {
      for (const Charge& charge : tariff.charges)
        CHARTER_TRY(add_lines(tariff, charge));
    }
    CHARTER_TRY(add_bounds());
    for (const auto& line : rated_.lines) {
      CHARTER_TRY_ASSIGN(rated_.total, rated_.total.plus(line.amount));
    }
    if (rated_.lines.size() > limits::kInvoiceLinesMax)
      return Error{Code::Invalid, "the period has too many lines for one bill"};
    return std::move(rated_);
  }

 private:
  const SoldUnits& sold_of(const Tariff& tariff) const {
    return revisions_.at(tariff.terms->revision)->units;
  }

  // Terms whose prices are the same are charged as one: amended quantities split no line.
  Status add_tariffs(const UsedTerms& fallback) {
    if (usage_.terms.empty()) CHARTER_TRY(add_tariff(fallback));
    for (const auto& terms : usage_.terms)
      CHARTER_TRY(add_tariff(terms));
    return {};
  }

  Status add_tariff(const UsedTerms& terms) {
    const auto revision = revisions_.find(terms.revision);
    if (revision == revisions_.end() || revision->second == nullptr) {
      return Error{Code::Invalid,
                   "revision " + terms.revision + " is not there, and with it the prices",
                   "RevisionNotFound"};
    }
    const auto known =
        std::find_if(tariffs_.begin(), tariffs_.end(), [&terms](const Tariff& tariff) {
          return tariff.terms->revision == terms.revision && tariff.terms->agreed == terms.agreed;
        });
    if (known != tariffs_.end()) {
      tariff_of_[&terms] = static_cast<size_t>(known - tariffs_.begin());
      return {};
    }
    const Rates rates = contract::with_agreed(revision->second->rates, terms.agreed);
    if (!rated_.currency.empty() && rated_.currency != rates.currency)
      return Error{Code::Invalid, "one bill has one currency", "WrongCurrency"};
    rated_.currency = rates.currency;
    CHARTER_TRY_ASSIGN(minor_digits_, minor_digits(rates.currency));
    Tariff tariff{&terms, {}};
    CHARTER_TRY_ASSIGN(tariff.charges, charges_of(rates, terms.agreed));
    tariff_of_[&terms] = tariffs_.size();
    tariffs_.push_back(std::move(tariff));
    return {};
  }

  std::optional<Error> count(const SweepStep& step, const SoldUnits& sold) {
    const size_t which = step.level.terms == nullptr ? 0 : tariff_of_.at(step.level.terms);
    const Int128 length = step.to_s - step.from_s;
    for (Charge& charge : tariffs_[which].charges) {
      Int128 more = 0;
      if (__builtin_mul_overflow(amount_of(charge, step.level, sold), length, &more) ||
          __builtin_add_overflow(charge.seconds, more, &charge.seconds)) {
        return Error{Code::Invalid, title_of(charge) + ": the quantity is too large"};
      }
    }
    return std::nullopt;
  }

  // At the prices of the last second of what is charged.
  std::optional<Error> count_consumed() {
    if (usage_.consumed.empty()) return std::nullopt;
    const TermsByTime terms(usage_);
    for (const auto& consumed : usage_.consumed) {
      const auto* in_force = terms.at(consumed.to_s - 1);
      auto& tariff = tariffs_[in_force == nullptr ? 0 : tariff_of_.at(in_force)];
      for (Charge& charge : tariff.charges) {
        if (charge.counted != Counted::Active || !is_consumption(charge.item.meter)) continue;
        if (__builtin_add_overflow(charge.seconds, Int128{consumed.of(charge.item.meter)},
                                   &charge.seconds))
          return Error{Code::Invalid, title_of(charge) + ": the quantity is too large"};
      }
    }
    return std::nullopt;
  }

  // A line for each tier that the quantity reaches into, and one for what is beyond the last.
  Status add_lines(const Tariff& tariff, const Charge& charge) {
    if (charge.seconds == 0) return {};
    CHARTER_TRY_ASSIGN(const Int128 divisor, divisor_of(charge.item.per, period_.month_s));
    if (charge.tiers.empty())
      return add_line(tariff, charge, charge.seconds, divisor, charge.price, {});
    // Bounds have nine digits: in billionths every part is a whole number.
    Int128 left = 0, scaled = 0;
    if (__builtin_mul_overflow(charge.seconds, Int128{kNano}, &left) ||
        __builtin_mul_overflow(divisor, Int128{kNano}, &scaled)) {
      return Error{Code::Invalid, title_of(charge) + ": the quantity is too large"};
    }
    Decimal from;
    for (const auto& tier : charge.tiers) {
      if (left == 0) break;
      Int128 room = 0;
      const auto width = tier.up_to.minus(from).atoms() / kNano;
      if (__builtin_mul_overflow(width, divisor, &room)) room = left;
      const Int128 part = std::min(left, room);
      CHARTER_TRY(add_line(tariff, charge, part, scaled, tier.price,
                           "tier " + from.text() + " to " + tier.up_to.text()));
      left -= part;
      from = tier.up_to;
    }
    if (left == 0) return {};
    return add_line(tariff, charge, left, scaled, charge.price, "tier from " + from.text());
  }

  Status add_line(const Tariff& tariff, const Charge& charge, Int128 seconds, Int128 divisor,
                  const Decimal& price, const std::string& tier) {
    RatedLine line = line_of(tariff, charge);
    if (!tier.empty()) line.rule += ", " + tier;
    line.price = price;
    CHARTER_TRY_ASSIGN(line.quantity, Decimal::ratio(seconds, divisor, kShownDigits));
    CHARTER_TRY_ASSIGN(line.amount, price.rated(seconds, divisor, minor_digits_));
    const Sources& sources = sources_of(charge);
    line.interval_count = static_cast<int64_t>(sources.ids.size());
    line.intervals = sources.text;
    line.interval_digest = sources.digest;
    rated_.lines.push_back(std::move(line));
    return {};
  }

  RatedLine line_of(const Tariff& tariff, const Charge& charge) const {
    RatedLine line;
    line.description = title_of(charge);
    line.revision = tariff.terms->revision;
    line.meter = to_word(charge.item.meter);
    line.basis = to_word(charge.item.basis);
    line.unit = charge.item.unit;
    line.per = to_word(charge.item.per);
    line.rule = charge.rule;
    return line;
  }

  // The least and most of an item, over all terms of the period: what is missing or too much.
  Status add_bounds() {
    const Tariff& last = tariffs_.back();
    std::vector<RatedLine> bounds;
    for (const Charge& charge : last.charges) {
      const bool least = !charge.item.minimum.empty(), most = !charge.item.maximum.empty();
      if (!least && !most) continue;
      RatedLine line = line_of(last, charge);
      Decimal sum;
      for (const auto& other : rated_.lines) {
        if (other.meter != line.meter || other.basis != line.basis || other.unit != line.unit)
          continue;
        CHARTER_TRY_ASSIGN(sum, sum.plus(other.amount));
      }
      const auto bound = [&](const std::string& text, const char* word) -> Status {
        CHARTER_TRY_ASSIGN(const auto parsed, Decimal::parse(text));
        line.amount = parsed.rounded(minor_digits_).minus(sum);
        line.description = title_of(charge) + ", " + word + " of the period";
        line.rule = std::string(word) + " " + text;
        bounds.push_back(line);
        return {};
      };
      CHARTER_TRY_ASSIGN(const auto floor, Decimal::parse(least ? charge.item.minimum : "0"));
      if (least && sum < floor) CHARTER_TRY(bound(charge.item.minimum, "minimum"));
      if (!most) continue;
      CHARTER_TRY_ASSIGN(const auto ceiling, Decimal::parse(charge.item.maximum));
      if (sum > ceiling) CHARTER_TRY(bound(charge.item.maximum, "maximum"));
    }
    rated_.lines.insert(rated_.lines.end(), bounds.begin(), bounds.end());
    return {};
  }

  // Which kinds of intervals a charge is made from.
  int kinds_of(const Charge& charge) const {
    const bool ordered = charge.counted == Counted::OrderedOnly;
    if (charge.item.meter == Meter::Subscription) return kOrders;
    if (is_consumption(charge.item.meter)) return kConsumed;
    const bool volumes = charge.item.meter == Meter::Storage || charge.item.meter == Meter::Units;
    const bool machines = charge.item.meter != Meter::Storage;
    int kinds = ordered ? kOrders : 0;
    if (volumes) kinds |= kVolumes;
    if (machines && charge.counted != Counted::Allocated) kinds |= kActive;
    if (machines && (charge.counted == Counted::Allocated || charge.counted == Counted::Idle))
      kinds |= kAllocated;
    return kinds;
  }

  const Sources& sources_of(const Charge& charge) {
    const int kinds = kinds_of(charge);
    const auto [at, fresh] = sources_.try_emplace(kinds);
    Sources& sources = at->second;
    if (!fresh) return sources;
    for (const auto& used : usage_.intervals) {
      if (used.from_s >= period_.to_s || used.to_s <= period_.from_s || used.from_s >= used.to_s)
        continue;
      const int kind = used.kind == UsedInterval::Kind::Order    ? kOrders
                       : used.kind == UsedInterval::Kind::Volume ? kVolumes
                       : used.active                             ? kActive
                                                                 : kAllocated;
      if ((kinds & kind) != 0) sources.ids.push_back(used.id);
    }
    for (const auto& consumed : usage_.consumed) {
      if (kinds == kConsumed) sources.ids.push_back(consumed.id);
    }
    std::sort(sources.ids.begin(), sources.ids.end());
    sources.text = ranges_of(sources.ids);
    std::string all;
    for (const int64_t id : sources.ids)
      all += std::to_string(id) + "\n";
    sources.digest = "sha256:" + sha256_hex(all);
    return sources;
  }

  static constexpr int kOrders = 1, kVolumes = 2, kActive = 4, kAllocated = 8, kConsumed = 16;

  const Usage& usage_;
  const Revisions& revisions_;
  const RatingPeriod& period_;
  std::vector<Tariff> tariffs_;
  std::map<const UsedTerms*, size_t> tariff_of_;
  std::map<int, Sources> sources_;
  int minor_digits_ = 2;
  RatedPeriod rated_;
};

}  // namespace

Result<RatedPeriod> rate(const Usage& usage, const Revisions& revisions, const UsedTerms& fallback,
                         const RatingPeriod& period) {
  if (period.from_s >= period.to_s)
    return Error{Code::Invalid, "the period must end after it begins"};
  return Rater(usage, revisions, period).run(fallback);
}

}  // namespace charter::billing
