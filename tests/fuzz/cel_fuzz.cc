#include "controller/cel/rules.h"
#include "tests/fuzz/fuzz_input.h"

#include <nlohmann/json.hpp>

// The input is an expression and, after a zero byte, an object it judges. Whatever compiles
// evaluates, twice to the same, on create and on update.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace charter;
  const auto [rule, document_text] = fuzz::two_of(bytes, size);
  static const Json kSchema = *parse_json(R"json({"type": "object", "properties": {
    "s": {"type": "string"}, "i": {"type": "integer"}, "n": {"type": "number"},
    "b": {"type": "boolean"}, "when": {"type": "string", "format": "date-time"},
    "wait": {"type": "string", "format": "duration"}, "data": {"type": "string", "format": "byte"},
    "port": {"x-kubernetes-int-or-string": true},
    "l": {"type": "array", "items": {"type": "string"}},
    "m": {"type": "object", "additionalProperties": {"type": "integer"}},
    "k": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"],
          "items": {"type": "object", "properties": {"a": {"type": "string"}}}}}})json");
  if (!check_document(rule)) return 0;
  Json schema = kSchema;
  schema["x-kubernetes-validations"] =
      Json::array({{{"rule", std::string(rule)}, {"messageExpression", std::string(rule)}}});
  std::vector<Cause> causes;
  const auto rules = cel::RuleSet::compile(schema, "schema", causes);
  const auto document = parse_json(document_text);
  const Json object = document && document->is_object()
                          ? *document
                          : Json{{"s", "a"}, {"i", 1}, {"l", {"x", "y"}}, {"m", {{"k", 1}}}};
  if (!rules) return 0;
  cel::RuleReport first, second, update;
  rules->validate(object, nullptr, first);
  rules->validate(object, nullptr, second);
  rules->validate(object, &object, update);
  CHECK(first.causes.size() == second.causes.size());
  for (size_t i = 0; i < first.causes.size(); ++i)
    CHECK(first.causes[i].message == second.causes[i].message);
  return 0;
}
