#include "reconcilers/common/money.h"

#include <gtest/gtest.h>

namespace charter {
namespace {

Decimal decimal(const char* text) {
  return Decimal::parse(text).value();
}

TEST(Money, ParsesAndPrintsExactDecimals) {
  for (const char* text : {"0", "0.13", "5", "-3.5", "0.000000001", "999999999999.999999999"}) {
    EXPECT_EQ(decimal(text).text(), text);
  }
  EXPECT_EQ(decimal("5.00").text(), "5");
}

TEST(Money, RefusesWhatIsNoDecimalOrHasTooManyDigits) {
  for (const char* text : {"", ".", "1.", ".5", "1e3", "+1", "--1", "1,5", "NaN", "0x1", " 1",
                           "0.0000000001", "1234567890123456789"}) {
    EXPECT_FALSE(Decimal::parse(text)) << text;
  }
}

TEST(Money, ComputesTheBillOfScenarioFiveExactly) {
  const auto active = Decimal::from_units(4'752).times(decimal("0.13")).value();
  const auto price = decimal("0.13").times(decimal("0.6")).value();
  const auto ordered = Decimal::from_units(3'888).times(price).value();
  const auto storage = Decimal::from_units(15).times(decimal("5.00")).value();
  EXPECT_EQ(money_text(active, "USD").value(), "617.76 USD");
  EXPECT_EQ(ordered.text(), "303.264");
  const auto total = round_to_currency(active, "USD")
                         .value()
                         .plus(round_to_currency(ordered, "USD").value())
                         .value()
                         .plus(storage)
                         .value();
  EXPECT_EQ(money_text(total, "USD").value(), "996.02 USD");
}

TEST(Money, RoundsHalfToEvenAtTheMinorUnit) {
  const std::pair<const char*, const char*> kRows[] = {
      {"0.125", "0.12"},   {"0.135", "0.14"}, {"0.125000001", "0.13"}, {"-0.125", "-0.12"},
      {"-0.135", "-0.14"}, {"0.005", "0.00"}, {"0.015", "0.02"},       {"2.999", "3.00"},
  };
  for (const auto& [amount, rounded] : kRows) {
    EXPECT_EQ(decimal(amount).text_with(2), rounded) << amount;
  }
  EXPECT_EQ(decimal("1").scaled(1, 3).value().text_with(2), "0.33");
  EXPECT_EQ(decimal("2").scaled(1, 3).value().text_with(2), "0.67");
}

TEST(Money, KnowsTheMinorUnitsOfIso4217) {
  EXPECT_EQ(money_text(decimal("12.5"), "JPY").value(), "12 JPY");
  EXPECT_EQ(money_text(decimal("13.5"), "JPY").value(), "14 JPY");
  EXPECT_EQ(money_text(decimal("1.2345"), "KWD").value(), "1.234 KWD");
  EXPECT_EQ(minor_digits("EUR").value(), 2);
  for (const char* unknown : {"", "EU", "ZZZ", "usd", "US ", "D U", "USDX"}) {
    const auto digits = minor_digits(unknown);
    ASSERT_FALSE(digits) << unknown;
    EXPECT_EQ(digits.error().reason, "UnknownCurrency");
  }
}

TEST(Money, RefusesWhatItCannotComputeExactly) {
  const auto large = decimal("999999999999999999");
  EXPECT_FALSE(large.times(large));
  EXPECT_FALSE(large.scaled(INT64_MAX, 1));
  const auto third = decimal("1").scaled(1, 3).value();
  EXPECT_FALSE(third.times(third));
  auto sum = large;
  Result<Decimal> more = sum;
  for (int i = 0; i < 10 && more; ++i) {
    sum = *more;
    more = sum.plus(sum);
  }
  EXPECT_FALSE(more);
}

TEST(Money, ScalesWithoutLosingDigitsInBetween) {
  // 5.00 per TB-day for 500 GB over 30 days, in byte-seconds.
  const auto cost = decimal("5.00").scaled(500'000'000'000, 1'000'000'000'000).value();
  EXPECT_EQ(cost.times(Decimal::from_units(30)).value().text(), "75");
}

}  // namespace
}  // namespace charter
