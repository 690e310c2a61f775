#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "controller/base/result.h"

// Documents: JSON and YAML in, one tree model, JSON and YAML out. Everything that comes from outside
// enters through parse_json / parse_yaml, which scan for UTF-8 and depth (limits::kDocumentDepthMax) before
// a recursive parser sees a byte. Pure; thread-safe.
namespace charter {

/// The document tree. Objects are sorted by key. Files that build or read trees include
/// <nlohmann/json.hpp> in their .cc; headers need only this alias.
using Json = nlohmann::json;

/// Refuses invalid UTF-8, NUL bytes, a BOM, nesting beyond kDocumentDepthMax and more than
/// kDocumentNodesMax values. Linear, no recursion. Errors: BadRequest, with the byte offset.
Status check_document(std::string_view text);

/// Parses one JSON document. `duplicates`, if given, receives the path of each repeated key ("spec.size",
/// "spec.items[0].name"); the last value wins, as in Kubernetes. Errors: BadRequest.
Result<Json> parse_json(std::string_view text, std::vector<std::string>* duplicates = nullptr);

/// Parses one YAML document with Kubernetes' own scalar rules (YAML 1.1 as sigs.k8s.io/yaml reads
/// it: `y` is true, 017 is 15, timestamps are strings; see the truth table in the tests). Text that
/// starts with
/// `{` or `[` is tried as JSON first. Its lines and values, and with
/// its aliases expanded its nodes, are bounded by kDocumentNodesMax. Errors: BadRequest.
Result<Json> parse_yaml(std::string_view text, std::vector<std::string>* duplicates = nullptr);

/// Splits at lines of `---` and parses each non-empty document. Errors name the document's number.
Result<std::vector<Json>> parse_yaml_stream(std::string_view text);

/// Compact JSON with sorted keys. `tree` must hold valid UTF-8 (everything parsed here does).
std::string encode(const Json& tree);

/// Block-style YAML that parse_yaml reads back to the same tree.
std::string to_yaml(const Json& tree);

/// The node at a path of object keys, or null. `at(o, {"spec", "replicas"})`.
const Json* at(const Json& tree, std::initializer_list<std::string_view> path);

/// The string at a path, or empty when absent or not a string.
std::string text_at(const Json& tree, std::initializer_list<std::string_view> path);

/// The integer at a path, or nothing when absent or not an integer.
std::optional<int64_t> int_at(const Json& tree, std::initializer_list<std::string_view> path);

/// The boolean at a path, or `otherwise`.
bool flag_at(const Json& tree, std::initializer_list<std::string_view> path, bool otherwise);

}  // namespace charter
