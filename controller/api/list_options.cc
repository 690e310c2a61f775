#include "controller/api/list_options.h"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "controller/api/meta_rules.h"
#include "controller/api/page_token.h"
#include "controller/api/status_body.h"
#include "controller/base/limits.h"
#include "controller/object/causes.h"

namespace charter {
namespace {

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

Status check_fields(const Selector& fields, const ResourceType& type) {
  for (const Requirement& requirement : fields.requirements()) {
    const std::string& key = requirement.key;
    const bool known = key == "metadata.name" || key == "metadata.namespace" ||
                       std::find(type.selectable_fields.begin(), type.selectable_fields.end(), key) != type.selectable_fields.end();
    if (!known) return Error{Code::BadRequest, "field label not supported: " + key};
  }
  return {};
}

/// Rules for resourceVersionMatch and sendInitialEvents, which hold whatever the other parameters are (apimachinery
/// ValidateListOptions).
void check_match(const Route& route, ListUse use, std::vector<Cause>& causes) {
  constexpr const char* kMatch = "resourceVersionMatch";
  const std::string match(route.param(kMatch));
  const bool initial = route.flag("sendInitialEvents").has_value();
  const auto forbid = [&](const char* field, const std::string& why) {
    causes.push_back(forbidden_cause(field, why));
  };
  if (use == ListUse::Watch) {
    if (initial && match != "NotOlderThan")
      forbid(kMatch, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    if (match.empty()) return;
    if (!initial)
      forbid(kMatch, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    if (match != "NotOlderThan") causes.push_back(unsupported_cause(kMatch, match, {"NotOlderThan"}));
    if (!route.param("continue").empty())
      forbid(kMatch, "resourceVersionMatch is forbidden when continue is provided");
    return;
  }
  if (!match.empty()) {
    if (route.param("resourceVersion").empty())
      forbid(kMatch, "resourceVersionMatch is forbidden unless resourceVersion is provided");
    if (!route.param("continue").empty())
      forbid(kMatch, "resourceVersionMatch is forbidden when continue is provided");
    if (match != "Exact" && match != "NotOlderThan")
      causes.push_back(unsupported_cause(kMatch, match, {"Exact", "NotOlderThan"}));
    if (match == "Exact" && route.param("resourceVersion") == "0")
      forbid(kMatch, "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"");
  }
  if (initial) forbid("sendInitialEvents", "sendInitialEvents is forbidden for list");
}

Status read_version(const Route& route, ListUse use, ListOptions& out) {
  const std::string text(route.param("resourceVersion"));
  if (text.empty()) return {};
  auto version = parse_version(text);
  if (version) {
    out.version = *version;
    return {};
  }
  const std::string why =
      "resourceVersion: Invalid value: " + encode(Json(text)) + ": " + version.error().message;
  if (use == ListUse::Watch) return Error{version.error().code, why};
  return Error{Code::BadRequest, "invalid resource version: " + why};
}

ListOptions::Match match_of(const Route& route, const ListOptions& options) {
  const std::string_view word = route.param("resourceVersionMatch");
  if (word == "Exact") return ListOptions::Match::Exact;
  if (word == "NotOlderThan") return ListOptions::Match::NotOlderThan;
  // A first page of a version has always been one of exactly that version.
  const bool page = options.limit > 0 && options.version.value_or(0) > 0;
  return page ? ListOptions::Match::Exact : ListOptions::Match::Unset;
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
  out.bookmarks = route.flag("allowWatchBookmarks").value_or(false);
  out.initial_events = route.flag("sendInitialEvents");
  std::vector<Cause> causes;
  check_match(route, use, causes);
  if (!causes.empty()) return invalid("ListOptions.meta.k8s.io", nullptr, "", std::move(causes));
  CHARTER_TRY(read_version(route, use, out));
  out.match = match_of(route, out);
  if (use == ListUse::Watch || route.param("continue").empty()) return out;
  CHARTER_TRY_ASSIGN(PageToken page, read_page_token(route.param("continue")));
  if (out.version.value_or(0) > 0)
    return Error{Code::BadRequest, "specifying resource version is not allowed when using continue"};
  out.continued = true;
  out.at_revision = page.revision;
  out.after = std::move(page.after);
  return out;
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
