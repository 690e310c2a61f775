#include "controller/cel/url.h"

#include <cctype>

namespace charter::cel {
namespace {

bool is_hex(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}
unsigned hex_of(char c) {
  return c <= '9' ? static_cast<unsigned>(c - '0') : static_cast<unsigned>((c | 0x20) - 'a' + 10);
}

// Percent escapes resolved; nothing when one is broken. `plus` for queries, where + is a space.
std::optional<std::string> unescaped(std::string_view text, bool plus) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return std::nullopt;
      out += static_cast<char>(hex_of(text[i + 1]) * 16 + hex_of(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' && plus ? ' ' : text[i];
    }
  }
  return out;
}

bool is_path_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("-_.~$&+,/:;=@!'()*").find(c) != std::string_view::npos;
}

// What Go prints of a path: as written where that is valid, escaped where it is not.
std::string escaped_path(std::string_view path) {
  std::string out;
  constexpr char kDigits[] = "0123456789ABCDEF";
  bool valid = true;
  for (size_t i = 0; i < path.size(); ++i)
    valid &= is_path_character(path[i]) || path[i] == '%' || path[i] == '[' || path[i] == ']';
  if (valid) return std::string(path);
  const std::string plain = unescaped(path, false).value_or(std::string(path));
  for (const char c : plain) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_path_character(c) && c != '!' && c != '\'' && c != '(' && c != ')' && c != '*') {
      out += c;
    } else {
      ((out += '%') += kDigits[byte >> 4U]) += kDigits[byte & 15U];
    }
  }
  return out;
}

std::map<std::string, std::vector<std::string>> parse_query(std::string_view text) {
  std::map<std::string, std::vector<std::string>> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty() || pair.find(';') != std::string_view::npos) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    const auto key = unescaped(pair.substr(0, equals), true);
    const auto value = unescaped(pair.substr(std::min(equals + 1, pair.size())), true);
    if (key && value) out[*key].push_back(*value);
  }
  return out;
}

// The length of "scheme:" at the beginning, 0 without one, -1 when it is broken.
int scheme_length(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (std::isalpha(c)) continue;
    if (std::isdigit(c) || c == '+' || c == '-' || c == '.') {
      if (i == 0) return 0;
      continue;
    }
    if (c == ':') return i == 0 ? -1 : static_cast<int>(i);
    return 0;
  }
  return 0;
}

bool parse_authority(std::string_view authority, Url& out, std::string& problem) {
  const size_t at = authority.rfind('@');
  std::string_view host = at == std::string_view::npos ? authority : authority.substr(at + 1);
  std::string_view port;
  if (host.starts_with('[')) {
    const size_t close = host.rfind(']');
    if (close == std::string_view::npos) {
      problem = "missing ']' in host";
      return false;
    }
    port = host.substr(close + 1);
  } else if (const size_t colon = host.rfind(':'); colon != std::string_view::npos) {
    port = host.substr(colon);
  }
  bool right = port.empty() || port[0] == ':';
  for (size_t i = 1; i < port.size(); ++i)
    right &= std::isdigit(static_cast<unsigned char>(port[i])) != 0;
  if (!right) {
    problem = "invalid port \"" + std::string(port) + "\" after host";
    return false;
  }
  const auto plain = unescaped(host, false);
  if (!plain) {
    problem = "invalid URL escape";
    return false;
  }
  for (const char c : host)
    if (std::string_view(" \"<>\\^`{|}").find(c) != std::string_view::npos && c != '<' &&
        c != '>' && c != '"') {
      problem = std::string("invalid character \"") + c + "\" in host name";
      return false;
    }
  out.host = *plain;
  return true;
}

std::optional<Url> parse(std::string_view text, std::string& problem) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      problem = "net/url: invalid control character in URL";
      return std::nullopt;
    }
  if (text.empty()) {
    problem = "empty url";
    return std::nullopt;
  }
  Url out;
  const int scheme = scheme_length(text);
  if (scheme < 0) {
    problem = "missing protocol scheme";
    return std::nullopt;
  }
  if (scheme > 0) {
    for (const char c : text.substr(0, static_cast<size_t>(scheme)))
      out.scheme += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    text.remove_prefix(static_cast<size_t>(scheme) + 1);
  }
  const size_t question = text.find('?');
  if (question != std::string_view::npos) {
    out.query = parse_query(text.substr(question + 1));
    text = text.substr(0, question);
  }
  if (!text.starts_with('/')) {
    if (scheme > 0) return out;  // an opaque URL: no host, no path
    problem = "invalid URI for request";
    return std::nullopt;
  }
  if (scheme > 0 && text.starts_with("//")) {
    text.remove_prefix(2);
    const size_t slash = std::min(text.find('/'), text.size());
    if (!parse_authority(text.substr(0, slash), out, problem)) return std::nullopt;
    text.remove_prefix(slash);
  }
  if (!unescaped(text, false)) {
    problem = "invalid URL escape";
    return std::nullopt;
  }
  out.escaped_path = escaped_path(text);
  return out;
}

}  // namespace

std::string Url::host_name() const {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.rfind(':'));
}

std::string Url::port() const {
  const size_t colon = host.rfind(':');
  const size_t bracket = host.rfind(']');
  if (colon == std::string::npos || (bracket != std::string::npos && colon < bracket)) return {};
  return host.substr(colon + 1);
}

std::optional<Url> parse_url(std::string_view text, std::string& problem) {
  auto out = parse(text, problem);
  if (!out) problem = "parse \"" + std::string(text) + "\": " + problem;
  return out;
}

}  // namespace charter::cel
