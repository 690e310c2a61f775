#include "crds/types/kinds.h"
#include "tests/reconcilers/billing/billing_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// What would make a wrong bill is refused by the API, with the path of the field, and changes
// nothing: prices, currencies, periods, and what a status says was used.
namespace charter {
namespace {

using test::BillingWorld;

const char* const kOrders = "consumerco/orders";

/// One World for all rows: nothing of them may change it.
class BadInput : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    world_ = new BillingWorld();
    world_->contract();
    world_->provision();
    world_->live_until("2026-06-01T01:00:00Z");
  }
  static void TearDownTestSuite() { delete world_; }

  /// Paths of the fields that an answer blames, "" when it was accepted.
  static std::string blamed(const Status& answer) {
    if (answer) return "";
    std::string paths;
    for (const auto& cause : answer.error().causes) {
      if (cause.field == "<nil>") {  // rules are not judged of what has not even its form
        EXPECT_NE(cause.message.find("some validation rules were not checked"), std::string::npos);
        continue;
      }
      paths += (paths.empty() ? "" : " ") + cause.field;
    }
    return paths.empty() ? "no path: " + answer.error().message : paths;
  }
  static std::string blamed_by_card(const std::string& spec) {
    return blamed(
        world_->try_apply("apiVersion: charter.dev/v1alpha1\nkind: RateCard\nmetadata: "
                          "{name: bad}\nspec: {" +
                          spec + "}"));
  }
  static std::string card(const std::string& item) {
    return "currency: USD, effectiveFrom: '2026-01-01T00:00:00Z', items: [" + item + "]";
  }
  /// The first machine with other words in status.metering.
  static std::string blamed_by_metering(const std::string& patch) {
    const auto name = world_->names("Machine", "consumerco").front();
    Json machine = world_->get("Machine", name);
    machine["status"]["metering"].merge_patch(parse_yaml(patch).value());
    const auto answer = world_->client()->update(kinds::machines(), machine, Part::Status);
    return answer ? "" : blamed(Error(answer.error()));
  }

  static BillingWorld* world_;
};

BillingWorld* BadInput::world_ = nullptr;

TEST_F(BadInput, PricesAreDecimalsOfAtMostNineDigitsAndNeverNegative) {
  for (const char* price :
       {"'0.123456789012345678901234567890'", "'0.1234567890'", "'-0.13'", "'1e3'", "'NaN'", "'+1'",
        "'1,5'", "'0x10'", "' 1'", "''", "'01'", "'1000000000000'"}) {
    EXPECT_EQ(blamed_by_card(card("{meter: cpu-hours, basis: Active, per: CPUHour, price: " +
                                  std::string(price) + "}")),
              "spec.items[0].price")
        << price;
  }
  EXPECT_EQ(
      blamed_by_card(card("{meter: cpu-hours, basis: Active, per: CPUHour, price: '1', tiers: "
                          "[{upTo: '5', price: '-1'}]}")),
      "spec.items[0].tiers[0].price");
  EXPECT_EQ(blamed_by_card(card("{meter: cpu-hours, basis: Active, per: CPUHour, price: '1', "
                                "minimum: '9', maximum: '3'}")),
            "spec.items[0].maximum");
}

TEST_F(BadInput, CurrenciesAreThoseOfIso4217) {
  const std::string item = "{meter: cpu-hours, basis: Active, per: CPUHour, price: '1'}";
  for (const char* currency : {"XXQ", "usd", "US", "ZZZ", "''"}) {
    EXPECT_EQ(blamed_by_card("currency: " + std::string(currency) +
                             ", effectiveFrom: '2026-01-01T00:00:00Z', items: [" + item + "]"),
              "spec.currency")
        << currency;
  }
}

