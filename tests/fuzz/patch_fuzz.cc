#include "controller/object/patch.h"

#include "controller/object/schema.h"
#include "tests/fuzz/fuzz_input.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

constexpr const char* kTarget = R"({"metadata":{"name":"a","finalizers":["x"],"labels":{"k":"v"}},
  "spec":{"n":1,"list":[1,2,{"a":[]}],"items":[{"name":"p","v":1},{"name":"q"}],"text":"t"}})";

constexpr const char* kSchema =
    R"({"type":"object","properties":{"spec":{"type":"object","properties":{
  "items":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
    "items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}}},
  "list":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}}}}}})";

std::shared_ptr<const Schema> compiled() {
  std::vector<Cause> causes;
  auto schema = Schema::compile(*parse_json(kSchema), "schema", causes);
  CHECK(schema != nullptr);
  return schema;
}

}  // namespace
}  // namespace charter

// The input is the patch. Nothing aborts, and every result can be stored and read back.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace charter;
  static const Json target = *parse_json(kTarget);
  static const auto schema = compiled();
  const auto patch = parse_json(fuzz::text_of(bytes, size));
  if (!patch) return 0;
  for (const auto& result : {apply_json_patch(target, *patch), apply_merge_patch(target, *patch),
                             apply_strategic_merge_patch(target, *patch, *schema)}) {
    if (result) CHECK(parse_json(encode(*result)).has_value());
  }
  return 0;
}
