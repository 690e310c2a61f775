#include "drivers/ovf/xml_reading.h"

#include "drivers/ovf/limits.h"

#include <pugixml.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace charter {
namespace {

std::string trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

std::string_view local(std::string_view name) {
  const size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  return whole && value >= 0 ? std::optional(value) : std::nullopt;
}

/// Bytes of one unit.
std::optional<int64_t> unit_of(const std::string& units) {
  std::string text;
  std::copy_if(units.begin(), units.end(), std::back_inserter(text),
               [](char c) { return c != ' '; });
  if (text.empty() || text == "byte" || text == "Bytes") return 1;
  if (text == "KiloBytes" || text == "KB") return int64_t{1} << 10;
  if (text == "MegaBytes" || text == "MB") return int64_t{1} << 20;
  if (text == "GigaBytes" || text == "GB") return int64_t{1} << 30;
  constexpr std::string_view kPower = "byte*2^";
  if (!text.starts_with(kPower)) return std::nullopt;
  const auto power = whole_number(std::string_view(text).substr(kPower.size()));
  if (!power || *power > 50) return std::nullopt;
  return int64_t{1} << *power;
}

}  // namespace

Error invalid_ovf(const std::string& what) {
  return {Code::Invalid, "descriptor: " + what};
}

std::string quoted(std::string_view text) {
  constexpr size_t kShown = 64;
  std::string out = "\"";
  for (const char c : text.substr(0, kShown))
    out += static_cast<unsigned char>(c) < 0x20 || c == '\x7f' ? '?' : c;
  return out + "\"";
}

std::string_view local_name(const pugi::xml_node& node) {
  return local(node.name());
}

std::string attribute_of(const pugi::xml_node& node, std::string_view name) {
  for (const auto& attribute : node.attributes()) {
    if (local(attribute.name()) == name) return attribute.value();
  }
  return "";
}

pugi::xml_node child_of(const pugi::xml_node& node, std::string_view name) {
  for (const auto& child : node.children()) {
    if (local_name(child) == name) return child;
  }
  return {};
}

std::vector<pugi::xml_node> children_of(const pugi::xml_node& node, std::string_view name) {
  std::vector<pugi::xml_node> found;
  for (const auto& child : node.children()) {
    if (local_name(child) == name) found.push_back(child);
  }
  return found;
}

std::string text_of(const pugi::xml_node& node, std::string_view child) {
  return trimmed(child_of(node, child).text().as_string());
}

Result<int64_t> amount_of(const std::string& where, const std::string& count,
                          const std::string& units) {
  const auto number = whole_number(trimmed(count));
  if (!number || *number == 0) return invalid_ovf(where + ": " + quoted(count) + " is no amount");
  const auto unit = unit_of(units);
  if (!unit) return invalid_ovf(where + ": unit " + quoted(units) + " is not known");
  if (*number > std::numeric_limits<int64_t>::max() / *unit)
    return invalid_ovf(where + ": " + quoted(count) + " is too much");
  return *number * *unit;
}

void note_ignored(std::vector<std::string>& report, const std::string& line) {
  if (report.size() < limits::kOvfNoticesMax) report.push_back(line);
}

}  // namespace charter
