#include "controller/object/patch.h"
#include "controller/object/schema.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

/// A kind with a keyed list, one with two keys, a set, an atomic list and a map.
constexpr const char* kSchema = R"(
type: object
properties:
  spec:
    type: object
    properties:
      name: {type: string}
      box: {type: object, additionalProperties: {type: string}}
      union: {type: object, properties: {type: {type: string}, a: {type: string}, b: {type: string}}}
      ports:
        type: array
        x-kubernetes-list-type: map
        x-kubernetes-list-map-keys: [port, protocol]
        items: {type: object, required: [port, protocol], properties: {port: {type: integer}, protocol: {type: string}, name: {type: string}}}
      items:
        type: array
        x-kubernetes-list-type: map
        x-kubernetes-list-map-keys: [name]
        items:
          type: object
          required: [name]
          properties:
            name: {type: string}
            value: {type: string}
            tags: {type: array, x-kubernetes-list-type: set, items: {type: string}}
      tags: {type: array, x-kubernetes-list-type: set, items: {type: string}}
      list: {type: array, items: {type: string}}
  status:
    type: object
    x-kubernetes-preserve-unknown-fields: true
)";

Result<Json> merge(const std::string& target, const std::string& patch) {
  std::vector<Cause> causes;
  static const auto schema = Schema::compile(*parse_yaml(kSchema), "schema", causes);
  EXPECT_NE(schema, nullptr) << (causes.empty() ? "" : causes[0].field + causes[0].message);
  return apply_strategic_merge_patch(*parse_yaml(target), *parse_yaml(patch), *schema);
}

struct Row {
  const char* target;
  const char* patch;
  const char* result;
};

TEST(StrategicMerge, Merges_maps_and_lists_by_their_schema) {
  const Row rows[] = {
      {"spec: {name: a, box: {x: '1'}}", "spec: {box: {y: '2', x: null}}",
       "spec: {name: a, box: {y: '2'}}"},
      {"spec: {list: [a, b]}", "spec: {list: [c]}", "spec: {list: [c]}"},
      {"spec: {tags: [a, b]}", "spec: {tags: [b, c]}", "spec: {tags: [a, b, c]}"},
      {"spec: {items: [{name: a, value: x}, {name: b}]}",
       "spec: {items: [{name: b, value: z}, {name: c}]}",
       "spec: {items: [{name: a, value: x}, {name: b, value: z}, {name: c}]}"},
      {"spec: {items: [{name: a, tags: [p]}]}", "spec: {items: [{name: a, tags: [q]}]}",
       "spec: {items: [{name: a, tags: [p, q]}]}"},
      {"spec: {items: [{name: a, value: x}]}", "spec: {items: [{name: a, value: null}]}",
       "spec: {items: [{name: a}]}"},
      {"spec: {ports: [{port: 1, protocol: TCP}, {port: 1, protocol: UDP}]}",
       "spec: {ports: [{port: 1, protocol: UDP, name: u}]}",
       "spec: {ports: [{port: 1, protocol: TCP}, {port: 1, protocol: UDP, name: u}]}"},
      {"spec: {name: a}", "spec: null", "{}"},
      {"spec: {name: a}", "status: {x: {y: null, z: 1}}", "{spec: {name: a}, status: {x: {z: 1}}}"},
      {"spec: {}", "spec: {items: [{name: a, value: null}]}", "spec: {items: [{name: a}]}"},
      {"{}", "{}", "{}"},
  };
  for (const Row& row : rows) {
    const auto result = merge(row.target, row.patch);
    ASSERT_TRUE(result) << row.patch << ": " << result.error().message;
    EXPECT_EQ(encode(*result), encode(*parse_yaml(row.result))) << row.patch;
  }
}

TEST(StrategicMerge, Metadata_and_conditions_merge_in_every_kind) {
  const Row rows[] = {
      {"metadata: {finalizers: [a]}", "metadata: {finalizers: [b, a]}",
       "metadata: {finalizers: [a, b]}"},
      {"metadata: {ownerReferences: [{uid: u1, name: a}, {uid: u2, name: b}]}",
       "metadata: {ownerReferences: [{uid: u1, $patch: delete}, {uid: u3, name: c}]}",
       "metadata: {ownerReferences: [{uid: u2, name: b}, {uid: u3, name: c}]}"},
      {"metadata: {labels: {a: '1', b: '2'}}", "metadata: {labels: {a: null, c: '3'}}",
       "metadata: {labels: {b: '2', c: '3'}}"},
      {"status: {conditions: [{type: Ready, status: 'False'}, {type: Other, status: 'True'}]}",
       "status: {conditions: [{type: Ready, status: 'True'}]}",
       "status: {conditions: [{type: Ready, status: 'True'}, {type: Other, status: 'True'}]}"},
  };
  for (const Row& row : rows) {
    const auto result = merge(row.target, row.patch);
    ASSERT_TRUE(result) << row.patch << ": " << result.error().message;
    EXPECT_EQ(encode(*result), encode(*parse_yaml(row.result))) << row.patch;
  }
}

