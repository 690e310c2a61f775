#pragma once

#include "controller/base/result.h"

#include <string>

namespace pugi {
class xml_document;
}

// XML trees from and to text. Trees are the only way in which this driver makes XML, so that no
// value can end an element.
namespace charter::libvirt {

/// Without a declaration, which libvirt does not need.
std::string text_of(const pugi::xml_document& document);

/// Parses what a hypervisor said: no DTD, no entities but XML's own five. Errors:
/// ServiceUnavailable.
Status parse_xml(const std::string& text, pugi::xml_document& document);

/// Whether a value can stand in XML at all: no control characters but tab and line breaks.
bool is_xml_text(const std::string& value);

}  // namespace charter::libvirt
