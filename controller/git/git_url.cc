#include "controller/git/git_url.h"

#include "controller/git/git_reader.h"
#include "controller/git/limits.h"

#include <algorithm>

namespace charter {
namespace {

Error invalid(const std::string& what) {
  return Error{Code::Invalid, "url: " + what, kGitInvalid};
}

bool is_host(std::string_view host) {
  const auto taken = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':';
  };
  return !host.empty() && host.front() != '-' && std::all_of(host.begin(), host.end(), taken);
}

bool is_user(std::string_view user) {
  const auto taken = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == '+';
  };
  return !user.empty() && user.front() != '-' && std::all_of(user.begin(), user.end(), taken);
}

bool is_port(std::string_view port) {
  return !port.empty() && port.size() <= 5 &&
         std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         std::stoi(std::string(port)) >= 1 && std::stoi(std::string(port)) <= 65535;
}

// "user@host:port", "[::1]:22".
Status read_authority(std::string_view text, GitUrl& url) {
  const size_t at = text.rfind('@');
  if (at != std::string_view::npos) {
    url.user = text.substr(0, at);
    text.remove_prefix(at + 1);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return invalid("a bracket is not closed");
    url.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.empty() && text.front() != ':') return invalid("expected a port after ]");
    port = text.empty() ? text : text.substr(1);
    if (!text.empty() && port.empty()) return invalid("no port after :");
  } else {
    const size_t colon = text.find(':');
    url.host = text.substr(0, colon);
    if (url.host.find(':') != std::string::npos)
      return invalid("an IPv6 address stands in brackets");
    if (colon != std::string_view::npos) {
      port = text.substr(colon + 1);
      if (!is_port(port)) return invalid("the port is no number from 1 to 65535");
    }
  }
  if (!is_host(url.host)) return invalid("this is no name of a host");
  if (!port.empty() && !is_port(port)) return invalid("the port is no number from 1 to 65535");
  url.port = port;
  return {};
}

Result<GitUrl> complete_ssh(GitUrl url) {
  url.scheme = GitUrl::Scheme::Ssh;
  if (url.user.empty()) url.user = "git";
  if (url.port.empty()) url.port = "22";
  if (!is_user(url.user)) return invalid("the user may have letters, digits and . - _ + only");
  if (url.path.find('%') != std::string::npos)
    return invalid("write the path of an ssh address without %");
  // The home directory of a user, as git writes it.
  if (url.path.starts_with("/~")) url.path.erase(0, 1);
  if (url.path.empty() || url.path == "/") return invalid("names no repository");
  if (url.path.front() == '-') return invalid("a path cannot begin with -");
  return url;
}

// user@host:path, the short form of ssh.
Result<GitUrl> parse_short(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.substr(0, colon).find('/') != std::string_view::npos)
    return invalid("expected https://…, ssh://…, user@host:path or file:///…");
  GitUrl url;
  CHARTER_TRY(read_authority(text.substr(0, colon), url));
  url.path = text.substr(colon + 1);
  return complete_ssh(std::move(url));
}

Result<GitUrl> parse_https(std::string_view rest) {
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos || slash + 1 == rest.size())
    return invalid("names no repository");
  if (rest.substr(0, slash).find('@') != std::string_view::npos)
    return invalid(
        "has a user in it; credentials belong into a Secret, because addresses are shown");
  GitUrl url;
  CHARTER_TRY(read_authority(rest.substr(0, slash), url));
  if (url.port.empty()) url.port = "443";
  url.path = rest.substr(slash);
  if (url.path.find_first_of("?#") != std::string::npos) return invalid("has a query");
  return url;
}

Result<GitUrl> parse_file(std::string_view rest) {
  if (!rest.starts_with('/')) return invalid("a file's address begins with file:///");
  if (rest.find('%') != std::string_view::npos)
    return invalid("write the path of a file's address without %");
  GitUrl url;
  url.scheme = GitUrl::Scheme::File;
  url.path = rest;
  while (url.path.size() > 1 && url.path.ends_with('/'))
    url.path.pop_back();
  return url;
}

Result<GitUrl> parse_ssh(std::string_view rest) {
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return invalid("names no repository");
  GitUrl url;
  CHARTER_TRY(read_authority(rest.substr(0, slash), url));
  url.path = rest.substr(slash);
  return complete_ssh(std::move(url));
}

}  // namespace

std::string GitUrl::text() const {
  if (scheme == Scheme::File) return "file://" + path;
  const std::string shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (scheme == Scheme::Https) return "https://" + shown + (port == "443" ? "" : ":" + port) + path;
  // A path relative to the user's home has no form of its own in ssh://; /./ keeps it apart from
  // the absolute one.
  return "ssh://" + user + "@" + shown + ":" + port + (path.front() == '/' ? "" : "/./") + path;
}

Result<GitUrl> parse_git_url(std::string_view text) {
  if (text.empty()) return invalid("is empty");
  if (text.size() > limits::kGitUrlBytesMax)
    return invalid("longer than " + std::to_string(limits::kGitUrlBytesMax) + " bytes");
  for (const unsigned char c : text)
    if (c <= ' ' || c >= 0x7f || c == '\\' || c == '"' || c == '\'' || c == '`')
      return invalid("spaces, quotes, control characters and letters beyond ASCII are not taken");
  if (text.starts_with("https://")) return parse_https(text.substr(8));
  if (text.starts_with("ssh://")) return parse_ssh(text.substr(6));
  if (text.starts_with("file://")) return parse_file(text.substr(7));
  if (text.starts_with("http://"))
    return invalid("http is not taken: who stands between could change what is applied; use https");
  if (text.find("://") != std::string_view::npos)
    return invalid("the scheme is none of https, ssh and file");
  return parse_short(text);
}

}  // namespace charter
