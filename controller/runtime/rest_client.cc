#include "controller/runtime/rest_client.h"

#include "controller/base/limits.h"
#include "controller/object/view.h"
#include "controller/runtime/limits.h"
#include "controller/runtime/rest_document.h"
#include "controller/runtime/rest_pages.h"
#include "controller/runtime/rest_watch.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace charter {
namespace {

const char* subresource_of(Part part) {
  switch (part) {
    case Part::Status:
      return "/status";
    case Part::Finalize:
      return "/finalize";
    case Part::Main:
      break;
  }
  return "";
}

bool is_throttled(const Error& error) {
  if (error.retry_after_s <= 0) return false;
  return error.code == Code::TooManyRequests || error.code == Code::ServiceUnavailable ||
         error.code == Code::ServerTimeout || error.code == Code::InternalError;
}

Json deletion_body(const Deletion& deletion) {
  Json body = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  if (!deletion.uid.empty()) body["preconditions"]["uid"] = deletion.uid;
  if (deletion.version != 0)
    body["preconditions"]["resourceVersion"] = std::to_string(deletion.version);
  if (!deletion.propagation.empty()) body["propagationPolicy"] = deletion.propagation;
  return body;
}

// Of managedFields, half of an object's bytes, only who wrote a spec is computed with.
void project_managers(Json& metadata) {
  const auto found = metadata.find("managedFields");
  if (found == metadata.end()) return;
  Json kept = Json::array();
  for (const Json& entry : *found) {
    if (at(entry, {"fieldsV1", "f:spec"}) == nullptr) continue;
    Json one = {{"manager", text_at(entry, {"manager"})}, {"time", text_at(entry, {"time"})}};
    one["fieldsV1"]["f:spec"] = Json::object();
    kept.push_back(std::move(one));
  }
  if (kept.empty()) {
    metadata.erase(found);
  } else {
    *found = std::move(kept);
  }
}

// What was left out of it must not be taken for given up: without the member the server keeps all.
Json to_send(const Json& object) {
  Json body = object;
  if (const auto metadata = body.find("metadata"); metadata != body.end() && metadata->is_object())
    metadata->erase("managedFields");
  return body;
}

ObjectPtr wrap_tree(const RestClientParts& parts, const Gvr& resource, Json tree, int64_t version) {
  if (!tree.contains("apiVersion"))
    tree["apiVersion"] = api_version_of(resource.group, resource.version);
  if (const auto metadata = tree.find("metadata"); metadata != tree.end() && metadata->is_object())
    project_managers(*metadata);
  Pairs fields =
      parts.index ? parts.index(bucket_of(resource.group, resource.resource), tree) : Pairs();
  return Encoded::make(tree, version, std::move(fields));
}

}  // namespace

int64_t version_of(const Json& object) {
  const std::string text = text_at(object, {"metadata", "resourceVersion"});
  int64_t version = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, version);
  return failed == std::errc() && rest == end ? version : 0;
}

