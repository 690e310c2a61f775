#include "crds/types/view.h"

#include "crds/types/machine.h"
#include "crds/types/rate_card.h"
#include "crds/types/service_offering.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

Json machine_object() {
  return parse_yaml(R"(
metadata: {name: m-0, namespace: shop, uid: u-1, generation: 3}
spec:
  instanceRef: {name: m}
  index: 0
  providerRef: {name: dc-1}
  vcpus: 4
  memory: 8GB
  image: {name: open-linux, digest: "sha256:00"}
  bootDisk: {size: 100GB}
)")
      .value();
}

std::string read_error(Json object) {
  const auto machine = read_machine(object);
  return machine ? "" : machine.error().message;
}

TEST(Views, SizesAreBytesAndRenderInTheShortestExactForm) {
  const std::pair<const char*, const char*> kRows[] = {
      {"8GB", "8GB"},   {"8000MB", "8GB"},  {"8Gi", "8GiB"},   {"1.5GB", "1500MB"}, {"1TB", "1TB"},
      {"1000B", "1kB"}, {"1025B", "1025B"}, {"1024B", "1KiB"}, {"0.5kB", "500B"},   {"2PB", "2PB"},
  };
  for (const auto& [text, shortest] : kRows) {
    const auto bytes = parse_bytes(text);
    ASSERT_TRUE(bytes) << text;
    EXPECT_EQ(bytes_text(*bytes), shortest) << text;
    EXPECT_EQ(parse_bytes(bytes_text(*bytes)).value(), *bytes) << text;
  }
}

TEST(Views, SizesThatAreNoWholeNumberOfBytesAreRefused) {
  for (const char* text : {"0.5B", "-1GB", "", "GB", "1e99", "1GBB", "9999999PB"})
    EXPECT_FALSE(parse_bytes(text)) << text;
}

TEST(Views, DurationsRenderAsGoWritesThem) {
  using namespace std::chrono;
  EXPECT_EQ(duration_text(hours(72)), "72h");
  EXPECT_EQ(duration_text(hours(1) + minutes(30)), "1h30m");
  EXPECT_EQ(duration_text(milliseconds(500)), "500ms");
  EXPECT_EQ(duration_text(Duration::zero()), "0s");
}

TEST(Views, CalendarPeriodsClampToTheEndOfTheMonth) {
  const auto add = [](const char* from, const char* period) {
    return format_time(add_period(parse_time(from).value(), parse_calendar_period(period).value()));
  };
  EXPECT_EQ(add("2026-01-31T10:00:00Z", "P1M"), "2026-02-28T10:00:00Z");
  EXPECT_EQ(add("2024-02-29T00:00:00Z", "P1Y"), "2025-02-28T00:00:00Z");
  EXPECT_EQ(add("2026-12-15T00:00:00Z", "P2M"), "2027-02-15T00:00:00Z");
  EXPECT_EQ(add("2026-01-01T00:00:00Z", "P2W"), "2026-01-15T00:00:00Z");
  EXPECT_EQ(add("2026-01-01T00:00:00Z", "P10D"), "2026-01-11T00:00:00Z");
  for (const char* bad : {"P", "PM", "1M", "P0M", "P1H", "P-1M", "P1M ", "P99999Y"}) {
    EXPECT_FALSE(parse_calendar_period(bad)) << bad;
  }
}

TEST(Views, AFindingNamesThePathOfTheField) {
  auto object = machine_object();
  EXPECT_EQ(read_error(object), "");
  object["spec"]["bootDisk"]["size"] = "many";
  EXPECT_EQ(read_error(object).substr(0, 19), "spec.bootDisk.size:");
  object = machine_object();
  object["spec"]["volumes"] = {{{"name", "a"}}, {{"name", 7}}};
  EXPECT_EQ(read_error(object), "spec.volumes[1].name: must be a string");
  object = machine_object();
  object["spec"].erase("image");
  EXPECT_EQ(read_error(object), "spec.image: Required value");
  object = machine_object();
  object["spec"]["power"] = "Sideways";
  EXPECT_EQ(read_error(object), "spec.power: Unsupported value: \"Sideways\"");
  object = machine_object();
  object["spec"]["index"] = 18446744073709551615u;
  EXPECT_EQ(read_error(object), "spec.index: must be an integer of 64 bits");
  object["status"]["bootedAt"] = "9999-12-31T00:00:00Z";
  object["spec"]["index"] = 0;
  EXPECT_EQ(read_error(object).substr(0, 16), "status.bootedAt:");
  EXPECT_EQ(read_error(Json{{"metadata", {{"name", "x"}}}}), "spec: Required value");
}

TEST(Views, ConditionsAreReadWithTheirGeneration) {
  auto object = machine_object();
  object["status"]["conditions"] = {{{"type", "Ready"},
                                     {"status", "True"},
                                     {"reason", "Running"},
                                     {"message", "m"},
                                     {"observedGeneration", 2}}};
  const auto machine = read_machine(object).value();
  EXPECT_TRUE(is_true(machine.conditions, "Ready"));
  EXPECT_FALSE(is_true(machine.conditions, "Ready", machine.meta.generation));
  EXPECT_EQ(find_condition(machine.conditions, "Ready")->reason, "Running");
  EXPECT_EQ(find_condition(machine.conditions, "Stalled"), nullptr);
}

TEST(Views, EmptyMembersAreNotRenderedButNumbersAndFlagsAre) {
  EXPECT_EQ(encode(status_json(Machine::Status{})),
            R"({"imageDeployed":false,"observedGeneration":0})");
}

TEST(Views, WordsOfEnumsAreThoseOfTheCrd) {
  EXPECT_EQ(to_word(PriceUnit::TbDay), "TBDay");
  EXPECT_EQ(to_word(PriceUnit::Month), "Month");
  EXPECT_EQ(parse_word<Publication>("Retired"), Publication::Retired);
  EXPECT_EQ(parse_word<Publication>("retired"), std::nullopt);
}

}  // namespace
}  // namespace charter
