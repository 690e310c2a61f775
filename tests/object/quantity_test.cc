#include "controller/object/quantity.h"

#include <gtest/gtest.h>

namespace charter {
namespace {

struct Row {
  const char* text;
  int64_t units;
  int64_t thousandths;  // 0: units × 1000
};

TEST(Quantity, Reads_kubernetes_and_catalog_forms_exactly) {
  const Row rows[] = {
      {"0", 0, 0},
      {"1", 1, 0},
      {"-1", -1, 0},
      {"+3", 3, 0},
      {"500m", 1, 500},
      {"-500m", -1, -500},
      {"1500m", 2, 1500},
      {"0.5", 1, 500},
      {".5", 1, 500},
      {"5.", 5, 0},
      {"0.001", 1, 1},
      {"1.000000", 1, 0},
      {"2k", 2'000, 0},
      {"2M", 2'000'000, 0},
      {"1G", 1'000'000'000, 0},
      {"1T", 1'000'000'000'000, 0},
      {"1P", 1'000'000'000'000'000, 0},
      {"9E", 9'000'000'000'000'000'000, 0},
      {"1Ki", 1024, 0},
      {"1Mi", 1 << 20, 0},
      {"8Gi", int64_t{8} << 30, 0},
      {"1Ti", int64_t{1} << 40, 0},
      {"1Pi", int64_t{1} << 50, 0},
      {"7Ei", int64_t{7} << 60, 0},
      {"1.5Gi", int64_t{3} << 29, 0},
      {"8GB", 8'000'000'000, 0},
      {"1.5TB", 1'500'000'000'000, 0},
      {"8GiB", int64_t{8} << 30, 0},
      {"4KB", 4'000, 0},
      {"4kB", 4'000, 0},
      {"4KiB", 4'096, 0},
      {"1e3", 1'000, 0},
      {"1E3", 1'000, 0},
      {"1e+3", 1'000, 0},
      {"25e-1", 3, 2500},
      {"1e-3", 1, 1},
      {"0e99", 0, 0},
      {"0Ei", 0, 0},
      {"00000000000000000000000000000000000001", 1, 0},
      {"9223372036854775807", INT64_MAX, 0},
      {"0.0009765625Ki", 1, 0},
  };
  for (const Row& row : rows) {
    const auto quantity = Quantity::parse(row.text);
    ASSERT_TRUE(quantity) << row.text << ": " << quantity.error().message;
    EXPECT_EQ(quantity->units(), row.units) << row.text;
    const Int128 expected = row.thousandths != 0 ? row.thousandths : Int128{row.units} * 1000;
    EXPECT_TRUE(quantity->thousandths() == expected) << row.text;
  }
}

TEST(Quantity, Refuses_what_is_no_amount_or_not_exact) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "must be a number"},
      {"abc", "must be a number"},
      {"1Ki1", "must be a number"},
      {"1 Gi", "must be a number"},
      {" 1", "must be a number"},
      {"1gi", "must be a number"},
      {"1K", "must be a number"},
      {"1mB", "must be a number"},
      {"1B", "must be a number"},
      {"--1", "must be a number"},
      {"1.2.3", "must be a number"},
      {".", "must be a number"},
      {"1e", "must be a number"},
      {"1e+", "must be a number"},
      {"1e+-3", "must be a number"},
      {"1e3Gi", "must be a number"},
      {"0x10", "must be a number"},
      {"1_000", "must be a number"},
      {"Infinity", "must be a number"},
      {"1e99Gi", "must be a number"},
      {"0.0000001", "has digits below a thousandth"},
      {"0.1m", "has digits below a thousandth"},
      {"1e-4", "has digits below a thousandth"},
      {"0.0001Ki", "has digits below a thousandth"},
      {"1e-99", "has digits below a thousandth"},
      {"1.23456789012345678901234567890", "has digits below a thousandth"},
      {"9223372036854775808", "is beyond 9223372036854775807 units"},
      {"-9223372036854775808", "is beyond"},
      {"8Ei", "is beyond"},
      {"10E", "is beyond"},
      {"1e19", "is beyond"},
      {"1e99", "is beyond"},
      {"1e99999999999999999999", "is beyond"},
      {"99999999999999999999999999999999999999999", "is beyond"},
  };
  for (const auto& [text, why] : rows) {
    const auto quantity = Quantity::parse(text);
    ASSERT_FALSE(quantity) << text;
    EXPECT_EQ(quantity.error().code, Code::Invalid);
    EXPECT_NE(quantity.error().message.find(why), std::string::npos)
        << text << ": " << quantity.error().message;
    EXPECT_NE(quantity.error().message.find("quantity \"" + std::string(text) + "\""),
              std::string::npos);
  }
}

TEST(Quantity, Compares_across_suffixes) {
  EXPECT_EQ(*Quantity::parse("1024Mi"), *Quantity::parse("1Gi"));
  EXPECT_EQ(*Quantity::parse("0.5"), *Quantity::parse("500m"));
  EXPECT_LT(*Quantity::parse("1GB"), *Quantity::parse("1GiB"));
  EXPECT_GT(*Quantity::parse("-1"), *Quantity::parse("-2"));
  EXPECT_EQ(Quantity::from_units(8), *Quantity::parse("8"));
  EXPECT_EQ(Quantity(), *Quantity::parse("0"));
}

TEST(Quantity, Prints_the_shortest_form_in_bytes) {
  const std::pair<const char*, const char*> rows[] = {
      {"0", "0"},          {"8GB", "8GB"},        {"500GB", "500GB"},
      {"1500GB", "1.5TB"}, {"1000", "1KB"},       {"1200", "1200"},
      {"1234", "1234"},    {"8Gi", "8589934592"}, {"1234567MB", "1234567MB"},
      {"1MB", "1MB"},      {"999", "999"},        {"0.5", "0.5"},
      {"-8GB", "-8GB"},    {"2000TB", "2PB"},     {"1.25TB", "1.25TB"}};
  for (const auto& [text, printed] : rows) {
    const auto quantity = *Quantity::parse(text);
    EXPECT_EQ(quantity.to_bytes_string(), printed) << text;
    EXPECT_EQ(*Quantity::parse(quantity.to_bytes_string()), quantity) << text;
  }
}

}  // namespace
}  // namespace charter
