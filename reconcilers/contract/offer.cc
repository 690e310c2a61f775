#include "reconcilers/contract/offer.h"

#include "reconcilers/common/naming.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::contract {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string list;
  for (const auto& word : words)
    list += (list.empty() ? "" : ", ") + word;
  return list;
}

Json json_of(const Placement& placement) {
  return {{"jurisdictions", placement.jurisdictions}, {"providers", placement.providers}};
}

Json json_of(const Contract::Term& term) {
  Json json = {{"start", term.start}, {"renew", std::string(to_word(term.renew))}};
  if (term.duration) json["duration"] = calendar_period_text(*term.duration);
  if (term.end) json["end"] = format_time(*term.end);
  return json;
}

// Both absent would let `a` and `b` hold; two lists without a common entry exclude each other.
std::optional<std::vector<std::string>> common(const std::vector<std::string>& a,
                                               const std::vector<std::string>& b) {
  std::vector<std::string> both = a.empty() ? b : a;
  if (!a.empty() && !b.empty()) {
    std::erase_if(both, [&b](const std::string& entry) {
      return std::find(b.begin(), b.end(), entry) == b.end();
    });
    if (both.empty()) return std::nullopt;
  }
  // They are sets: the same ones in another order are the same placement and the same offer.
  std::sort(both.begin(), both.end());
  return both;
}

std::string words_of(const RateItem& item, const std::string& currency) {
  std::string words = std::string(to_word(item.meter));
  if (!item.unit.empty()) words += " of " + item.unit;
  words += " " + item.price + " " + currency + " per " + std::string(to_word(item.per)) + " (" +
           std::string(to_word(item.basis)) + ")";
  for (const auto& tier : item.tiers)
    words += ", " + tier.price + " up to " + tier.up_to;
  if (!item.minimum.empty()) words += ", at least " + item.minimum;
  if (!item.maximum.empty()) words += ", at most " + item.maximum;
  return words;
}

std::string words_of(const Rates& rates) {
  std::vector<std::string> prices;
  for (const auto& item : rates.items)
    prices.push_back(words_of(item, rates.currency));
  for (const auto& discount : rates.discounts) {
    prices.push_back(discount.percent + " % off " + std::string(to_word(discount.on)));
  }
  return joined(prices);
}

std::string words_of(const Contract::Term& term, const ContractPolicy& policy) {
  auto words = term.start == Contract::Term::kImmediately ? std::string("from acceptance")
                                                          : "from " + term.start;
  if (term.duration) words += ", for " + calendar_period_text(*term.duration);
  if (term.end) words += ", until " + format_time(*term.end);
  if (!term.duration && !term.end) {
    words += ", until terminated";
  } else if (term.renew == Renewal::Auto) {
    words += ", renewed for as long again until terminated";
  }
  if (policy.minimum_term) {
    words += ", at least " + calendar_period_text(*policy.minimum_term);
  }
  return words;
}

std::string words_of(const Placement& placement) {
  std::vector<std::string> words;
  if (!placement.jurisdictions.empty()) {
    words.push_back("jurisdictions " + joined(placement.jurisdictions));
  }
  if (!placement.providers.empty()) words.push_back("providers " + joined(placement.providers));
  return words.empty() ? "anywhere" : joined(words);
}

std::string words_of(const UnitCounts& quantities) {
  std::vector<std::string> words;
  for (const auto& [unit, count] : quantities)
    words.push_back(std::to_string(count) + " " + unit);
  return joined(words);
}

// The CRD's bound for status.offer.terms. What is cut is in the hash by its figures all the same.
constexpr size_t kTermsBytesMax = 8'192;

std::string bounded(std::string text) {
  if (text.size() <= kTermsBytesMax) return text;
  auto end = kTermsBytesMax - 4;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return text.substr(0, end) + "...\n";
}

// One line per subject, for `kubectl describe`.
std::string terms_in_words(const Request& request, const Terms& terms, const Placement& placement,
                           const Rates& rates) {
  const auto& spec = *terms.spec;
  std::string text = "Order: up to " + words_of(request.quantities) + " of " + spec.offering.name +
                     " (" + terms.revision + ").\n";
  if (!terms.in_force.empty()) {
    const auto changes = difference(terms.in_force, request.quantities);
    text += "Changes: " + (changes.empty() ? "quantities stay as they are" : changes) + ".\n";
  }
  text += "Prices: " + words_of(rates) + ".\n";
  text += "Term: " + words_of(request.term, spec.contract_policy) + ".\n";
  text += "Place: " + words_of(placement) + "; subcontracting " +
          std::string(to_word(spec.placement.subcontracting)) + ".\n";
  if (spec.service_level && !spec.service_level->availability.empty()) {
    text += "Availability: " + spec.service_level->availability + " %.\n";
  }
  return text;
}

