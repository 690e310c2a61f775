#include "tests/reconcilers/billing/calculator.h"

#include <gmp.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

namespace charter::calculator {
namespace {

/// A fraction of GMP.
struct Fraction {
  mpq_t value;
  Fraction() { mpq_init(value); }
  ~Fraction() { mpq_clear(value); }
  Fraction(const Fraction&) = delete;
};

// "12.345" as 12345/1000.
void read(Fraction& out, const std::string& text) {
  std::string digits = text, ones = "1";
  const auto point = digits.find('.');
  if (point != std::string::npos) {
    ones += std::string(digits.size() - point - 1, '0');
    digits.erase(point, 1);
  }
  mpq_set_str(out.value, (digits + "/" + ones).c_str(), 10);
  mpq_canonicalize(out.value);
}

std::string text_of(const mpz_t value) {
  std::string text(mpz_sizeinbase(value, 10) + 2, '\0');
  mpz_get_str(text.data(), 10, value);
  text.resize(text.find('\0'));
  return text;
}

// Half to even at `digits`, as whole units of the last digit.
void round_units(mpz_t out, const Fraction& amount, int digits) {
  mpz_t scaled, rest, twice;
  mpz_inits(scaled, rest, twice, nullptr);
  mpz_ui_pow_ui(scaled, 10, static_cast<unsigned>(digits));
  mpz_mul(scaled, scaled, mpq_numref(amount.value));
  mpz_fdiv_qr(out, rest, scaled, mpq_denref(amount.value));
  mpz_add(twice, rest, rest);
  const int side = mpz_cmp(twice, mpq_denref(amount.value));
  if (side > 0 || (side == 0 && mpz_odd_p(out) != 0)) mpz_add_ui(out, out, 1);
  mpz_clears(scaled, rest, twice, nullptr);
}

std::string with_point(const mpz_t units, int digits) {
  std::string text = text_of(units);
  if (digits == 0) return text;
  const auto wanted = static_cast<size_t>(digits) + 1;
  if (text.size() < wanted) text.insert(0, wanted - text.size(), '0');
  text.insert(text.size() - static_cast<size_t>(digits), ".");
  return text;
}

int64_t level(const auto& list, int64_t at) {
  int64_t sum = 0;
  for (const auto& entry : list) {
    if (entry.from <= at && at < entry.to) sum += entry.vcpus;
  }
  return sum;
}

}  // namespace

Bill bill(const Truth& truth, int64_t from, int64_t to, const std::string& price,
          const std::string& percent, int digits) {
  std::vector<int64_t> turns = {from, to};
  const auto note = [&](int64_t at) {
    if (at > from && at < to) turns.push_back(at);
  };
  for (const auto& ran : truth.ran)
    note(ran.from), note(ran.to);
  for (const auto& ordered : truth.ordered)
    note(ordered.from), note(ordered.to);
  std::sort(turns.begin(), turns.end());
  int64_t active = 0, idle = 0;
  for (size_t i = 0; i + 1 < turns.size(); ++i) {
    const int64_t length = turns[i + 1] - turns[i];
    const int64_t runs = level(truth.ran, turns[i]), ordered = level(truth.ordered, turns[i]);
    active += runs * length;
    if (ordered > runs) idle += (ordered - runs) * length;
  }
  Fraction full, off, hundred, amount, hours;
  read(full, price);
  read(off, percent);
  mpq_set_ui(hundred.value, 100, 1);
  mpz_t active_units, idle_units;
  mpz_inits(active_units, idle_units, nullptr);
  mpq_set_si(hours.value, active, 3600);
  mpq_canonicalize(hours.value);
  mpq_mul(amount.value, full.value, hours.value);
  round_units(active_units, amount, digits);
  mpq_set_si(hours.value, idle, 3600);
  mpq_canonicalize(hours.value);
  mpq_sub(off.value, hundred.value, off.value);
  mpq_div(off.value, off.value, hundred.value);
  mpq_mul(amount.value, full.value, off.value);
  mpq_mul(amount.value, amount.value, hours.value);
  round_units(idle_units, amount, digits);
  Bill out{std::to_string(active),
           std::to_string(idle),
           with_point(active_units, digits),
           with_point(idle_units, digits),
           {}};
  mpz_add(active_units, active_units, idle_units);
  out.total = with_point(active_units, digits);
  mpz_clears(active_units, idle_units, nullptr);
  return out;
}

Month month(const std::string& zone, int64_t at) {
  setenv("TZ", zone.c_str(), 1);
  tzset();
  const time_t moment = at;
  tm local{};
  localtime_r(&moment, &local);
  tm first{}, next{};
  first.tm_year = next.tm_year = local.tm_year;
  first.tm_mon = local.tm_mon;
  next.tm_mon = local.tm_mon + 1;
  first.tm_mday = next.tm_mday = 1;
  first.tm_isdst = next.tm_isdst = -1;
  const Month found{mktime(&first), mktime(&next)};
  unsetenv("TZ");
  tzset();
  return found;
}

}  // namespace charter::calculator
