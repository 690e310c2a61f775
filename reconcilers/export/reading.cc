#include "reconcilers/export/reading.h"

#include "controller/base/limits.h"
#include "controller/object/kind_registry.h"
#include "controller/runtime/rest_client.h"
#include "controller/runtime/rest_pages.h"
#include "crds/types/kinds.h"
#include "reconcilers/export/limits.h"
#include "reconcilers/export/manifest.h"
#include "reconcilers/export/order.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <set>

namespace charter::exporting {
namespace {

/// One pass over a server.
struct Reading {
  RestTransport& server;
  const Selected& selected;
  const std::function<void(size_t)>& seen;
  Manifests made;
  std::set<std::string> namespaces;    ///< of what is written, and those that an Account names
  std::set<ObjectName> named_secrets;  ///< that what is written refers to
  size_t objects = 0;
};

Result<std::vector<Json>> list_all(Reading& reading, const Gvr& resource, const std::string& ns) {
  std::vector<Json> items;
  PageReader reader;
  reader.get = [&reading](const std::string& query) { return reading.server.get(query); };
  reader.begin = [&items] { items.clear(); };
  reader.take = [&](Json& page) -> Status {
    for (Json& item : page["items"])
      items.push_back(std::move(item));
    const size_t objects = reading.objects + items.size();
    if (objects > limits::kExportedObjectsMax)
      return Error{Code::Invalid, "more than " + std::to_string(limits::kExportedObjectsMax) +
                                      " objects: export one namespace at a time, with -n"};
    reading.seen(objects);
    return {};
  };
  CHARTER_TRY(read_pages(reader, resource, ns));
  reading.objects += items.size();
  return items;
}

/// A kind as the server defines it.
struct Definition {
  Gvr gvr;
  std::shared_ptr<const Schema> schema;  ///< null: may not be read
};

// Defaults are the server's, which may be of another version than this program. Nothing where the
// server has no such kind.
Result<std::optional<Definition>> read_definition(RestTransport& server, const Gvr& resource) {
  const Gvr definitions{"apiextensions.k8s.io", "v1", "customresourcedefinitions"};
  const auto document =
      server.get(resource_path(definitions, {"", resource.resource + "." + resource.group}));
  if (!document) {
    const Code code = document.error().code;
    if (code == Code::NotFound) return std::optional<Definition>();
    if (code == Code::Forbidden) return std::optional(Definition{resource, nullptr});
    return Error(document.error());
  }
  KindRegistry registry;
  CHARTER_TRY(registry.define(*document, KindRegistry::Origin::Definition));
  const auto table = registry.table();
  for (const auto& type : table->all()) {
    if (type->gvr == resource) return std::optional(Definition{resource, type->schema});
  }
  return std::optional<Definition>();
}

void note_namespaces(Reading& reading, const Json& object) {
  const auto ns = text_at(object, {"metadata", "namespace"});
  if (!ns.empty()) reading.namespaces.insert(ns);
  if (text_at(object, {"kind"}) != kinds::kind_of(kinds::accounts())) return;
  const Json* named = at(object, {"spec", "namespaces"});
  if (named == nullptr || !named->is_array()) return;
  for (const Json& name : *named) {
    if (name.is_string()) reading.namespaces.insert(name.get<std::string>());
  }
}

// Every reference to a Secret of another namespace is a member secretRef with both names.
void note_secrets(Reading& reading, const Json& node) {
  if (node.is_array()) {
    for (const Json& element : node)
      note_secrets(reading, element);
  }
  if (!node.is_object()) return;
  for (const auto& [key, value] : node.items()) {
    const ObjectName name{text_at(value, {"namespace"}), text_at(value, {"name"})};
    if (key == "secretRef" && !name.ns.empty() && !name.name.empty())
      reading.named_secrets.insert(name);
    note_secrets(reading, value);
  }
}

// Every API server has them, with things in them that are its own.
bool is_servers_own(const std::string& ns) {
  return ns == "default" || ns.starts_with("kube-");
}

void sort_by_name(std::vector<Json>& items) {
  const auto key = [](const Json& item) {
    return ObjectName{text_at(item, {"metadata", "namespace"}),
                      text_at(item, {"metadata", "name"})};
  };
  std::sort(items.begin(), items.end(),
            [&key](const Json& a, const Json& b) { return key(a) < key(b); });
}

void take(Reading& reading, std::vector<Json> items, const Schema* schema) {
  sort_by_name(items);
  for (const Json& item : items) {
    auto exported = export_object(item, schema);
    std::move(exported.remarks.begin(), exported.remarks.end(),
              std::back_inserter(reading.made.remarks));
    if (!exported.manifest) continue;
    note_namespaces(reading, *exported.manifest);
    note_secrets(reading, *exported.manifest);
    reading.made.documents.push_back(*exported.manifest);
  }
}

// A Namespace that is to be written, or nothing: one that an Account names and nobody has made yet
// is no more there after an export than before.
Result<std::optional<Json>> read_namespace(const Reading& reading, const std::string& ns) {
  auto live = reading.server.get(resource_path(kinds::namespaces(), {"", ns}));
  if (live) return std::optional(std::move(*live));
  const bool is_asked_for = ns == reading.selected.ns;
  if (live.error().code == Code::NotFound && !is_asked_for) return std::optional<Json>();
  if (live.error().code == Code::NotFound)
    return Error{Code::NotFound, "namespace " + ns + " does not exist"};
  return Error(std::move(live.error()));
}

Result<std::vector<Json>> read_namespaces(Reading& reading) {
  std::vector<Json> found;
  for (const auto& ns : reading.namespaces) {
    auto live = read_namespace(reading, ns);
    if (!live && live.error().code == Code::Forbidden) {
      reading.made.remarks.push_back("Namespace " + ns + ": left out, you may not read it");
      continue;
    }
    if (!live) return Error(std::move(live.error()));
    if (*live && !is_servers_own(ns)) found.push_back(std::move(**live));
  }
  return found;
}

Result<std::vector<Json>> read_secrets(Reading& reading) {
  std::vector<Json> found;
  for (const auto& ns : reading.namespaces) {
    if (is_servers_own(ns)) continue;
    CHARTER_TRY_ASSIGN(auto items, list_all(reading, kinds::secrets(), ns));
    std::move(items.begin(), items.end(), std::back_inserter(found));
  }
  for (const auto& name : reading.named_secrets) {
    if (reading.namespaces.contains(name.ns) && !is_servers_own(name.ns)) continue;
    auto live = reading.server.get(resource_path(kinds::secrets(), name));
    if (!live && live.error().code == Code::NotFound) continue;
    if (!live) return Error(std::move(live.error()));
    found.push_back(std::move(*live));
  }
  return found;
}

// What everything else lies in or needs, before it.
Status put_first(Reading& reading) {
  auto rest = std::move(reading.made.documents);
  reading.made.documents.clear();
  CHARTER_TRY_ASSIGN(auto namespaces, read_namespaces(reading));
  take(reading, std::move(namespaces), nullptr);
  if (reading.selected.secrets) {
    CHARTER_TRY_ASSIGN(auto secrets, read_secrets(reading));
    const auto before = reading.made.documents.size();
    take(reading, std::move(secrets), nullptr);
    reading.made.secrets = reading.made.documents.size() - before;
  } else if (!reading.named_secrets.empty()) {
    reading.made.remarks.push_back(std::to_string(reading.named_secrets.size()) +
                                   " Secrets that these documents refer to are not written; "
                                   "--secrets writes them with their contents");
  }
  std::move(rest.begin(), rest.end(), std::back_inserter(reading.made.documents));
  return {};
}

}  // namespace

Result<Manifests> read_manifests(RestTransport& server, const Selected& selected,
                                 const std::function<void(size_t)>& seen) {
  Reading reading{server, selected, seen, {}, {}, {}, 0};
  if (!selected.ns.empty()) reading.namespaces.insert(selected.ns);
  bool knows_any = false;
  for (const auto& [resource, scope] : written_kinds()) {
    if (!selected.ns.empty() && scope == Scope::Cluster) continue;
    CHARTER_TRY_ASSIGN(const auto definition, read_definition(server, resource));
    if (!definition) continue;
    knows_any = true;
    CHARTER_TRY_ASSIGN(auto items, list_all(reading, resource, selected.ns));
    take(reading, std::move(items), definition->schema.get());
  }
  if (!knows_any) return Error{Code::NotFound, server.server() + " serves none of Charter's kinds"};
  CHARTER_TRY(put_first(reading));
  return std::move(reading.made);
}

}  // namespace charter::exporting
