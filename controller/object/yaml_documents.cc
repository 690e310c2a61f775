#include "controller/object/yaml_documents.h"

#include "controller/base/limits.h"

#include <string>

namespace charter {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// True when nothing follows but white space or a comment.
bool is_empty_rest(std::string_view rest) {
  const size_t first = rest.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos || rest[first] == '#';
}

/// `---` at the start of a line, alone or followed by white space.
bool is_separator(std::string_view line) {
  return line.starts_with("---") && (line.size() == 3 || is_blank(line[3]));
}

bool carries_nothing(std::string_view line) {
  return is_empty_rest(line) || line[0] == '%' ||
         (line.starts_with("...") && is_empty_rest(line.substr(3)));
}

}  // namespace

Result<std::vector<YamlChunk>> split_yaml(std::string_view text) {
  std::vector<YamlChunk> chunks;
  size_t start = 0;       // of the chunk
  size_t start_line = 1;  // of the chunk
  bool has_content = false;
  const auto finish = [&](size_t end) {
    if (has_content) chunks.push_back({text.substr(start, end - start), start_line});
    has_content = false;
  };
  size_t line_number = 1;
  for (size_t at = 0; at < text.size(); ++line_number) {
    const size_t newline = text.find('\n', at);
    const size_t next = newline == std::string_view::npos ? text.size() : newline + 1;
    const std::string_view line = text.substr(at, next - at);
    if (is_separator(line)) {
      finish(at);
      // `--- {a: 1}` opens a document with content of its own: the marker stays in front of it.
      has_content = !is_empty_rest(line.substr(3));
      start = has_content ? at : next;
      start_line = has_content ? line_number : line_number + 1;
    } else if (!carries_nothing(line)) {
      has_content = true;
    }
    if (chunks.size() > limits::kYamlDocumentsMax) break;
    at = next;
  }
  finish(text.size());
  if (chunks.size() > limits::kYamlDocumentsMax) {
    return Error{Code::BadRequest, "yaml: more than " + std::to_string(limits::kYamlDocumentsMax) +
                                       " documents in one stream"};
  }
  return chunks;
}

}  // namespace charter
