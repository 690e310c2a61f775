#include "controller/api/list_options.h"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "controller/api/meta_rules.h"
#include "controller/api/status_body.h"
#include "controller/base/base64.h"
#include "controller/base/limits.h"

namespace charter {
namespace {

Error list_invalid(const char* field, const std::string& why) {
  return invalid("ListOptions.meta.k8s.io", nullptr, "", {{"FieldValueForbidden", "Forbidden: " + why, field}});
}

/// What a token carries in place of a revision when its page is to come from the newest state, as
/// in kube-apiserver.
constexpr int64_t kInconsistent = -1;

Status read_continue(std::string_view token, ListOptions& out) {
  const auto text = decode_base64url(token);
  const auto tree = text ? parse_json(*text) : Result<Json>(Error{Code::BadRequest, "not base64url"});
  const std::string start = tree ? text_at(*tree, {"start"}) : std::string();
  const auto revision = tree ? int_at(*tree, {"rv"}) : std::nullopt;
  const bool known_revision = revision && (*revision > 0 || *revision == kInconsistent);
  if (!tree || start.empty() || start.back() != '\x01' || !known_revision) {
    return Error{
        Code::BadRequest,
        "invalid continue token: continue key is not valid: the token was not made by this server"};
  }
  const size_t slash = std::min(start.find('/'), start.size() - 1);
  out.continued = true;
  out.at_revision = *revision == kInconsistent ? 0 : *revision;
  out.after = {start.substr(0, slash), start.substr(slash + 1, start.size() - slash - 2)};
  return {};
}

/// Watches live at most a year; a larger wish is the same as that one, and nanoseconds of it still fit.
constexpr int64_t kTimeoutSecondsMax = 365 * 86'400;

Result<int64_t> read_number(const Route& route, const char* name) {
  const std::string_view text = route.param(name);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    const bool too_large = error == std::errc::result_out_of_range;
    return Error{Code::BadRequest, "strconv.ParseInt: parsing " + encode(Json(text)) +
                                       (too_large ? ": value out of range" : ": invalid syntax")};
  }
  if (value < 0) {
    return Error{Code::BadRequest, std::string(name) + ": Invalid value: " + encode(Json(text)) +
                                       ": must be a non-negative integer"};
  }
  return value;
}

std::string token(int64_t revision, const ObjectName& last) {
  // The mark after the name makes the next page start after it; it is no character of a name, so
  // tokens of other make are refused.
  const Json document = {
      {"v", "meta.k8s.io/v1"}, {"rv", revision}, {"start", last.ns + "/" + last.name + "\x01"}};
  return encode_base64url(encode(document));
}

Status check_fields(const Selector& fields, const ResourceType& type) {
  for (const Requirement& requirement : fields.requirements()) {
    const std::string& key = requirement.key;
    const bool known = key == "metadata.name" || key == "metadata.namespace" ||
                       std::find(type.selectable_fields.begin(), type.selectable_fields.end(), key) != type.selectable_fields.end();
    if (!known) return Error{Code::BadRequest, "field label not supported: " + key};
  }
  return {};
}

Status read_version(const Route& route, ListUse use, ListOptions& out) {
  const std::string text(route.param("resourceVersion"));
  const std::string_view match = route.param("resourceVersionMatch");
  if (!text.empty()) {
    auto version = parse_version(text);
    if (!version) {
      const std::string why =
          "resourceVersion: Invalid value: " + encode(Json(text)) + ": " + version.error().message;
      if (use == ListUse::Watch) return Error{version.error().code, why};
      return Error{Code::BadRequest, "invalid resource version: " + why};
    }
    out.version = *version;
  }
  if (match.empty()) return {};
  if (out.send_initial_events && match == "NotOlderThan") {
    out.match = ListOptions::Match::NotOlderThan;
    return {};
  }
  if (use == ListUse::Watch) return list_invalid("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  if (text.empty()) {
    return list_invalid("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
  }
  if (out.continued) return list_invalid("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
  if (match == "Exact" && out.version == 0) {
    return list_invalid("resourceVersionMatch", "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"");
  }
  if (match != "Exact" && match != "NotOlderThan") {
    return invalid("ListOptions.meta.k8s.io", nullptr, "",
                   {{"FieldValueNotSupported", "Unsupported value: " + encode(Json(match)) +
                     ": supported values: \"Exact\", \"NotOlderThan\"", "resourceVersionMatch"}});
  }
  out.match = match == "Exact" ? ListOptions::Match::Exact : ListOptions::Match::NotOlderThan;
  return {};
}

std::string field_value(const Encoded& object, const std::string& key) {
  if (key == "metadata.name") return object.header().name;
  if (key == "metadata.namespace") return object.header().ns;
  if (const std::string* found = find_pair(object.header().fields, key)) return *found;
  // Stored before the definition selected this field: read it from the object.
  const Json tree = object.tree();
  const Json* node = &tree;
  std::string_view rest = key;
  while (node && !rest.empty()) {
    const size_t dot = std::min(rest.find('.'), rest.size());
    node = at(*node, {rest.substr(0, dot)});
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
  if (!node || node->is_null() || node->is_structured()) return {};
  return node->is_string() ? node->get<std::string>() : encode(*node);
}

}  // namespace

Result<ListOptions> parse_list_options(const Route& route, const ResourceType& type, ListUse use) {
  ListOptions out;
  CHARTER_TRY_ASSIGN(out.labels, Selector::parse_labels(route.param("labelSelector")));
  CHARTER_TRY_ASSIGN(out.fields, Selector::parse_fields(route.param("fieldSelector")));
  CHARTER_TRY(check_fields(out.fields, type));
  if (route.has_param("limit") && !route.param("limit").empty()) {
    CHARTER_TRY_ASSIGN(const int64_t limit, read_number(route, "limit"));
    out.limit = static_cast<size_t>(limit);
  }
  if (!route.param("timeoutSeconds").empty()) {
    CHARTER_TRY_ASSIGN(const int64_t timeout, read_number(route, "timeoutSeconds"));
    out.timeout_s = std::min(timeout, kTimeoutSecondsMax);
  }
  out.bookmarks = route.param("allowWatchBookmarks") == "true";
  out.send_initial_events = route.param("sendInitialEvents") == "true";
  if (!route.param("continue").empty()) CHARTER_TRY(read_continue(route.param("continue"), out));
  if (out.send_initial_events && use == ListUse::List) {
    return list_invalid("sendInitialEvents", "sendInitialEvents is forbidden for list");
  }
  if (out.send_initial_events && route.param("resourceVersionMatch") != "NotOlderThan") {
    return list_invalid("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
  if (out.continued && !route.param("resourceVersion").empty() && route.param("resourceVersion") != "0") {
    return Error{Code::BadRequest, "specifying resource version is not allowed when using continue"};
  }
  CHARTER_TRY(read_version(route, use, out));
  return out;
}

std::string make_continue_token(int64_t revision, const ObjectName& last) {
  return token(revision, last);
}

std::string make_inconsistent_token(const ObjectName& last) {
  return token(kInconsistent, last);
}

bool matches(const ListOptions& options, const Encoded& object) {
  if (!options.labels.empty() && !options.labels.matches(object.header().labels)) return false;
  for (const Requirement& requirement : options.fields.requirements()) {
    const std::string value = field_value(object, requirement.key);
    const bool listed = std::find(requirement.values.begin(), requirement.values.end(), value) != requirement.values.end();
    if (listed != (requirement.op == Requirement::Op::In)) return false;
  }
  return true;
}

}  // namespace charter
