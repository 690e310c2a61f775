#pragma once

#include "controller/base/result.h"

#include <cstddef>
#include <string_view>
#include <vector>

// The documents of a YAML stream, cut at `---` lines before a parser sees them: yaml-cpp 0.7 loops
// for ever on some streams that it cuts itself. Pure.
namespace charter {

/// One document's text, and the number of its first line in the stream, from 1.
struct YamlChunk {
  std::string_view text;
  size_t line;
};

/// Cuts a stream. Chunks of nothing but blank lines, comments and directives are left out. Errors:
/// BadRequest beyond kYamlDocumentsMax.
Result<std::vector<YamlChunk>> split_yaml(std::string_view text);

}  // namespace charter
