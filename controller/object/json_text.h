#pragma once

#include "controller/object/value.h"

#include <string>
#include <string_view>
#include <vector>

// JSON text in and out, for this folder only: everybody else goes through value.h, which guards the
// depth. Pure.
namespace charter {

/// Parses without the scan of check_document: for bytes that encode() made, or that were scanned.
/// Never recurses. Errors: BadRequest, with offset, line and column.
Result<Json> read_json(std::string_view text, std::vector<std::string>* duplicates = nullptr);

/// Appends `value` as compact JSON. A broken UTF-8 sequence becomes U+FFFD, a number that is not
/// finite null.
void write_json(std::string& out, const Json& value);

/// Appends `text` as a JSON string with its quotes.
void write_json_string(std::string& out, std::string_view text);

/// Appends a finite or infinite number as Go's encoding/json prints it.
void write_json_float(std::string& out, double number);

/// `number`, as an integer if it is one that a double holds exactly (1e5 is 100000, -0.0 is 0).
Json json_number(double number);

/// What check_document refuses, but for the depth, and with lines for values: YAML's depth is
/// counted while it is read, because brackets in its block scalars mean nothing.
Status check_text(std::string_view text);

/// "nesting is deeper than 64 levels".
std::string too_deep_text();

/// " at offset 12 (line 2, column 5)".
std::string place_in(std::string_view text, size_t offset);

/// Names the character at an offset for an error message: 'x', '\n', or its code.
std::string name_character(std::string_view text, size_t offset);

}  // namespace charter
