#include "controller/api/router.h"

#include "controller/base/limits.h"
#include "controller/object/value.h"

namespace charter {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Error bad_path(const std::string& why) { return {Code::BadRequest, "invalid request path: " + why}; }

Result<std::vector<std::string>> split_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return bad_path("must start with /");
  std::vector<std::string> out;
  size_t from = 1;
  while (from <= path.size()) {
    const size_t slash = std::min(path.find('/', from), path.size());
    const std::string_view raw = path.substr(from, slash - from);
    // One trailing slash is tolerated ("/apis/"), as kube-apiserver does for discovery.
    if (raw.empty() && slash == path.size()) break;
    if (raw.empty()) return bad_path("empty segment");
    CHARTER_TRY_ASSIGN(std::string segment, percent_decode(raw, PlusMeans::Plus));
    if (segment == "." || segment == ".." || segment.find('/') != std::string::npos) {
      return bad_path("segment is not a name");
    }
    out.push_back(std::move(segment));
    from = slash + 1;
  }
  return out;
}

Status split_query(std::string_view query, Route& out) {
  while (!query.empty()) {
    const size_t amp = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, amp);
    query.remove_prefix(std::min(amp + 1, query.size()));
    if (part.empty()) continue;
    const size_t equals = std::min(part.find('='), part.size());
    CHARTER_TRY_ASSIGN(std::string key, percent_decode(part.substr(0, equals), PlusMeans::Space));
    CHARTER_TRY_ASSIGN(std::string value,
                       percent_decode(part.substr(std::min(equals + 1, part.size())), PlusMeans::Space));
    out.query.emplace_back(std::move(key), std::move(value));
  }
  return {};
}

/// Takes the segments after the version: [namespaces/N/]R[/NAME[/SUB]]; "watch/" is the old spelling of ?watch=1.
void take_resource(std::vector<std::string> parts, Route& out) {
  size_t at = 0;
  if (at < parts.size() && parts[at] == "watch" && parts.size() > 1) {
    out.query.emplace_back("watch", "true");
    ++at;
  }
  const size_t left = parts.size() - at;
  // /namespaces/N, /namespaces/N/status and /namespaces/N/finalize are the Namespace itself.
  const bool scoped = left >= 3 && parts[at] == "namespaces" &&
                      !(left == 3 && (parts[at + 2] == "status" || parts[at + 2] == "finalize"));
  if (scoped) {
    out.ns = parts[at + 1];
    at += 2;
  }
  if (at < parts.size()) out.resource = parts[at++];
  if (at < parts.size()) out.name = parts[at++];
  if (at < parts.size()) out.subresource = parts[at++];
  out.place = at == parts.size() && !out.resource.empty() ? Route::Place::Resource : Route::Place::Unknown;
}

Status take_verb(std::string_view method, Route& out) {
  const bool one = !out.name.empty();
  if (method == "GET" || method == "HEAD") {
    const bool watch = out.flag("watch").value_or(false);
    out.verb = watch ? Route::Verb::Watch : one ? Route::Verb::Get : Route::Verb::List;
    return {};
  }
  if (method == "POST") {
    out.verb = Route::Verb::Create;
    return {};
  }
  if (method == "PUT") {
    if (!one) return Error{Code::BadRequest, "name must be provided"};
    out.verb = Route::Verb::Update;
    return {};
  }
  if (method == "PATCH") {
    if (!one) return Error{Code::MethodNotAllowed, "the server does not allow this method on the requested resource"};
    out.verb = Route::Verb::Patch;
    return {};
  }
  if (method == "DELETE") {
    out.verb = one ? Route::Verb::Delete : Route::Verb::DeleteCollection;
    return {};
  }
  return Error{Code::MethodNotAllowed, "the server does not allow this method on the requested resource"};
}

void take_api(std::vector<std::string>& parts, Route& out) {
  const bool core = parts[0] == "api";
  const size_t prefix = core ? 2 : 3;
  if (parts.size() == 1) {
    out.place = core ? Route::Place::Api : Route::Place::Apis;
    return;
  }
  if (!core) out.group = parts[1];
  if (parts.size() < prefix) {
    out.place = Route::Place::Group;
    return;
  }
  out.version = parts[prefix - 1];
  if (parts.size() == prefix) {
    out.place = Route::Place::Version;
    return;
  }
  take_resource({parts.begin() + static_cast<ptrdiff_t>(prefix), parts.end()}, out);
}

}  // namespace

std::string_view Route::param(std::string_view key) const {
  for (const auto& [param_key, value] : query) {
    if (param_key == key) return value;
  }
  return {};
}

bool Route::has_param(std::string_view key) const {
  for (const auto& [param_key, value] : query) {
    if (param_key == key) return true;
  }
  return false;
}

std::optional<bool> Route::flag(std::string_view key) const {
  if (!has_param(key)) return std::nullopt;
  std::string value(param(key));
  for (char& letter : value) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return value != "false" && value != "0";
}

std::string_view verb_word(Route::Verb verb) {
  constexpr std::string_view kWords[] = {"get",    "list",  "watch",  "create",
                                         "update", "patch", "delete", "deletecollection"};
  return kWords[static_cast<size_t>(verb)];
}

Result<std::string> percent_decode(std::string_view text, PlusMeans plus) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus == PlusMeans::Space) c = ' ';
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return Error{Code::BadRequest, "invalid URL escape"};
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return Error{Code::BadRequest, "invalid URL escape: NUL byte"};
    out += c;
  }
  // Depth does not matter here, but the same scan knows UTF-8; brackets in a query must not count as nesting.
  std::string flat = out;
  for (char& c : flat) {
    if (c == '[' || c == ']' || c == '{' || c == '}' || c == '"') c = '_';
  }
  if (!check_document(flat)) return Error{Code::BadRequest, "invalid URL escape: not UTF-8"};
  return out;
}

Result<Route> route(std::string_view method, std::string_view path, std::string_view query) {
  Route out;
  CHARTER_TRY_ASSIGN(std::vector<std::string> parts, split_path(path));
  CHARTER_TRY(split_query(query, out));
  out.rest = std::string(path);
  if (parts.empty()) return out;
  const std::string& root = parts[0];
  if (root == "api" || root == "apis") {
    take_api(parts, out);
  } else if (root == "openapi") {
    out.place = Route::Place::OpenApi;
  } else if (root == "healthz" || root == "livez" || root == "readyz") {
    out.place = Route::Place::Health;
  } else if (parts.size() == 1 && root == "version") {
    out.place = Route::Place::ServerVersion;
  } else if (parts.size() == 1 && root == "metrics") {
    out.place = Route::Place::Metrics;
  } else if (path == kIssuerConfigurationPath || path == kIssuerKeysPath) {
    out.place = Route::Place::Issuer;
  } else if (parts.size() == 3 && root == "receivers") {
    out.place = Route::Place::Receiver;
    out.resource = parts[1];
    out.name = parts[2];
  }
  if (out.place == Route::Place::Unknown) return out;
  if (out.place == Route::Place::Resource) {
    CHARTER_TRY(take_verb(method, out));
  } else if (out.place == Route::Place::Receiver ? method != "POST"
                                                   : method != "GET" && method != "HEAD") {
    return Error{Code::MethodNotAllowed, "the server does not allow this method on the requested resource"};
  }
  return out;
}

}  // namespace charter
