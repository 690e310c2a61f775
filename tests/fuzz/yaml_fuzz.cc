#include "controller/object/value.h"
#include "tests/fuzz/fuzz_input.h"

#include <nlohmann/json.hpp>

// Whatever is read, printed and read again is the same tree.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace charter;
  const auto trees = parse_yaml_stream(fuzz::text_of(bytes, size));
  if (!trees) return 0;
  for (const Json& tree : *trees) {
    const std::string yaml = to_yaml(tree);
    const auto again = parse_yaml(yaml);
    CHECK_MSG(again.has_value(), yaml);
    CHECK_MSG(encode(*again) == encode(tree), yaml);
  }
  return 0;
}
