#include "controller/object/json_text.h"
#include "controller/object/utf8.h"
#include "controller/object/yaml_scalar.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

/// Parsers need a key's colon within 1,024 characters; longer keys get the explicit form.
constexpr size_t kSimpleKeyBytesMax = 512;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// DEL, the C1 controls, line and paragraph separators and the byte order mark: other parsers
/// refuse or fold them.
bool is_unprintable(std::string_view character) {
  if (character == "\x7F" || character == "\xEF\xBB\xBF") return true;
  if (character.size() == 2)
    return character[0] == '\xC2' && character < std::string_view("\xC2\xA0");
  return character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9";
}

/// Calls `visit` with each character; a broken sequence is visited byte by byte.
template <class Visit>
void each_character(std::string_view text, Visit visit) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = std::max<size_t>(utf8_length(text, at), 1);
    visit(text.substr(at, length));
    at += length;
  }
}

bool has_unprintable(std::string_view text) {
  bool found = false;
  each_character(text, [&](std::string_view character) {
    const auto first = static_cast<unsigned char>(character[0]);
    found |= is_unprintable(character) || (first < 0x20 && first != '\n') ||
             utf8_length(character, 0) == 0;
  });
  return found;
}

void write_escape(std::string& out, std::string_view character) {
  unsigned code = static_cast<unsigned char>(character[0]);
  if (character.size() == 2) code = ((code & 0x1FU) << 6) | (character[1] & 0x3FU);
  if (character.size() == 3) {
    code = ((code & 0x0FU) << 12) | ((character[1] & 0x3FU) << 6) | (character[2] & 0x3FU);
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u";
  for (const unsigned shift : {12U, 8U, 4U, 0U})
    out += kHex[(code >> shift) & 0xFU];
}

/// JSON's string syntax is YAML's double-quoted one, but for characters that JSON does not mind.
void write_quoted(std::string& out, std::string_view text) {
  std::string json;
  write_json_string(json, text);
  each_character(json, [&](std::string_view character) {
    if (is_unprintable(character)) {
      write_escape(out, character);
    } else {
      out += character;
    }
  });
}

/// Digits and the marks of dates, times and numbers only: some parser takes each of these for
/// something else than text.
bool looks_numeric(std::string_view text) {
  return text.front() >= '0' && text.front() <= '9' &&
         text.find_first_not_of("0123456789+-.:_eETZtz ") == std::string_view::npos;
}

bool can_be_plain(std::string_view text) {
  if (text.empty() || has_unprintable(text)) return false;
  const char first = text.front();
  if (!is_letter_or_digit(first) && first != '_' && first != '/' && first != '.' && first != '$' &&
      static_cast<unsigned char>(first) < 0x80) {
    return false;
  }
  if (text.find_first_of("\n\t") != std::string_view::npos || text.starts_with("...")) return false;
  if (text.back() == ' ' || text.back() == ':') return false;
  if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos) {
    return false;
  }
  return !looks_numeric(text) && resolve_plain_scalar(text).is_string();
}

/// A literal block keeps a text as it is if its first line shows the indentation and no line is
/// made of spaces only.
bool can_be_block(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || has_unprintable(text)) return false;
  if (text.front() == ' ' || text.front() == '\n') return false;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (!line.empty() && line.find_first_not_of(' ') == std::string_view::npos) return false;
    at = end + 1;
  }
  return true;
}

/// Writes one tree, two spaces a level; lists stand under their key without indentation, as kubectl
/// prints them.
class BlockWriter {
 public:
  /// `value` after "key:" or "-" on the current line, or below it. `indent` is that of its own
  /// lines.
  void value(const Json& value, size_t indent) {
    if (value.is_object() && !value.empty()) {
      members(value, indent);
    } else if (value.is_array() && !value.empty()) {
      elements(value, indent);
    } else {
      scalar(value, indent);
    }
  }

  std::string take() { return std::move(out_); }

 private:
  void start_line(size_t indent) {
    // The first member of an element stands on the element's own line.
    if (std::exchange(on_dash_, false)) return;
    out_.append(indent, ' ');
  }

  void members(const Json& map, size_t indent) {
    for (const auto& [key, child] : map.items()) {
      start_line(indent);
      const bool simple = write_key(key);
      if (!simple) {
        out_ += "\n";
        out_.append(indent, ' ');
      }
      out_ += ':';
      const bool nested = child.is_structured() && !child.empty();
      if (nested) out_ += '\n';
      value(child, child.is_object() || !nested || !simple ? indent + 2 : indent);
    }
  }

  /// False when the key was written in the explicit form, whose colon stands on the next line.
  bool write_key(const std::string& key) {
    std::string text;
    if (can_be_plain(key)) {
      text = key;
    } else {
      write_quoted(text, key);
    }
    const bool simple = text.size() <= kSimpleKeyBytesMax;
    out_ += (simple ? "" : "? ") + text;
    return simple;
  }

  void elements(const Json& list, size_t indent) {
    for (const Json& child : list) {
      start_line(indent);
      out_ += '-';
      if (child.is_structured() && !child.empty()) {
        out_ += ' ';
        on_dash_ = true;
      }
      value(child, indent + 2);
    }
  }

  void scalar(const Json& scalar, size_t indent) {
    if (!out_.empty()) out_ += ' ';
    if (!scalar.is_string()) {
      write_json(out_, scalar);
    } else {
      text(scalar.get_ref<const std::string&>(), indent);
    }
    out_ += '\n';
  }

  void text(const std::string& text, size_t indent) {
    if (can_be_plain(text)) {
      out_ += text;
    } else if (indent > 0 && can_be_block(text)) {
      block(text, indent);
    } else {
      write_quoted(out_, text);
    }
  }

  void block(const std::string& text, size_t indent) {
    const bool ends = text.back() == '\n';
    const bool keeps = ends && text[text.size() - 2] == '\n';
    out_ += keeps ? "|+" : ends ? "|" : "|-";
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      out_ += '\n';
      if (end > at) out_.append(indent, ' ').append(text, at, end - at);
      at = end + 1;
    }
  }

  std::string out_;
  bool on_dash_ = false;
};

}  // namespace

std::string to_yaml(const Json& tree) {
  BlockWriter writer;
  writer.value(tree, 0);
  return writer.take();
}

}  // namespace charter
