#include "controller/object/value.h"

#include "controller/base/limits.h"
#include "controller/object/json_text.h"
#include "controller/object/utf8.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>

namespace charter {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

Error refuse(std::string_view text, size_t offset, const std::string& what) {
  return Error{Code::BadRequest, what + place_in(text, offset)};
}

/// What a text's characters so far say about the tree that a parser would build of it.
enum class Verdict { Fine, TooDeep, TooManyValues, TooManyLines };

std::string text_of(Verdict verdict) {
  if (verdict == Verdict::TooDeep) return too_deep_text();
  return "document has more than " + std::to_string(limits::kDocumentNodesMax) +
         (verdict == Verdict::TooManyValues ? " values" : " lines and values");
}

/// Counts what makes a tree of a text large before a parser builds it: in JSON the nesting and the
/// values, both outside strings.
class JsonShape {
 public:
  Verdict see(char c) {
    if (escaped_) {
      escaped_ = false;
    } else if (in_string_) {
      escaped_ = c == '\\';
      in_string_ = c != '"';
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      if (++depth_ > limits::kDocumentDepthMax) return Verdict::TooDeep;
      return count();
    } else if (c == ',') {
      return count();
    } else if ((c == '}' || c == ']') && depth_ > 0) {
      --depth_;
    }
    return Verdict::Fine;
  }

 private:
  Verdict count() {
    return ++nodes_ > limits::kDocumentNodesMax ? Verdict::TooManyValues : Verdict::Fine;
  }

  size_t depth_ = 0;
  size_t nodes_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

/// In YAML quotes and brackets mean nothing without its grammar, so every character that may start
/// a value counts, and every line.
class YamlShape {
 public:
  Verdict see(char c) {
    const bool counts = c == '\n' || c == ',' || c == '[' || c == '{';
    return counts && ++marks_ > limits::kDocumentNodesMax ? Verdict::TooManyLines : Verdict::Fine;
  }

 private:
  size_t marks_ = 0;
};

template <class Shape>
Status scan(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) return refuse(text, 0, "byte order mark is not allowed");
  Shape shape;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '\0') return refuse(text, at, "NUL byte is not allowed");
    if (const Verdict verdict = shape.see(c); verdict != Verdict::Fine) {
      return refuse(text, at, text_of(verdict));
    }
    const size_t length = utf8_length(text, at);
    if (length == 0) return refuse(text, at, "invalid UTF-8");
    at += length;
  }
  return {};
}

/// The escape of an ASCII character that JSON strings cannot hold, or nullptr.
const char* short_escape(char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return nullptr;
  }
}

void write_escaped(std::string& out, char c) {
  if (const char* escape = short_escape(c)) {
    out += escape;
    return;
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto code = static_cast<unsigned char>(c);
  out.append("\\u00").append(1, kHex[code >> 4]).append(1, kHex[code & 15]);
}

/// From here on the shortest digits that name a double end before its decimal point.
constexpr double kDigitsExact = 1e17;

/// "1.8446744073709552e+19" as "18446744073709552000".
void write_padded(std::string& out, std::string_view scientific) {
  const size_t e = scientific.find('e');
  int places = 0;
  std::from_chars(scientific.data() + e + 2, scientific.data() + scientific.size(), places);
  size_t after_point = 0;
  bool fraction = false;
  for (const char c : scientific.substr(0, e)) {
    if (c == '.') {
      fraction = true;
      continue;
    }
    out += c;
    after_point += fraction ? 1 : 0;
  }
  out.append(static_cast<size_t>(places) - after_point, '0');
}

void write_members(std::string& out, const Json::object_t& members) {
  out += '{';
  bool first = true;
  for (const auto& [key, value] : members) {
    if (!first) out += ',';
    first = false;
    write_json_string(out, key);
    out += ':';
    write_json(out, value);
  }
  out += '}';
}

void write_elements(std::string& out, const Json::array_t& elements) {
  out += '[';
  bool first = true;
  for (const Json& element : elements) {
    if (!first) out += ',';
    first = false;
    write_json(out, element);
  }
  out += ']';
}

}  // namespace

std::string too_deep_text() {
  return "nesting is deeper than " + std::to_string(limits::kDocumentDepthMax) + " levels";
}

Status check_text(std::string_view text) {
  return scan<YamlShape>(text);
}

Status check_document(std::string_view text) {
  return scan<JsonShape>(text);
}