// Everything that `offer` says, in the one form that is hashed.
std::string hash_of(const Contract::Offer& offer, const Request& request, const Terms& terms,
                    const Placement& placement, const Rates& rates) {
  Json prices = Json::array();
  for (const auto& item : rates.items) {
    Json tiers = Json::array();
    for (const auto& tier : item.tiers)
      tiers.push_back({{"upTo", tier.up_to}, {"price", tier.price}});
    prices.push_back({{"meter", std::string(to_word(item.meter))},
                      {"basis", std::string(to_word(item.basis))},
                      {"unit", item.unit},
                      {"price", item.price},
                      {"per", std::string(to_word(item.per))},
                      {"tiers", std::move(tiers)},
                      {"minimum", item.minimum},
                      {"maximum", item.maximum}});
  }
  Json discounts = Json::array();
  for (const auto& discount : rates.discounts) {
    discounts.push_back({{"on", std::string(to_word(discount.on))}, {"percent", discount.percent}});
  }
  const Json all = {{"contract", request.uid},
                    {"revision", terms.revision},
                    {"content", terms.spec->content_hash},
                    {"quantities", offer.quantities},
                    {"placement", json_of(placement)},
                    {"term", json_of(request.term)},
                    {"currency", rates.currency},
                    {"prices", std::move(prices)},
                    {"discounts", std::move(discounts)},
                    {"monthlyEstimate", offer.monthly_estimate},
                    {"terms", offer.terms},
                    {"issued", format_time(offer.issued_at.value_or(Instant{}))},
                    {"expires", format_time(offer.expires)}};
  return content_hash(all);
}

// Whole seconds, because that is what the API stores: the hash must survive a round trip.
Instant whole_seconds(Instant at) {
  return std::chrono::floor<std::chrono::seconds>(at);
}

// The offer but for the estimate, so that `stands` computes no prices.
Result<Contract::Offer> draft(const Request& request, const Terms& terms, Instant issued,
                              std::string estimate) {
  const auto placement = narrow(terms.spec->placement.within, request.placement);
  if (!placement) {
    return Error{Code::Invalid,
                 "spec.placement: nothing that it allows is allowed by " + terms.revision,
                 "InvalidSpec"};
  }
  const auto rates = with_agreed(terms.spec->rates, terms.agreed);
  Contract::Offer offer;
  offer.issued_at = issued;
  offer.expires = whole_seconds(issued + terms.spec->contract_policy.quote_ttl);
  offer.offering_revision = terms.revision;
  offer.quantities = request.quantities;
  offer.monthly_estimate = std::move(estimate);
  offer.terms = bounded(terms_in_words(request, terms, *placement, rates));
  offer.hash = hash_of(offer, request, terms, *placement, rates);
  return offer;
}

}  // namespace

Request request_of(const Contract& contract) {
  return {contract.meta.uid, contract.spec.quantities, contract.spec.placement, contract.spec.term};
}

std::vector<Contract::AgreedPrice> agreed_prices(
    const std::vector<Account::PriceOverride>& overrides, const std::string& rate_card) {
  std::vector<Contract::AgreedPrice> agreed;
  for (const auto& price : overrides) {
    if (price.rate_card == rate_card) agreed.push_back({price.meter, price.basis, price.price});
  }
  return agreed;
}

Rates with_agreed(Rates rates, const std::vector<Contract::AgreedPrice>& agreed) {
  for (const auto& price : agreed) {
    bool found = false;
    std::optional<RateItem> active;
    for (auto& item : rates.items) {
      if (item.meter != price.meter) continue;
      if (item.basis == Basis::Active) active = item;
      if (item.basis != price.basis) continue;
      item.price = price.price;
      item.tiers.clear();
      found = true;
    }
    if (found || !active) continue;
    active->basis = price.basis;
    active->price = price.price;
    active->tiers.clear();
    rates.items.push_back(std::move(*active));
  }
  return rates;
}

std::optional<Placement> narrow(const Placement& outer, const std::optional<Placement>& inner) {
  if (!inner) return narrow(outer, Placement{});
  auto jurisdictions = common(outer.jurisdictions, inner->jurisdictions);
  auto providers = common(outer.providers, inner->providers);
  if (!jurisdictions || !providers) return std::nullopt;
  return Placement{std::move(*jurisdictions), std::move(*providers)};
}

Result<Contract::Offer> make_offer(const Request& request, const Terms& terms, Instant issued) {
  CHARTER_TRY_ASSIGN(auto estimate, monthly_price(terms, request.quantities));
  return draft(request, terms, whole_seconds(issued), std::move(estimate));
}

bool stands(const Contract::Offer& offer, const Request& request, const Terms& terms) {
  if (!offer.issued_at || offer.offering_revision != terms.revision) return false;
  const auto again = draft(request, terms, *offer.issued_at, offer.monthly_estimate);
  return again && again->hash == offer.hash;
}

std::string difference(const UnitCounts& before, const UnitCounts& after) {
  auto units = before;
  units.insert(after.begin(), after.end());
  std::string text;
  for (const auto& entry : units) {
    const auto& unit = entry.first;
    const auto old = before.contains(unit) ? before.at(unit) : 0;
    const auto now = after.contains(unit) ? after.at(unit) : 0;
    if (old == now) continue;
    text += (text.empty() ? "" : ", ") + unit + " " + std::to_string(old) + " -> " +
            std::to_string(now) + " (" + (now > old ? "+" : "") + std::to_string(now - old) + ")";
  }
  return text;
}

}  // namespace charter::contract