TEST(StrategicMerge, Directives_are_obeyed_and_never_stored) {
  const Row rows[] = {
      {"spec: {box: {x: '1'}}", "spec: {box: {$patch: replace, y: '2'}}", "spec: {box: {y: '2'}}"},
      {"spec: {box: {x: '1'}}", "spec: {box: {$patch: merge, y: '2'}}",
       "spec: {box: {x: '1', y: '2'}}"},
      {"spec: {box: {x: '1'}}", "spec: {box: {$patch: delete}}", "spec: {box: {}}"},
      {"spec: {items: [{name: a}, {name: b}]}", "spec: {items: [{name: a, $patch: delete}]}",
       "spec: {items: [{name: b}]}"},
      {"spec: {items: [{name: b}]}", "spec: {items: [{name: none, $patch: delete}]}",
       "spec: {items: [{name: b}]}"},
      {"spec: {items: [{name: a}, {name: b}]}", "spec: {items: [{$patch: replace}, {name: c}]}",
       "spec: {items: [{name: c}]}"},
      {"spec: {items: [{name: a, value: x}]}",
       "spec: {items: [{name: a, $patch: replace, tags: [t]}]}",
       "spec: {items: [{name: a, tags: [t]}]}"},
      {"spec: {tags: [a, b, c]}", "spec: {$deleteFromPrimitiveList/tags: [a, x], tags: [d]}",
       "spec: {tags: [b, c, d]}"},
      {"spec: {union: {type: A, a: x}}", "spec: {union: {$retainKeys: [type, b], type: B, b: y}}",
       "spec: {union: {type: B, b: y}}"},
      {"spec: {tags: [a, b]}", "spec: {$setElementOrder/tags: [c, b, a], tags: [c]}",
       "spec: {tags: [c, b, a]}"},
      {"spec: {items: [{name: a}, {name: b}]}",
       "spec: {$setElementOrder/items: [{name: c}, {name: a}], items: [{name: c, value: v}]}",
       "spec: {items: [{name: c, value: v}, {name: a}, {name: b}]}"},
      {"spec: {items: [{name: x}, {name: a}, {name: y}, {name: b}]}",
       "spec: {$setElementOrder/items: [{name: b}, {name: a}]}",
       "spec: {items: [{name: x}, {name: y}, {name: b}, {name: a}]}"},
  };
  for (const Row& row : rows) {
    const auto result = merge(row.target, row.patch);
    ASSERT_TRUE(result) << row.patch << ": " << result.error().message;
    EXPECT_EQ(encode(*result), encode(*parse_yaml(row.result))) << row.patch;
  }
}

TEST(StrategicMerge, Broken_patches_are_refused) {
  const std::pair<const char*, const char*> rows[] = {
      {"[]", "error decoding patch: a merge patch must be a JSON object"},
      {"null", "error decoding patch: a merge patch must be a JSON object"},
      {"spec: {$patch: zap}", "unknown patch type found: zap"},
      {"spec: {$patch: 3}", "unknown patch type found: 3"},
      {"spec: {items: [{value: x}]}",
       "map: {\"value\":\"x\"} does not contain declared merge key: name"},
      {"spec: {items: [text]}", "a list that merges by key must hold objects"},
      {"spec: {$retainKeys: x}", "$retainKeys must be a list of strings"},
      {"spec: {$retainKeys: [name], box: {}}",
       "$retainKeys must name every field of the patch, it lacks box"},
      {"spec: {$deleteFromPrimitiveList/tags: x}", "$deleteFromPrimitiveList/tags must be a list"},
      {"spec: {$setElementOrder/tags: x}", "$setElementOrder/tags must be a list"},
  };
  for (const auto& [patch, message] : rows) {
    const auto result = merge("spec: {items: [{name: a}], tags: [a]}", patch);
    ASSERT_FALSE(result) << patch;
    EXPECT_EQ(result.error().code, Code::BadRequest);
    EXPECT_EQ(result.error().message, message);
  }
}

}  // namespace
}  // namespace charter
