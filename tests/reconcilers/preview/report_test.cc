#include "reconcilers/preview/report.h"

#include "reconcilers/preview/consents.h"
#include "reconcilers/preview/prices.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::preview {
namespace {

Json contract(const std::string& name, Json status) {
  return {{"apiVersion", "charter.dev/v1alpha1"},
          {"kind", "Contract"},
          {"metadata", {{"namespace", "shop"}, {"name", name}, {"uid", name}}},
          {"status", status}};
}

Json agreed(const std::string& price) {
  return {{"accepted", {{"hash", "h1"}}}, {"monthlyEstimate", price}};
}

Json offered(const std::string& price) {
  return {{"offer", {{"hash", "h2"}, {"monthlyEstimate", price}}}, {"monthlyEstimate", price}};
}

std::string told(const Result<std::vector<PriceChange>>& prices) {
  if (!prices) return prices.error().message;
  std::string text;
  for (const auto& price : *prices) {
    text += price.contract.name + ":" + price.before + ">" + price.after +
            (price.offered ? "?" : "") + ";";
  }
  return text;
}

TEST(Prices, CountAnOfferOnlyAsWhatComes) {
  EXPECT_EQ(told(price_changes({}, {contract("a", offered("10.10 USD"))})),
            "a:>10.10 USD?;:0.00 USD>10.10 USD;");
}

TEST(Prices, AddUpByCurrencyToTheCent) {
  EXPECT_EQ(told(price_changes({contract("a", agreed("0.10 USD")), contract("b", agreed("5 EUR"))},
                               {contract("a", agreed("0.20 USD")), contract("b", agreed("5 EUR")),
                                contract("c", agreed("0.10 USD"))})),
            "a:0.10 USD>0.20 USD;b:5 EUR>5 EUR;c:>0.10 USD;:5.00 EUR>5.00 EUR;:0.10 USD>0.30 "
            "USD;");
}

TEST(Prices, StopWithTheContract) {
  Json ended = agreed("10.00 USD");
  ended["terminatedAt"] = "2026-06-01T00:00:00Z";
  EXPECT_EQ(told(price_changes({contract("a", agreed("10.00 USD"))}, {contract("a", ended)})),
            "a:10.00 USD>;:10.00 USD>0.00 USD;");
}

TEST(Prices, RefuseToGuessAnAmount) {
  EXPECT_NE(told(price_changes({}, {contract("a", offered("cheap"))})).find("cheap"),
            std::string::npos);
}

TEST(Consents, AcceptExactlyTheOffersThatStand) {
  Json amended = agreed("10.00 USD");
  amended["offer"] = {{"hash", "h9"}};
  Json settled = agreed("10.00 USD");
  settled["offer"] = {{"hash", "h1"}};
  const auto patches =
      consents({contract("a", offered("1 USD")), contract("b", amended), contract("c", settled)});
  ASSERT_EQ(patches.size(), 2U);
  EXPECT_EQ(patches[0]["spec"]["acceptance"]["offerHash"], "h2");
  EXPECT_EQ(patches[1]["metadata"]["name"], "b");
}

Rehearsed sample() {
  Rehearsed seen;
  seen.after = {contract("a", offered("10.10 USD"))};
  seen.documents = {
      {"a.yaml", "Contract", {"shop", "a"}, RehearsedDocument::Outcome::Created, "", {"old form"}},
      {"b.yaml",
       "Contract",
       {"shop", "b"},
       RehearsedDocument::Outcome::Refused,
       "Invalid: no",
       {}}};
  return seen;
}

TEST(Report, TellsPeopleEverythingOnce) {
  const auto made = report(sample(), PlanForm::ForPeople);
  EXPECT_EQ(made.text,
            "+ created           Contract shop/a\n"
            "\n"
            "Price per month:\n"
            "  Contract shop/a: none -> 10.10 USD (an offer, to be accepted)\n"
            "  all contracts: 0.00 USD -> 10.10 USD\n"
            "\n"
            "Warnings:\n"
            "  a.yaml: Contract shop/a: old form\n"
            "\n"
            "Refused:\n"
            "  b.yaml: Contract shop/b: Invalid: no\n"
            "\n"
            "Plan: 1 created, 0 changed in place, 0 restarted, 0 replaced, 0 destroyed, 1 refused. "
            "Nothing was changed on the server.\n");
  EXPECT_TRUE(made.changes);
  EXPECT_TRUE(made.refused);
}

TEST(Report, TellsProgramsTheSameAsJson) {
  const Json tree = Json::parse(report(sample(), PlanForm::ForPrograms).text);
  EXPECT_EQ(tree["objects"][0]["effect"], "Created");
  EXPECT_EQ(tree["documents"][1]["outcome"], "Refused");
  EXPECT_EQ(tree["pricesPerMonth"][1]["after"], "10.10 USD");
}

Rehearsed sample_of_commit() {
  Rehearsed seen = sample();
  seen.origin =
      DocumentOrigin{"https://example.org/r",      "prod", "main", "c0ffee", "Eve | `x` <b>",
                     "@all [x](http://y)\n# title"};
  return seen;
}

TEST(Report, TellsOfTheCommitThatItReads) {
  const Json tree = Json::parse(report(sample_of_commit(), PlanForm::ForPrograms).text);
  EXPECT_EQ(tree["origin"]["commit"], "c0ffee");
  EXPECT_EQ(tree["origin"]["ref"], "main");
  EXPECT_EQ(report(sample_of_commit(), PlanForm::ForPeople)
                .text.find("Commit c0ffee of https://example.org/r, prod: "),
            0U);
}

TEST(Report, TellsReviewersInSpansThatSayNothingElse) {
  const auto made = report(sample_of_commit(), PlanForm::ForReviews);
  EXPECT_EQ(made.text,
            "### Charter plan: 1 created, 1 refused\n"
            "\n"
            "Commit `c0ffee` `@all [x](http://y) # title` by `Eve \\| 'x' <b>`, path `prod`\n"
            "\n"
            "#### Refused\n"
            "\n"
            "| File | Object | Why |\n"
            "|---|---|---|\n"
            "| `b.yaml` | `Contract shop/b` | `Invalid: no` |\n"
            "\n"
            "#### Price per month\n"
            "\n"
            "| Contract | Now | Then | |\n"
            "|---|---|---|---|\n"
            "| `shop/a` | `none` | `10.10 USD` | an offer, to be accepted |\n"
            "| **all contracts** | `0.00 USD` | `10.10 USD` |  |\n"
            "\n"
            "#### Objects\n"
            "\n"
            "| | | Object | Fields |\n"
            "|---|---|---|---|\n"
            "| `+` | created | `Contract shop/a` |  |\n"
            "\n"
            "#### Warnings\n"
            "\n"
            "| File | Object | |\n"
            "|---|---|---|\n"
            "| `a.yaml` | `Contract shop/a` | `old form` |\n"
            "\n"
            "Nothing was changed on the server.\n");
  EXPECT_TRUE(made.changes);
  EXPECT_TRUE(made.refused);
}

TEST(Report, ForReviewersFitsIntoAComment) {
  Rehearsed seen;
  for (int i = 0; i < 3000; ++i)
    seen.documents.push_back({"f.yaml",
                              "Contract",
                              {"shop", std::to_string(i)},
                              RehearsedDocument::Outcome::Refused,
                              std::string(1000, 'x'),
                              {std::string(1000, 'y')}});
  const auto text = report(seen, PlanForm::ForReviews).text;
  EXPECT_LT(text.size(), 65'536U);
  EXPECT_NE(text.find("and 2900 more"), std::string::npos);
}

TEST(Report, OfNothingSaysThatNothingChanges) {
  const auto made = report({}, PlanForm::ForPeople);
  EXPECT_FALSE(made.changes);
  EXPECT_FALSE(made.refused);
  EXPECT_EQ(made.text.find("Plan: 0 created"), 0U);
}

}  // namespace
}  // namespace charter::preview
