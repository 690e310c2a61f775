#pragma once

#include "controller/base/result.h"

#include <span>
#include <string>

// What texts of libvirt and of the tools on the way to a host mean for who logs in. Pure.
namespace charter::libvirt {

/// A row of such a table.
struct Meaning {
  const char* said;    ///< part of the text
  const char* reason;  ///< of drivers/credentials.h; nullptr: none
  const char* message;
};

/// ServiceUnavailable at `uri` by the first row that fits, or with `otherwise`.
inline Error meaning_of(std::span<const Meaning> table, const std::string& text,
                        const std::string& uri, const std::string& otherwise) {
  for (const Meaning& meaning : table) {
    if (text.find(meaning.said) == std::string::npos) continue;
    return {Code::ServiceUnavailable, uri + ": " + meaning.message,
            meaning.reason == nullptr ? "" : meaning.reason};
  }
  return {Code::ServiceUnavailable, uri + ": " + otherwise};
}

}  // namespace charter::libvirt
