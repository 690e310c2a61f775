#include "reconcilers/contract/offer.h"

#include "tests/reconcilers/contract/samples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace charter::contract {
namespace {

using namespace std::chrono_literals;

// A request and the terms it is offered under.
struct Quote {
  ServiceOfferingRevision::Spec revision = read_service_offering_revision(sample_revision())->spec;
  Request request = request_of(*read_contract(sample_contract()));
  Terms terms{"compute-highspeed-1", &revision, {}, {}};
  Instant issued = *parse_time("2026-06-01T00:00:00Z");

  Contract::Offer offer() const { return *make_offer(request, terms, issued); }
};

TEST(ContractOffer, TheSameRequestGetsTheSameOffer) {
  EXPECT_EQ(Quote().offer(), Quote().offer());
}

TEST(ContractOffer, TheHashSurvivesTheRoundTripThroughTheApi) {
  Quote quote;
  quote.issued += 123456789ns;
  auto contract = *read_contract(sample_contract());
  contract.status.offer = quote.offer();
  auto tree = sample_contract();
  tree["status"] = status_json(contract.status);
  const auto again = read_contract(tree);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status.offer, contract.status.offer);
  EXPECT_TRUE(stands(*again->status.offer, quote.request, quote.terms));
}

TEST(ContractOffer, WhateverIsAcceptedWithItChangesTheHash) {
  const std::vector<std::function<void(Quote&)>> changes = {
      [](Quote&) {},
      [](Quote& q) { q.request.uid = "another"; },
      [](Quote& q) { q.request.quantities["compute"] = 4; },
      [](Quote& q) {
        q.request.placement = Placement{{"EU"}, {}};
      },
      [](Quote& q) {
        q.request.placement = Placement{{}, {"a"}};
      },
      [](Quote& q) { q.request.term.renew = Renewal::None; },
      [](Quote& q) { q.request.term.start = "2026-07-01T00:00:00Z"; },
      [](Quote& q) {
        q.request.term.duration = CalendarPeriod{1, CalendarPeriod::Unit::Years};
      },
      [](Quote& q) { q.request.term.end = q.issued + 24h; },
      [](Quote& q) { q.terms.revision = "compute-highspeed-2"; },
      [](Quote& q) { q.revision.content_hash = "sha256:other"; },
      [](Quote& q) { q.revision.rates.items[0].price = "0.14"; },
      [](Quote& q) { q.revision.rates.discounts[0].percent = "41"; },
      [](Quote& q) { q.revision.rates.items[1].minimum = "1"; },
      [](Quote& q) { q.revision.contract_policy.quote_ttl = 24h; },
      [](Quote& q) {
        q.terms.agreed = {{Meter::CpuHours, Basis::Active, "0.10"}};
      },
      [](Quote& q) { q.issued += 1s; },
  };
  std::set<std::string> hashes;
  for (const auto& change : changes) {
    Quote quote;
    change(quote);
    hashes.insert(quote.offer().hash);
  }
  EXPECT_EQ(hashes.size(), changes.size());
}

TEST(ContractOffer, AnOfferStandsForItsOwnRequestOnly) {
  Quote quote;
  const auto offer = quote.offer();
  EXPECT_TRUE(stands(offer, quote.request, quote.terms));
  auto other = quote.request;
  other.quantities["storage"] = 6;
  EXPECT_FALSE(stands(offer, other, quote.terms));
  auto forged = offer;
  forged.quantities["compute"] = 30;
  forged.expires += 24h;
  EXPECT_TRUE(stands(forged, quote.request, quote.terms))
      << "judged by what was hashed, not by what status shows";
}

TEST(ContractOffer, ThePlacementOfAnotherWorldCantBeOffered) {
  Quote quote;
  quote.request.placement = Placement{{"CN"}, {}};
  const auto offer = make_offer(quote.request, quote.terms, quote.issued);
  ASSERT_FALSE(offer);
  EXPECT_EQ(offer.error().code, Code::Invalid);
}

TEST(ContractOffer, TermsAreInWords) {
  Quote quote;
  quote.revision.contract_policy.minimum_term = parse_calendar_period("P1M");
  quote.request.placement = Placement{{"EU"}, {}};
  const auto terms = quote.offer().terms;
  for (const char* part :
       {"up to 3 compute, 5 storage of compute-highspeed",
        "cpu-hours 0.13 USD per CPUHour (Active)", "40 % off OrderedNotProvisioned",
        "from acceptance, until terminated, at least P1M", "jurisdictions EU",
        "Availability: 99.9 %"}) {
    EXPECT_NE(terms.find(part), std::string::npos) << part << "\nin\n" << terms;
  }
}

TEST(ContractOffer, TermsStayWithinTheBoundOfTheirField) {
  Quote quote;
  for (int i = 0; i < 500; ++i)
    quote.revision.rates.discounts.push_back({Basis::Allocated, "1"});
  EXPECT_LE(quote.offer().terms.size(), 8'192u);
}

TEST(ContractOffer, NarrowingKeepsWhatBothAllow) {
  EXPECT_EQ(narrow({{"US", "EU"}, {}}, Placement{{"EU"}, {"b", "a"}}),
            (Placement{{"EU"}, {"a", "b"}}));
  EXPECT_EQ(narrow({{"US", "EU"}, {}}, std::nullopt), (Placement{{"EU", "US"}, {}}));
  EXPECT_EQ(narrow({{"US"}, {}}, Placement{{"EU"}, {}}), std::nullopt);
}

TEST(ContractOffer, AnAgreedPriceReplacesPriceAndTiersOrBecomesAnItem) {
  Rates rates;
  rates.items = {{Meter::CpuHours,
                  Basis::Active,
                  "",
                  "",
                  "0.13",
                  PriceUnit::CpuHour,
                  {{"100", "0.20"}},
                  "",
                  ""}};
  const auto agreed = with_agreed(rates, {{Meter::CpuHours, Basis::Active, "0.10"},
                                          {Meter::CpuHours, Basis::OrderedNotProvisioned, "0.01"},
                                          {Meter::Storage, Basis::Allocated, "9"}});
  ASSERT_EQ(agreed.items.size(), 2u);
  EXPECT_EQ(agreed.items[0].price, "0.10");
  EXPECT_TRUE(agreed.items[0].tiers.empty());
  EXPECT_EQ(agreed.items[1].basis, Basis::OrderedNotProvisioned);
  EXPECT_EQ(agreed.items[1].price, "0.01");
}

TEST(ContractOffer, TheDifferenceBetweenTwoOrdersNamesEachUnitThatChanges) {
  EXPECT_EQ(difference({{"compute", 3}, {"storage", 5}}, {{"compute", 5}, {"gpu", 1}}),
            "compute 3 -> 5 (+2), gpu 0 -> 1 (+1), storage 5 -> 0 (-5)");
  EXPECT_EQ(difference({{"compute", 3}}, {{"compute", 3}}), "");
}

}  // namespace
}  // namespace charter::contract
