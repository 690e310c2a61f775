#include "controller/object/apply.h"

#include "controller/object/schema.h"
#include "tests/fuzz/fuzz_input.h"

#include <nlohmann/json.hpp>

namespace {

using namespace charter;

std::shared_ptr<const Schema> schema() {
  const auto source = parse_json(R"({"type":"object","properties":{
    "spec":{"type":"object","properties":{
      "size":{"type":"integer"},"text":{"type":"string"},
      "map":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],
             "items":{"type":"object","properties":{"k":{"type":"string","default":"d"},"v":{"type":"integer"}}}},
      "set":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
      "atomic":{"type":"object","x-kubernetes-map-type":"atomic","properties":{"a":{"type":"string"}}},
      "list":{"type":"array","items":{"type":"integer"}},
      "labels":{"type":"object","additionalProperties":{"type":"string"}}}},
    "status":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}})");
  std::vector<Cause> causes;
  return Schema::compile(*source, "schema", causes);
}

Json object_of(std::string_view text) {
  auto tree = parse_json(text);
  Json out = tree && tree->is_object() ? std::move(*tree) : Json::object();
  out["apiVersion"] = "a/v1";
  out["kind"] = "A";
  if (!out.contains("metadata") || !out["metadata"].is_object()) out["metadata"] = Json::object();
  out["metadata"]["name"] = "x";
  return out;
}

}  // namespace

// Any live object, with whatever managedFields, and any applied one: the apply is refused or makes
// an object; the same apply again finds nothing to do; a plain write is tracked without a fault.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static const auto kSchema = schema();
  CHECK(kSchema != nullptr);
  const auto [live_text, applied_text] = fuzz::two_of(bytes, size);
  const Json live = object_of(live_text);
  const Json applied = object_of(applied_text);
  const FieldManager who{"fuzz", "a/v1", ""};
  const Instant now{};
  if (const auto made = server_side_apply(&live, applied, *kSchema, who, Force::Yes, now)) {
    // An object that nobody owns a field of is taken for one from before the first apply, each
    // time.
    const bool owned = made->at("metadata").contains("managedFields");
    const auto again = server_side_apply(&*made, applied, *kSchema, who, Force::No, now);
    CHECK(!owned || (again && *again == *made));
  }
  (void)server_side_apply(nullptr, applied, *kSchema, who, Force::No, now);
  Json next = applied;
  track_update(next, &live, *kSchema, who, now);
  Json created = applied;
  track_update(created, nullptr, *kSchema, who, now);
  return 0;
}
