#include "controller/base/random.h"
#include "reconcilers/common/money.h"
#include "reconcilers/common/wide.h"

#include <gmp.h>
#include <gtest/gtest.h>

#include <string>

// Exact decimals against GMP, which shares nothing with them.
namespace charter {
namespace {

/// A GMP integer that frees itself.
struct Big {
  mpz_t value;
  Big() { mpz_init(value); }
  explicit Big(Int128 from) {
    mpz_init(value);
    const bool negative = from < 0;
    Uint128 size = negative ? -static_cast<Uint128>(from) : static_cast<Uint128>(from);
    mpz_set_ui(value, static_cast<uint64_t>(size >> 64));
    mpz_mul_2exp(value, value, 64);
    mpz_add_ui(value, value, static_cast<uint64_t>(size));
    if (negative) mpz_neg(value, value);
  }
  Big(const Big&) = delete;
  ~Big() { mpz_clear(value); }
  std::string text() const {
    char* digits = mpz_get_str(nullptr, 10, value);
    std::string out(digits);
    void (*release)(void*, size_t) = nullptr;
    mp_get_memory_functions(nullptr, nullptr, &release);
    release(digits, out.size() + 1);
    return out;
  }
};

/// n / d, half to even, by GMP alone.
void divide_half_even(Big& out, const Big& n, const Big& d) {
  Big rest, twice;
  mpz_fdiv_qr(out.value, rest.value, n.value, d.value);
  mpz_mul_2exp(twice.value, rest.value, 1);
  const int side = mpz_cmp(twice.value, d.value);
  if (side > 0 || (side == 0 && mpz_odd_p(out.value) != 0)) mpz_add_ui(out.value, out.value, 1);
}

/// Numbers of every size, small ones as often as large ones.
class Numbers {
 public:
  explicit Numbers(uint64_t seed) : random_(seed) {}
  Int128 next(int bits_max) {
    const auto bits = static_cast<int>(random_.next() % static_cast<uint64_t>(bits_max + 1));
    const auto wide = static_cast<Uint128>(random_.next()) << 64 | random_.next();
    const auto value = bits == 0 ? 0 : static_cast<Int128>(wide >> (128 - bits));
    return random_.next() % 4 == 0 ? -value : value;
  }
  Int128 positive(int bits_max) {
    const auto value = next(bits_max);
    return value < 0 ? -value : value == 0 ? 1 : value;
  }

 private:
  SeededRandom random_;
};

TEST(MoneyProperties, MultiplyAndDivideIsThatOfGmpForAMillionNumbers) {
  Numbers numbers(1);
  int exact = 0, ties = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const Int128 a = numbers.next(127), b = numbers.next(127);
    // Small divisors make ties frequent.
    const Int128 d = i % 2 == 0 ? numbers.positive(127) : numbers.positive(4);
    const Big big_a(a), big_b(b), big_d(d);
    Big product, expected, twice;
    mpz_mul(product.value, big_a.value, big_b.value);
    divide_half_even(expected, product, big_d);
    const auto found = multiply_divide_half_even(a, b, d);
    if (!found) {
      ASSERT_GE(mpz_sizeinbase(expected.value, 2), 127u) << "refused though it fits";
      continue;
    }
    ++exact;
    mpz_mul_2exp(twice.value, product.value, 1);
    if (mpz_divisible_p(twice.value, big_d.value) != 0 &&
        mpz_divisible_p(product.value, big_d.value) == 0)
      ++ties;
    ASSERT_EQ(Big(*found).text(), expected.text());
  }
  EXPECT_GT(exact, 500'000);
  EXPECT_GT(ties, 10'000);
}

TEST(MoneyProperties, ARatedAmountIsPriceTimesQuantityRoundedOnceForEveryCurrency) {
  Numbers numbers(2);
  Big hundred(1);
  for (int i = 0; i < 200'000; ++i) {
    const auto price = Decimal::from_atoms(numbers.next(90));
    const Int128 quantity = numbers.next(110);
    const Int128 divisor = numbers.positive(62);
    const int digits = i % 4;
    const auto found = price.rated(quantity, divisor, digits);
    Big product, expected, unit, by;
    mpz_mul(product.value, Big(price.atoms()).value, Big(quantity).value);
    mpz_ui_pow_ui(unit.value, 10, static_cast<unsigned>(18 - digits));
    mpz_mul(by.value, Big(divisor).value, unit.value);
    divide_half_even(expected, product, by);
    mpz_mul(expected.value, expected.value, unit.value);
    if (!found) {
      ASSERT_GE(mpz_sizeinbase(expected.value, 2), 126u);
      continue;
    }
    ASSERT_EQ(Big(found->atoms()).text(), expected.text());
  }
}

TEST(MoneyProperties, SumsAndTextsAreExact) {
  Numbers numbers(3);
  for (int i = 0; i < 200'000; ++i) {
    const auto a = Decimal::from_atoms(numbers.next(120)),
               b = Decimal::from_atoms(numbers.next(120));
    const auto sum = a.plus(b);
    ASSERT_TRUE(sum);
    Big expected;
    mpz_add(expected.value, Big(a.atoms()).value, Big(b.atoms()).value);
    ASSERT_EQ(Big(sum->atoms()).text(), expected.text());
    const auto price = Decimal::from_atoms(numbers.next(100) / 1'000'000'000 * 1'000'000'000);
    const auto again = Decimal::parse(price.text());
    if (again) {
      ASSERT_EQ(*again, price);
    }
  }
}

}  // namespace
}  // namespace charter
