#include "drivers/size.h"

#include <array>
#include <limits>

namespace charter {
namespace {

/// One suffix and what it multiplies by.
struct Unit {
  std::string_view suffix;
  int64_t bytes;
};

/// Wide enough for thousandths of any int64 number of bytes.
__extension__ using Wide = __int128;

constexpr std::array<Unit, 11> kUnits = {{{"Pi", 1LL << 50},
                                          {"P", 1'000'000'000'000'000},
                                          {"Ti", 1LL << 40},
                                          {"T", 1'000'000'000'000},
                                          {"Gi", 1LL << 30},
                                          {"G", 1'000'000'000},
                                          {"Mi", 1LL << 20},
                                          {"M", 1'000'000},
                                          {"Ki", 1LL << 10},
                                          {"K", 1'000},
                                          {"k", 1'000}}};

int64_t take_unit(std::string_view& text) {
  if (text.ends_with('B')) text.remove_suffix(1);
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.suffix)) continue;
    text.remove_suffix(unit.suffix.size());
    return unit.bytes;
  }
  return 1;
}

}  // namespace

std::optional<int64_t> parse_size(std::string_view text) {
  const Wide unit = take_unit(text);
  Wide thousandths = 0;
  int decimals = -1;  // -1: no point seen
  for (const char& c : text) {
    if (c == '.' && decimals < 0 && &c != text.data()) {
      decimals = 0;
      continue;
    }
    if (c < '0' || c > '9' || decimals == 3) return std::nullopt;
    thousandths = thousandths * 10 + (c - '0');
    if (decimals >= 0) ++decimals;
    if (thousandths > std::numeric_limits<int64_t>::max()) return std::nullopt;
  }
  if (text.empty() || decimals == 0) return std::nullopt;
  for (int i = decimals < 0 ? 0 : decimals; i < 3; ++i)
    thousandths *= 10;
  const Wide bytes = thousandths * unit;
  if (bytes % 1000 != 0 || bytes / 1000 > std::numeric_limits<int64_t>::max()) return std::nullopt;
  return static_cast<int64_t>(bytes / 1000);
}

std::string format_size(int64_t bytes) {
  std::string best = std::to_string(bytes);
  if (bytes == 0) return best;
  for (const Unit& unit : kUnits) {
    if (unit.suffix == "k" || bytes % unit.bytes != 0) continue;
    std::string form = std::to_string(bytes / unit.bytes) + std::string(unit.suffix) + "B";
    if (form.size() < best.size()) best = std::move(form);
  }
  return best;
}

}  // namespace charter
