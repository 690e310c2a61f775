#include "controller/object/object.h"
#include "controller/object/value.h"
#include "tests/fuzz/fuzz_input.h"

#include <nlohmann/json.hpp>

// Whatever is accepted prints to text that is accepted and prints the same, and as an object takes
// a version and loses it again without a trace.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace charter;
  std::vector<std::string> duplicates;
  const auto tree = parse_json(fuzz::text_of(bytes, size), &duplicates);
  if (!tree) return 0;
  const std::string text = encode(*tree);
  const auto again = parse_json(text);
  CHECK(again.has_value());
  CHECK(encode(*again) == text);
  if (!tree->is_object()) return 0;
  const ObjectPtr object = Encoded::make(*tree, 0);
  const ObjectPtr numbered = object->with_version(12345);
  CHECK(numbered->with_version(0)->bytes() == object->bytes());
  CHECK(at(numbered->tree(), {"metadata", "resourceVersion"}) != nullptr);
  const auto stored = Encoded::parse(std::string(numbered->bytes()));
  CHECK(stored.has_value());
  CHECK((*stored)->bytes() == numbered->bytes());
  read_meta(*tree);
  return 0;
}
