#include "reconcilers/contract/usage_document.h"
#include "tests/reconcilers/billing/billing_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

// What machines consumed, as it is exported: CSV and FOCUS, from the hosts' counters to the file.
// A simulated machine of four processors uses one processor second a second.
namespace charter {
namespace {

using namespace std::chrono_literals;
using test::BillingWorld;

const char* const kItems =
    "  - {meter: cpu-seconds-used, basis: Active, price: \"0.00001\", per: CPUSecond}\n"
    "  - {meter: bytes-sent, basis: Active, price: \"0.09\", per: GiB}\n";

using Record = std::map<std::string, std::string>;

/// Fields of one line; the exports of these worlds quote nothing but what is checked here.
std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

/// Lines after the first, by the names in the first.
std::vector<Record> records_of(const std::string& csv) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < csv.size();) {
    const auto end = csv.find("\r\n", at);
    EXPECT_NE(end, std::string::npos) << "every line ends in CR LF";
    if (end == std::string::npos) break;
    lines.push_back(csv.substr(at, end - at));
    at = end + 2;
  }
  std::vector<Record> records;
  const auto names = fields_of(lines.at(0));
  for (size_t i = 1; i < lines.size(); ++i) {
    const auto fields = fields_of(lines[i]);
    EXPECT_EQ(fields.size(), names.size()) << lines[i];
    Record record;
    for (size_t field = 0; field < std::min(names.size(), fields.size()); ++field)
      record[names[field]] = fields[field];
    records.push_back(std::move(record));
  }
  return records;
}

std::vector<Record> where(std::vector<Record> records, const std::string& field,
                          const std::string& value) {
  std::erase_if(records, [&](const Record& record) { return record.at(field) != value; });
  return records;
}

/// GET of the contract's usage, as its verb asks for it.
std::vector<Record> exported(BillingWorld& world, const std::string& accept,
                             std::vector<std::pair<std::string, std::string>> parameters) {
  const Json contract = world.get("Contract", BillingWorld::kContract);
  const auto document = contract::usage_document(
      {contract, parameters, accept, world.clock().now(), world.store().view(), world.store()});
  EXPECT_TRUE(document) << document.error().message;
  return document ? records_of(document->body) : std::vector<Record>();
}

/// Three servers that ran for three hours on the first of June.
class Exports : public testing::Test {
 protected:
  Exports() : world({}, kItems) {
    world.contract();
    world.provision();
    for (const char* hour : {"01:00:00", "02:00:00", "03:00:00"})
      world.live_until(std::string("2026-06-01T") + hour + "Z");
  }
  BillingWorld world;
};

TEST_F(Exports, ConsumptionByTheHourIsALineAnHourInTheCsv) {
  const auto records =
      where(exported(world, "text/csv", {{"granularity", "Hour"}}), "meter", "cpu-seconds-used");
  ASSERT_EQ(records.size(), 3u);
  for (size_t hour = 0; hour < records.size(); ++hour) {
    const auto two = "0" + std::to_string(hour), next = "0" + std::to_string(hour + 1);
    EXPECT_EQ(records[hour].at("from"), "2026-06-01T" + two + ":00:00Z");
    EXPECT_EQ(records[hour].at("to"), "2026-06-01T" + next + ":00:00Z");
    EXPECT_EQ(records[hour].at("basis"), "Active");
    EXPECT_EQ(records[hour].at("quantity"), "10800");
    EXPECT_EQ(records[hour].at("unit"), "CPUSecond");
  }
}

TEST_F(Exports, ConsumptionOfTheWholePeriodIsOneLineOfEachMeterInTheCsv) {
  const auto records = exported(world, "text/csv", {});
  ASSERT_EQ(where(records, "meter", "cpu-seconds-used").size(), 1u);
  EXPECT_EQ(where(records, "meter", "cpu-seconds-used")[0].at("quantity"), "32400");
  ASSERT_EQ(where(records, "meter", "page-faults").size(), 1u) << "counted, though it has no price";
  EXPECT_EQ(where(records, "meter", "page-faults")[0].at("quantity"), "12.96");
  // 48 KiB a second: nine machine hours, in GB of 10^9.
  ASSERT_EQ(where(records, "meter", "bytes-sent").size(), 1u);
  EXPECT_EQ(where(records, "meter", "bytes-sent")[0].at("quantity"), "1.5925248");
}

TEST_F(Exports, FocusHasACostForWhatIsPricedAndNothingForWhatIsNot) {
  const auto records = exported(world, "text/csv;profile=focus", {});
  const auto cpu = where(records, "ChargeDescription", "cpu-seconds-used");
  ASSERT_EQ(cpu.size(), 1u);
  EXPECT_EQ(cpu[0].at("ConsumedQuantity"), "32400");
  EXPECT_EQ(cpu[0].at("ConsumedUnit"), "CPUSecond");
  EXPECT_EQ(cpu[0].at("PricingQuantity"), "32400");
  EXPECT_EQ(cpu[0].at("ContractedUnitPrice"), "0.00001");
  EXPECT_EQ(cpu[0].at("BilledCost"), "0.32");
  EXPECT_EQ(cpu[0].at("BillingCurrency"), "USD");
  EXPECT_EQ(cpu[0].at("ChargeCategory"), "Usage");
  EXPECT_EQ(cpu[0].at("ChargeFrequency"), "Usage-Based");
  EXPECT_EQ(cpu[0].at("ServiceCategory"), "Compute");
  EXPECT_EQ(cpu[0].at("BillingPeriodStart"), "2026-06-01T00:00:00Z");
  EXPECT_EQ(cpu[0].at("BillingPeriodEnd"), "2026-07-01T00:00:00Z");
  EXPECT_EQ(cpu[0].at("ChargePeriodStart"), "2026-06-01T00:00:00Z");
  const auto sent = where(records, "ChargeDescription", "bytes-sent");
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].at("PricingUnit"), "GiB");
  EXPECT_EQ(sent[0].at("BilledCost"), "0.13");
  EXPECT_EQ(sent[0].at("ServiceCategory"), "Networking");
  EXPECT_TRUE(where(records, "ChargeDescription", "page-faults").empty());
}

TEST_F(Exports, FocusOfTwoMonthsChargesEachReadingInTheMonthItWasMadeIn) {
  world.live_until("2026-06-30T23:00:00Z");
  world.live_until("2026-07-01T00:00:00Z");
  world.live_until("2026-07-01T01:00:00Z");
  const auto records =
      where(exported(world, "text/csv;profile=focus",
                     {{"from", "2026-06-01T00:00:00Z"}, {"to", "2026-08-01T00:00:00Z"}}),
            "ChargeDescription", "cpu-seconds-used");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].at("BillingPeriodStart"), "2026-06-01T00:00:00Z");
  EXPECT_EQ(records[0].at("ConsumedQuantity"), std::to_string(3 * 30 * 86'400));
  EXPECT_EQ(records[1].at("BillingPeriodStart"), "2026-07-01T00:00:00Z");
  EXPECT_EQ(records[1].at("ChargePeriodEnd"), "2026-07-01T01:00:00Z");
  EXPECT_EQ(records[1].at("ConsumedQuantity"), std::to_string(3 * 3'600));
}

}  // namespace
}  // namespace charter
