#include "controller/object/labels.h"
#include "tests/fuzz/fuzz_input.h"

#include <nlohmann/json.hpp>

// A label selector that is accepted prints to one that is accepted and means the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace charter;
  const std::string_view text = fuzz::text_of(bytes, size);
  const Pairs labels = {{"a", "b"}, {"app", "shop"}, {"count", "7"}};
  if (const auto selector = Selector::parse_labels(text)) {
    const auto again = Selector::parse_labels(selector->to_string());
    CHECK(again.has_value());
    CHECK(again->to_string() == selector->to_string());
    CHECK(again->matches(labels) == selector->matches(labels));
  }
  if (const auto selector = Selector::parse_fields(text)) selector->matches(labels);
  if (const auto document = parse_json(text)) {
    if (const auto selector = Selector::from_json(*document)) selector->matches(labels);
  }
  subdomain_problem(text);
  dns_label_problem(text);
  qualified_name_problem(text);
  label_value_problem(text);
  return 0;
}