std::string place_in(std::string_view text, size_t offset) {
  size_t line = 1;
  size_t line_start = 0;
  for (size_t i = 0; i < offset && i < text.size(); ++i) {
    if (text[i] != '\n') continue;
    ++line;
    line_start = i + 1;
  }
  return " at offset " + std::to_string(offset) + " (line " + std::to_string(line) + ", column " +
         std::to_string(offset - line_start + 1) + ")";
}

std::string name_character(std::string_view text, size_t offset) {
  const char c = text[offset];
  if (c == '\'') return "'\\''";
  if (static_cast<unsigned char>(c) >= 0x20) {
    // The parser may point at a character's tail byte.
    while (offset > 0 && (static_cast<unsigned char>(text[offset]) & 0xC0U) == 0x80U)
      --offset;
    const size_t length = utf8_length(text, offset);
    return "'" + std::string(text.substr(offset, length == 0 ? 1 : length)) + "'";
  }
  std::string name = "'";
  write_escaped(name, c);
  return name + "'";
}

void write_json_string(std::string& out, std::string_view text) {
  out += '"';
  size_t plain = 0;  // start of the bytes that can be copied as they are
  for (size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    const size_t length = c < 0x80 ? 1 : utf8_length(text, at);
    if (length != 0 && c >= 0x20 && c != '"' && c != '\\') {
      at += length;
      continue;
    }
    out.append(text, plain, at - plain);
    if (length == 0) {
      out += kReplacementCharacter;
    } else {
      write_escaped(out, text[at]);
    }
    plain = ++at;
  }
  out.append(text, plain);
  out += '"';
}

void write_json_float(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  // Go's encoding/json: exponents only below 1e-6 and from 1e21 on, with no zero before their
  // digits.
  const double size = std::abs(number);
  const bool exponent = size != 0 && (size < 1e-6 || size >= 1e21);
  const bool large = size >= kDigitsExact && !exponent;
  char digits[64];
  const auto [end, error] =
      std::to_chars(digits, digits + sizeof digits, number,
                    exponent || large ? std::chars_format::scientific : std::chars_format::fixed);
  const std::string_view text(digits, static_cast<size_t>(end - digits));
  if (large) {
    write_padded(out, text);
  } else if (exponent && text.size() >= 4 && text.substr(text.size() - 4, 3) == "e-0") {
    out.append(text.substr(0, text.size() - 2)).append(1, text.back());
  } else {
    out += text;
  }
}

void write_json(std::string& out, const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      return write_members(out, value.get_ref<const Json::object_t&>());
    case Json::value_t::array:
      return write_elements(out, value.get_ref<const Json::array_t&>());
    case Json::value_t::string:
      return write_json_string(out, value.get_ref<const std::string&>());
    case Json::value_t::boolean:
      out += value.get<bool>() ? "true" : "false";
      return;
    case Json::value_t::number_integer:
      out += std::to_string(value.get<int64_t>());
      return;
    case Json::value_t::number_unsigned:
      out += std::to_string(value.get<uint64_t>());
      return;
    case Json::value_t::number_float:
      return write_json_float(out, value.get<double>());
    case Json::value_t::null:
    case Json::value_t::binary:
    case Json::value_t::discarded:
      out += "null";
      return;
  }
}

std::string encode(const Json& tree) {
  std::string out;
  write_json(out, tree);
  return out;
}

const Json* at(const Json& tree, std::initializer_list<std::string_view> path) {
  const Json* node = &tree;
  for (const std::string_view key : path) {
    if (!node->is_object()) return nullptr;
    const auto member = node->find(key);
    if (member == node->end()) return nullptr;
    node = &*member;
  }
  return node;
}

std::string text_at(const Json& tree, std::initializer_list<std::string_view> path) {
  const Json* node = at(tree, path);
  return node != nullptr && node->is_string() ? node->get<std::string>() : std::string();
}

std::optional<int64_t> int_at(const Json& tree, std::initializer_list<std::string_view> path) {
  const Json* node = at(tree, path);
  if (node == nullptr || !node->is_number_integer()) return std::nullopt;
  if (node->is_number_unsigned() && node->get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) {
    return std::nullopt;
  }
  return node->get<int64_t>();
}

bool flag_at(const Json& tree, std::initializer_list<std::string_view> path, bool otherwise) {
  const Json* node = at(tree, path);
  return node != nullptr && node->is_boolean() ? node->get<bool>() : otherwise;
}

}  // namespace charter
