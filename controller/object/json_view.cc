#include "controller/object/json_view.h"

#include "controller/object/json_text.h"

#include <nlohmann/json.hpp>

#include <cstring>

namespace charter {
namespace {

/// One past the string whose opening quote is at `at`.
size_t end_of_string(std::string_view text, size_t at) {
  for (++at; at < text.size(); ++at) {
    const void* quote = std::memchr(text.data() + at, '"', text.size() - at);
    if (quote == nullptr) return text.size();
    at = static_cast<size_t>(static_cast<const char*>(quote) - text.data());
    size_t slashes = 0;
    while (text[at - 1 - slashes] == '\\')
      ++slashes;
    if (slashes % 2 == 0) return at + 1;
  }
  return text.size();
}

/// One past the value that starts at `at`.
size_t end_of_value(std::string_view text, size_t at) {
  size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = end_of_string(text, at);
      if (depth == 0) return at;
      continue;
    }
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    } else if (c == ',' && depth == 0) {
      return at;
    }
    ++at;
  }
  return at;
}

/// Calls `visit` with key and value of each member until it returns false.
template <class Visit>
void each_member(std::string_view text, const Visit& visit) {
  if (text.empty() || text.front() != '{') return;
  for (size_t at = 1; at < text.size() && text[at] == '"';) {
    const size_t colon = end_of_string(text, at);
    const size_t end = end_of_value(text, colon + 1);
    if (!visit(text.substr(at, colon - at), text.substr(colon + 1, end - colon - 1))) return;
    at = end + 1;
  }
}

}  // namespace

JsonView::JsonView(std::string_view text) {
  members_.reserve(8);  // apiVersion, kind, metadata, spec, status and room
  each_member(text, [this](std::string_view key, std::string_view value) {
    members_.emplace_back(key, value);
    return true;
  });
}

std::string_view JsonView::member(std::string_view key) const {
  for (const auto& [name, value] : members_) {
    if (name == key) return value;
  }
  return {};
}

std::string json_key(std::string_view name) {
  std::string out;
  write_json_string(out, name);
  return out;
}

std::string json_string(std::string_view value) {
  if (value.size() < 2 || value.front() != '"') return {};
  if (value.find('\\') == std::string_view::npos)
    return std::string(value.substr(1, value.size() - 2));
  const auto parsed = read_json(value);
  return parsed && parsed->is_string() ? parsed->get<std::string>() : std::string();
}

std::string_view json_member(std::string_view object, std::string_view key) {
  std::string_view found;
  each_member(object, [&](std::string_view name, std::string_view value) {
    if (name != key) return true;
    found = value;
    return false;
  });
  return found;
}

void each_json_element(std::string_view array, const std::function<bool(std::string_view)>& visit) {
  if (array.empty() || array.front() != '[') return;
  for (size_t at = 1; at < array.size() && array[at] != ']';) {
    const size_t end = end_of_value(array, at);
    if (!visit(array.substr(at, end - at))) return;
    at = end + 1;
  }
}

}  // namespace charter
