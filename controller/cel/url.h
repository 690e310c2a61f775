#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace charter::cel {

/// An absolute URI or absolute path, taken apart as Go's url.ParseRequestURI does.
struct Url {
  std::string scheme, host, escaped_path;
  std::map<std::string, std::vector<std::string>> query;

  std::string host_name() const;  ///< without brackets and port
  std::string port() const;
  bool operator==(const Url&) const = default;
};

/// Nothing, with `problem` in Go's words, for what is no such URL.
std::optional<Url> parse_url(std::string_view text, std::string& problem);

}  // namespace charter::cel
