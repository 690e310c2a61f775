#include "controller/cel/functions.h"
#include "controller/object/utf8.h"

#include <algorithm>

// Texts: the language's own tests, and the library "strings" in version 2, all in code points.
namespace charter::cel {
namespace {

Value number(size_t value) {
  return Value::integer(static_cast<int64_t>(value));
}

// The byte at which code point `index` begins; the text's end for one past the last.
size_t byte_of(std::string_view text, size_t index) {
  size_t at = 0;
  for (; index > 0 && at < text.size(); --index)
    at += std::max<size_t>(utf8_length(text, at), 1);
  return at;
}

Value out_of_range(int64_t index) {
  return Value::error("index out of range: " + std::to_string(index));
}

Value made_text(CallContext& context, std::string text) {
  return may_make(context, text.size()) ? Value::text(std::move(text)) : too_costly();
}

Value contains(const Value* args, size_t, CallContext&) {
  return Value::boolean(args[0].as_text().find(args[1].as_text()) != std::string_view::npos);
}

Value starts_with(const Value* args, size_t, CallContext&) {
  return Value::boolean(args[0].as_text().starts_with(args[1].as_text()));
}

Value ends_with(const Value* args, size_t, CallContext&) {
  return Value::boolean(args[0].as_text().ends_with(args[1].as_text()));
}

Value char_at(const Value* args, size_t, CallContext&) {
  const std::string_view text = args[0].as_text();
  const int64_t index = args[1].as_int();
  const auto size = static_cast<int64_t>(code_points(text));
  if (index < 0 || index > size) return out_of_range(index);
  if (index == size) return Value::text("");
  const size_t at = byte_of(text, static_cast<size_t>(index));
  return Value::text(std::string(text.substr(at, std::max<size_t>(utf8_length(text, at), 1))));
}

Value index_of(const Value* args, size_t count, CallContext&) {
  const std::string_view text = args[0].as_text();
  const std::string_view part = args[1].as_text();
  const int64_t from = count > 2 ? args[2].as_int() : 0;
  const auto size = static_cast<int64_t>(code_points(text));
  if (from < 0 || from > size) return out_of_range(from);
  const size_t at = text.find(part, byte_of(text, static_cast<size_t>(from)));
  return at == std::string_view::npos ? Value::integer(-1)
                                      : number(code_points(text.substr(0, at)));
}

Value last_index_of(const Value* args, size_t count, CallContext&) {
  const std::string_view text = args[0].as_text();
  const std::string_view part = args[1].as_text();
  const auto size = static_cast<int64_t>(code_points(text));
  const int64_t from = count > 2 ? args[2].as_int() : size;
  if (from < 0 || from > size) return out_of_range(from);
  const size_t at = text.rfind(part, byte_of(text, static_cast<size_t>(from)));
  return at == std::string_view::npos ? Value::integer(-1)
                                      : number(code_points(text.substr(0, at)));
}

Value lower(const Value* args, size_t, CallContext& context) {
  std::string out(args[0].as_text());
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return made_text(context, std::move(out));
}

Value upper(const Value* args, size_t, CallContext& context) {
  std::string out(args[0].as_text());
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return made_text(context, std::move(out));
}

// As Go's strings.Replace: an empty needle is found before each code point and at the end.
Value replace(const Value* args, size_t count, CallContext& context) {
  const std::string_view text = args[0].as_text();
  const std::string_view from = args[1].as_text();
  const std::string_view to = args[2].as_text();
  int64_t left = count > 3 ? args[3].as_int() : -1;
  std::string out;
  size_t at = 0;
  while (left != 0) {
    size_t hit = from.empty() ? at : text.find(from, at);
    if (hit == std::string_view::npos || hit > text.size()) break;
    if (!may_make(context, hit - at + to.size())) return too_costly();
    out.append(text.substr(at, hit - at)).append(to);
    at = hit + from.size();
    --left;
    if (!from.empty()) continue;
    if (at == text.size()) return Value::text(std::move(out));
    const size_t length = std::max<size_t>(utf8_length(text, at), 1);
    out.append(text.substr(at, length));
    at += length;
  }
  out.append(text.substr(std::min(at, text.size())));
  return made_text(context, std::move(out));
}

std::vector<Value> split_characters(std::string_view text, int64_t most) {
  std::vector<Value> out;
  for (size_t at = 0; at < text.size();) {
    const bool last = most > 0 && static_cast<int64_t>(out.size()) + 1 == most;
    const size_t length = last ? text.size() - at : std::max<size_t>(utf8_length(text, at), 1);
    out.push_back(Value::text(std::string(text.substr(at, length))));
    at += length;
  }
  return out;
}

Value split(const Value* args, size_t count, CallContext& context) {
  std::string_view text = args[0].as_text();
  const std::string_view mark = args[1].as_text();
  const int64_t most = count > 2 ? args[2].as_int() : -1;
  // Each part is a value of its own.
  size_t parts = mark.empty() ? text.size() : 1;
  for (size_t at = 0; !mark.empty() && (at = text.find(mark, at)) != std::string_view::npos;
       ++parts)
    at += mark.size();
  if (!may_make_items(context, 4 * parts) || !may_make(context, text.size())) return too_costly();
  std::vector<Value> out;
  if (most == 0) return Value::list(std::move(out));
  if (mark.empty()) return Value::list(split_characters(text, most));
  while (most < 0 || static_cast<int64_t>(out.size()) + 1 < most) {
    const size_t hit = text.find(mark);
    if (hit == std::string_view::npos) break;
    out.push_back(Value::text(std::string(text.substr(0, hit))));
    text.remove_prefix(hit + mark.size());
  }
  out.push_back(Value::text(std::string(text)));
  return Value::list(std::move(out));
}

Value join(const Value* args, size_t count, CallContext& context) {
  const std::string_view mark = count > 1 ? args[1].as_text() : std::string_view();
  std::string out;
  for (size_t i = 0; i < args[0].size(); ++i) {
    const Value part = args[0].element(i);
    if (part.is_error()) return part;
    if (part.kind() != Kind::String) return no_such_overload("join", args, count);
    if (!may_make(context, mark.size() + part.as_text().size())) return too_costly();
    if (i > 0) out += mark;
    out += part.as_text();
  }
  return Value::text(std::move(out));
}

Value substring(const Value* args, size_t count, CallContext& context) {
  const std::string_view text = args[0].as_text();
  const auto size = static_cast<int64_t>(code_points(text));
  const int64_t begin = args[1].as_int();
  const int64_t end = count > 2 ? args[2].as_int() : size;
  if (begin < 0 || begin > size) return out_of_range(begin);
  if (end < 0 || end > size) return out_of_range(end);
  if (begin > end)
    return Value::error("invalid substring range. start: " + std::to_string(begin) +
                        ", end: " + std::to_string(end));
  const size_t from = byte_of(text, static_cast<size_t>(begin));
  const size_t to = byte_of(text, static_cast<size_t>(end));
  return made_text(context, std::string(text.substr(from, to - from)));
}

// Unicode's White_Space, as Go's strings.TrimSpace.
bool is_space(std::string_view character) {
  if (character.size() == 1)
    return std::string_view(" \t\n\v\f\r").find(character[0]) != std::string_view::npos;
  for (const std::string_view space :
       {"\u0085", "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005",
        "\u2006", "\u2007", "\u2008", "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F",
        "\u3000"})
    if (character == space) return true;
  return false;
}

Value trim(const Value* args, size_t, CallContext& context) {
  std::string_view text = args[0].as_text();
  while (!text.empty()) {
    const size_t length = std::max<size_t>(utf8_length(text, 0), 1);
    if (!is_space(text.substr(0, length))) break;
    text.remove_prefix(length);
  }
  while (!text.empty()) {
    size_t begin = text.size() - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U)
      --begin;
    if (!is_space(text.substr(begin))) break;
    text.remove_suffix(text.size() - begin);
  }
  return made_text(context, std::string(text));
}

Value quote(const Value* args, size_t, CallContext& context) {
  std::string out = "\"";
  static constexpr std::string_view kMeant = "\a\b\f\n\r\t\v\\\"";
  static constexpr std::string_view kNames = "abfnrtv\\\"";
  for (const char c : args[0].as_text()) {
    const size_t at = kMeant.find(c);
    if (at == std::string_view::npos)
      out += c;
    else
      (out += '\\') += kNames[at];
  }
  return made_text(context, out + "\"");
}

}  // namespace

