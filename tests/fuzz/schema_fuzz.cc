#include "controller/object/schema.h"

#include "tests/fuzz/fuzz_input.h"

#include <nlohmann/json.hpp>

// The input is a schema and, after a zero byte, a document. Pruning and defaulting a second time
// change nothing.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace charter;
  const auto [schema_text, document_text] = fuzz::two_of(bytes, size);
  const auto source = parse_json(schema_text);
  if (!source) return 0;
  std::vector<Cause> causes;
  const auto schema = Schema::compile(*source, "schema", causes);
  CHECK(schema == nullptr || causes.empty());
  if (schema == nullptr) return 0;
  const auto document = parse_json(document_text);
  Json object = document ? *document : Json{{"spec", {{"a", 1}}}, {"x", Json::array({1, "b"})}};
  schema->prune(object, nullptr);
  schema->apply_defaults(object);
  Json again = object;
  schema->apply_defaults(again);
  CHECK(again == object);
  std::vector<std::string> unknown;
  schema->prune(again, &unknown);
  schema->validate(object, causes);
  return 0;
}