TEST_F(BadInput, ValidityAndTiersDoNotOverlapAndNothingIsPricedTwice) {
  const std::string item = "{meter: cpu-hours, basis: Active, per: CPUHour, price: '1'}";
  for (const char* until : {"2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z"}) {
    EXPECT_EQ(blamed_by_card("currency: USD, effectiveFrom: '2026-01-01T00:00:00Z', validUntil: '" +
                             std::string(until) + "', items: [" + item + "]"),
              "spec.validUntil");
  }
  EXPECT_EQ(blamed_by_card(card(item + ", " + item)), "spec.items[1]");
  EXPECT_EQ(
      blamed_by_card(card("{meter: cpu-hours, basis: Active, per: CPUHour, price: '1', tiers: "
                          "[{upTo: '5', price: '2'}, {upTo: '5', price: '3'}]}")),
      "spec.items[0].tiers[1].upTo");
}

TEST_F(BadInput, UsageIsNeitherInTheFutureNorNegativeNorOfNoNumber) {
  EXPECT_EQ(blamed_by_metering("{active: {number: 2, since: '2027-01-01T00:00:00Z'}}"),
            "status.metering.since");
  EXPECT_EQ(blamed_by_metering("{active: {until: '2026-06-02T00:00:00Z'}}"),
            "status.metering.until");
  EXPECT_EQ(blamed_by_metering("{active: {vcpus: -4}}"), "status.metering.active.vcpus");
  EXPECT_EQ(blamed_by_metering("{active: {number: 0}}"), "status.metering.active.number");
  EXPECT_EQ(blamed_by_metering("{consumption: {number: 1, since: '2026-06-01T00:00:00Z', until: "
                               "'2026-06-01T01:00:00Z', used: {cpuNanoseconds: -1}}}"),
            "status.metering.consumption.used.cpuNanoseconds");
  EXPECT_EQ(blamed_by_metering("{consumption: {number: 1, since: '2026-06-01T00:00:00Z', until: "
                               "'2026-07-01T00:00:00Z', used: {cpuNanoseconds: 1}}}"),
            "status.metering.until");
}

TEST_F(BadInput, AnIntervalOnRecordHasOneValue) {
  const auto before = world_->get("Machine", world_->names("Machine", "consumerco").front());
  EXPECT_EQ(blamed_by_metering("{active: {vcpus: 64}}"), "status.metering.number");
  EXPECT_EQ(blamed_by_metering("{active: {since: '2026-06-01T00:30:00Z'}}"),
            "status.metering.number");
  EXPECT_EQ(blamed_by_metering("{active: {number: 3, since: '2026-06-01T00:30:00Z'}}"),
            "status.metering.number")
      << "one is left out";
  EXPECT_EQ(blamed_by_metering("{active: {number: 2, since: '2026-05-01T00:00:00Z'}}"),
            "status.metering.since")
      << "it overlaps the one before";
  EXPECT_EQ(blamed_by_metering("{active: {until: '2026-05-01T00:00:00Z'}}"),
            "status.metering.until")
      << "it ends before it begins";
  const auto after = world_->get("Machine", world_->names("Machine", "consumerco").front());
  EXPECT_EQ(after["status"]["metering"], before["status"]["metering"]);
}

TEST_F(BadInput, APeriodHasALength) {
  const auto report = [](const std::string& to) {
    return blamed(world_->try_apply(
        "apiVersion: charter.dev/v1alpha1\nkind: UsageReport\nmetadata: {name: bad, namespace: "
        "consumerco}\nspec: {contractRef: {name: orders}, period: {from: '2026-06-01T00:00:00Z', "
        "to: '" +
        to + "'}}"));
  };
  EXPECT_EQ(report("2026-06-01T00:00:00Z"), "spec.period.to");
  EXPECT_EQ(report("2026-05-31T00:00:00Z"), "spec.period.to");
  EXPECT_EQ(report("yesterday"), "spec.period.to");
  EXPECT_FALSE(world_->exists("UsageReport", "consumerco/bad"));
  EXPECT_TRUE(world_->exists("Contract", kOrders));
}

}  // namespace
}  // namespace charter