std::vector<FunctionRow> string_rows() {
  return {
      {".contains", "contains_string", "string; string", "bool", contains, Cost::Contains},
      {".startsWith", "starts_with_string", "string; string", "bool", starts_with, Cost::Second},
      {".endsWith", "ends_with_string", "string; string", "bool", ends_with, Cost::Second},
      {".charAt", "string_char_at_int", "string; int", "string", char_at},
      {".indexOf", "string_index_of_string", "string; string", "int", index_of, Cost::List},
      {".indexOf", "string_index_of_string_int", "string; string; int", "int", index_of,
       Cost::List},
      {".lastIndexOf", "string_last_index_of_string", "string; string", "int", last_index_of,
       Cost::List},
      {".lastIndexOf", "string_last_index_of_string_int", "string; string; int", "int",
       last_index_of, Cost::List},
      {".join", "list_join", "list(string)", "string", join, Cost::ResultTwice},
      {".join", "list_join_string", "list(string); string", "string", join, Cost::ResultTwice},
      {".lowerAscii", "string_lower_ascii", "string", "string", lower, Cost::Traverse},
      {".upperAscii", "string_upper_ascii", "string", "string", upper, Cost::Traverse},
      {".replace", "string_replace_string_string", "string; string; string", "string", replace,
       Cost::TraverseTwice},
      {".replace", "string_replace_string_string_int", "string; string; string; int", "string",
       replace, Cost::TraverseTwice},
      {".split", "string_split_string", "string; string", "list(string)", split,
       Cost::TraverseTwice},
      {".split", "string_split_string_int", "string; string; int", "list(string)", split,
       Cost::TraverseTwice},
      {".substring", "string_substring_int", "string; int", "string", substring, Cost::Traverse},
      {".substring", "string_substring_int_int", "string; int; int", "string", substring,
       Cost::Traverse},
      {".trim", "string_trim", "string", "string", trim, Cost::Traverse},
      {"strings.quote", "strings_quote", "string", "string", quote, Cost::Traverse},
  };
}

}  // namespace charter::cel
