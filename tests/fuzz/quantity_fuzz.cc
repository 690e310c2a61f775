#include "controller/object/quantity.h"

#include "controller/base/clock.h"
#include "tests/fuzz/fuzz_input.h"

// An amount that is accepted prints to the same amount; times and durations come along.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace charter;
  const std::string_view text = fuzz::text_of(bytes, size);
  if (const auto quantity = Quantity::parse(text)) {
    const auto again = Quantity::parse(quantity->to_bytes_string());
    CHECK(again.has_value());
    CHECK(*again == *quantity);
    CHECK(quantity->units() >= 0 || quantity->thousandths() < 0);
  }
  if (const auto instant = parse_time(text)) {
    const auto again = parse_time(format_time(*instant));
    CHECK(again && *again <= *instant && *instant - *again < std::chrono::seconds(1));
  }
  if (const auto length = parse_duration(text)) CHECK(!human_duration(*length).empty());
  return 0;
}