std::string percent_encode(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

std::string resource_path(const Gvr& resource, const ObjectName& name) {
  std::string path = resource.group.empty() ? "/api/" : "/apis/" + resource.group + "/";
  path += resource.version;
  if (!name.ns.empty()) path += "/namespaces/" + percent_encode(name.ns);
  path += "/" + resource.resource;
  if (!name.name.empty()) path += "/" + percent_encode(name.name);
  return path;
}

RestClient::RestClient(RestClientParts parts, std::string field_manager)
    : parts_(std::move(parts)), field_manager_(std::move(field_manager)) {}

Result<Json> RestClient::ask(const RestCall& call) {
  for (int tries = 1;; ++tries) {
    auto answer = parts_.transport->call(call);
    if (answer) return answer;
    Error error = std::move(answer.error());
    const std::chrono::seconds wait(error.retry_after_s);
    if (!is_throttled(error) || tries >= limits::kThrottledTriesMax ||
        wait > limits::kRetryAfterMax || parts_.stopped->ended()) {
      // The server's address is for whoever runs this program, not for conditions and events.
      const std::string prefix = parts_.transport->server() + ": ";
      if (error.message.starts_with(prefix)) error.message.erase(0, prefix.size());
      return error;
    }
    // Up to a tenth more, so that those who were refused together do not come back together.
    const auto jitter = random_below(parts_.random, static_cast<uint64_t>(wait.count()) * 100 + 1);
    parts_.stopped->wait_finished(wait + std::chrono::milliseconds(jitter));
  }
}

Result<Json> RestClient::write(const RestCall& call) {
  if (parts_.may_write) CHARTER_TRY(parts_.may_write());
  return ask(call);
}

Result<ObjectPtr> RestClient::wrap(const Gvr& resource, Result<Json> answer) const {
  if (!answer) return Error(std::move(answer.error()));
  if (!answer->is_object() || at(*answer, {"metadata"}) == nullptr)
    return Error{Code::InternalError, "the server answered with something that is no object"};
  const int64_t version = version_of(*answer);
  return wrap_tree(parts_, resource, std::move(*answer), version);
}

Result<ObjectPtr> RestClient::get(const Gvr& resource, const ObjectName& name) {
  return wrap(resource, ask({RestMethod::Get, resource_path(resource, name)}));
}

std::string RestClient::selection_query(const Gvr& resource, Selection selection) const {
  if (selection.label_selector.empty()) {
    const auto found = parts_.selectors.find(bucket_of(resource.group, resource.resource));
    if (found != parts_.selectors.end()) selection.label_selector = found->second;
  }
  std::string query;
  if (!selection.label_selector.empty())
    query += "&labelSelector=" + percent_encode(selection.label_selector);
  if (!selection.field_selector.empty())
    query += "&fieldSelector=" + percent_encode(selection.field_selector);
  return query;
}

Result<ObjectList> RestClient::list(const Gvr& resource, const Selection& selection) {
  ObjectList list;
  PageReader reader;
  reader.get = [this](const std::string& query) { return ask({RestMethod::Get, query}); };
  reader.begin = [&list] { list = {}; };
  reader.take = [&](Json& page) -> Status {
    list.version = version_of(page);
    for (Json& item : page["items"]) {
      const int64_t version = version_of(item);
      list.objects.push_back(wrap_tree(parts_, resource, std::move(item), version));
    }
    return {};
  };
  CHARTER_TRY(read_pages(reader, resource, selection.ns, selection_query(resource, selection)));
  return list;
}

Result<std::unique_ptr<Watch>> RestClient::watch(const Gvr& resource, const Selection& selection,
                                                 int64_t version) {
  using std::chrono::seconds;
  const auto life_min = std::chrono::duration_cast<seconds>(limits::kWatchLifeMin).count();
  const auto life =
      life_min + static_cast<int64_t>(random_below(parts_.random, static_cast<uint64_t>(life_min)));
  const std::string path =
      resource_path(resource, {selection.ns, ""}) +
      "?watch=true&allowWatchBookmarks=true&resourceVersion=" + std::to_string(version) +
      "&timeoutSeconds=" + std::to_string(life) + selection_query(resource, selection);
  CHARTER_TRY_ASSIGN(auto stream, parts_.transport->stream(path, limits::kWatchSilenceMax));
  return std::unique_ptr<Watch>(new RestWatch(
      std::move(stream), parts_.clock, [parts = parts_, resource](Json object, int64_t at_version) {
        return wrap_tree(parts, resource, std::move(object), at_version);
      }));
}

Result<ObjectPtr> RestClient::create(const Gvr& resource, const Json& object) {
  const Json body = to_send(object);
  const std::string path =
      resource_path(resource, {text_at(object, {"metadata", "namespace"}), ""});
  return wrap(
      resource,
      write({RestMethod::Post,
             path + "?fieldValidation=Strict&fieldManager=" + percent_encode(field_manager_),
             &body}));
}

Result<ObjectPtr> RestClient::update(const Gvr& resource, const Json& object, Part part) {
  const Json body = to_send(object);
  const std::string path = resource_path(resource, {text_at(object, {"metadata", "namespace"}),
                                                    text_at(object, {"metadata", "name"})}) +
                           subresource_of(part);
  return wrap(
      resource,
      write({RestMethod::Put,
             path + "?fieldValidation=Strict&fieldManager=" + percent_encode(field_manager_),
             &body}));
}

Status RestClient::remove(const Gvr& resource, const ObjectName& name, const Deletion& deletion) {
  const Json body = deletion_body(deletion);
  CHARTER_TRY(write({RestMethod::Delete, resource_path(resource, name), &body}));
  return {};
}

}  // namespace charter
