#pragma once

#include <string>
#include <string_view>

namespace charter {

/// `text` in gzip's format (RFC 1952), for answers that are large, made once and asked for often.
std::string gzip(std::string_view text);

/// True when an Accept-Encoding header allows gzip.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace charter
