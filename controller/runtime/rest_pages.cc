#include "controller/runtime/rest_pages.h"

#include "controller/base/limits.h"
#include "controller/runtime/limits.h"
#include "controller/runtime/rest_client.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace charter {
namespace {

std::string item_kind(const Json& list) {
  std::string kind = text_at(list, {"kind"});
  constexpr std::string_view kList = "List";
  if (kind.ends_with(kList)) kind.resize(kind.size() - kList.size());
  return kind;
}

// Items leave out what the list says of them.
Status complete_items(Json& page, const Gvr& resource) {
  const std::string kind = item_kind(page);
  const std::string api_version = api_version_of(resource.group, resource.version);
  for (Json& item : page["items"]) {
    if (!item.is_object())
      return Error{Code::InternalError,
                   "the list of " + resource.resource + " has an item that is no object"};
    if (!item.contains("kind") && !kind.empty()) item["kind"] = kind;
    if (!item.contains("apiVersion")) item["apiVersion"] = api_version;
  }
  return {};
}

/// Returns where the list goes on; empty at its end.
Result<std::string> read_page(const PageReader& reader, const Gvr& resource,
                              const std::string& path) {
  CHARTER_TRY_ASSIGN(Json page, reader.get(path));
  const Json* items = at(page, {"items"});
  if (items == nullptr || !(items->is_array() || items->is_null()))
    return Error{Code::InternalError, "the list of " + resource.resource + " has no items"};
  if (items->is_null()) page["items"] = Json::array();
  CHARTER_TRY(complete_items(page, resource));
  std::string next = text_at(page, {"metadata", "continue"});
  CHARTER_TRY(reader.take(page));
  return next;
}

}  // namespace

Status read_pages(const PageReader& reader, const Gvr& resource, const std::string& ns,
                  const std::string& query) {
  const std::string path =
      resource_path(resource, {ns, ""}) + "?limit=" + std::to_string(limits::kListPage) + query;
  for (int restarts = 0;; ++restarts) {
    reader.begin();
    Result<std::string> next = std::string();
    do {
      next = read_page(reader, resource,
                       next->empty() ? path : path + "&continue=" + percent_encode(*next));
    } while (next && !next->empty());
    if (next) return {};
    const Code code = next.error().code;
    const bool expired = code == Code::Expired || code == Code::Gone;
    if (!expired || restarts >= limits::kListRestartsMax) return Error(std::move(next.error()));
  }
}

}  // namespace charter
