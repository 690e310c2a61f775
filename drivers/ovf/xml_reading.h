#pragma once

#include "controller/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pugi {
class xml_node;
}

// How a descriptor's elements are read: by their local names. Pure.
namespace charter {

/// Code Invalid, "descriptor: …".
Error invalid_ovf(const std::string& what);
/// For messages: what came from the package, short and without control characters.
std::string quoted(std::string_view text);

std::string_view local_name(const pugi::xml_node& node);
/// Empty when there is none.
std::string attribute_of(const pugi::xml_node& node, std::string_view name);
pugi::xml_node child_of(const pugi::xml_node& node, std::string_view name);
std::vector<pugi::xml_node> children_of(const pugi::xml_node& node, std::string_view name);
/// Text of a child, without blanks around it; empty when there is none.
std::string text_of(const pugi::xml_node& node, std::string_view child);

/// A count of OVF's units: none, "byte", "byte * 2^20", and the words of version 0.9, in bytes.
/// `where` is named in errors. Errors: Invalid.
Result<int64_t> amount_of(const std::string& where, const std::string& count,
                          const std::string& units);

/// Adds a line to a report, which is bounded.
void note_ignored(std::vector<std::string>& report, const std::string& line);

}  // namespace charter
