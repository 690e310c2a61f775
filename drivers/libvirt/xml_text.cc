#include "drivers/libvirt/xml_text.h"

#include "drivers/libvirt/limits.h"

#include <pugixml.hpp>

#include <algorithm>
#include <sstream>

namespace charter::libvirt {

std::string text_of(const pugi::xml_document& document) {
  std::ostringstream out;
  document.save(out, " ", pugi::format_indent | pugi::format_no_declaration);
  return out.str();
}

Status parse_xml(const std::string& text, pugi::xml_document& document) {
  if (text.size() > limits::kDomainXmlBytesMax) {
    return Error{Code::ServiceUnavailable, "the host's answer has " + std::to_string(text.size()) +
                                               " bytes, limit " +
                                               std::to_string(limits::kDomainXmlBytesMax)};
  }
  const auto parsed =
      document.load_buffer(text.data(), text.size(), pugi::parse_default & ~pugi::parse_doctype);
  if (parsed) return {};
  return Error{Code::ServiceUnavailable, "the host's answer is no XML"};
}

bool is_xml_text(const std::string& value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\t' && c != '\n' && c != '\r';
  });
}

}  // namespace charter::libvirt
