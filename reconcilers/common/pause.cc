#include "reconcilers/common/pause.h"

#include "crds/types/kinds.h"
#include "reconcilers/common/shell.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

constexpr std::string_view kNamespaceField = "spec.namespaces/";

bool pauses(const ObjectPtr& object) {
  return object != nullptr && is_paused(*object);
}

std::vector<ObjectName> names_in(const Gvr& resource, const std::string& ns, const Caches& caches) {
  std::vector<ObjectName> names;
  caches.scan(kinds::bucket(resource), ns, [&](const ObjectPtr& object) {
    names.push_back({object->header().ns, object->header().name});
    return true;
  });
  return names;
}

/// Names of namespaces that an account's header lists.
std::vector<std::string> namespaces_of(const Header& account) {
  std::vector<std::string> names;
  for (const auto& [field, value] : account.fields) {
    if (field.starts_with(kNamespaceField)) names.push_back(value);
  }
  return names;
}

Watched watch_namespaces(const Gvr& primary) {
  return {kinds::namespaces(), [primary](const Encoded& object, const Caches& caches) {
            return is_paused(object) ? names_in(primary, object.header().name, caches)
                                     : std::vector<ObjectName>();
          }};
}

Watched watch_accounts(const Gvr& primary) {
  return {kinds::accounts(), [primary](const Encoded& object, const Caches& caches) {
            std::vector<ObjectName> all;
            if (!is_paused(object)) return all;
            for (const auto& ns : namespaces_of(object.header())) {
              const auto names = names_in(primary, ns, caches);
              all.insert(all.end(), names.begin(), names.end());
            }
            return all;
          }};
}

Watched watch_providers(const Gvr& primary, const std::string& index) {
  return {kinds::providers(),
          [mapper = map_by_index(primary, index)](const Encoded& object, const Caches& caches) {
            return is_paused(object) ? mapper(object, caches) : std::vector<ObjectName>();
          }};
}

}  // namespace

bool is_paused(const Meta& meta) {
  const auto* value = find_pair(meta.annotations, kPausedAnnotation);
  return value != nullptr && *value == "true";
}

bool is_paused(const Encoded& object) {
  // Nearly no object carries the annotation: look at the bytes before a tree is built.
  if (object.bytes().find(kPausedAnnotation) == std::string_view::npos) return false;
  return is_paused(read_meta(object.bare_tree()));
}

std::optional<std::string> paused_by(const Meta& own, std::string_view provider, const View& view) {
  if (is_paused(own)) return "annotation on this object";
  if (!own.ns.empty()) {
    if (pauses(view.get(kinds::bucket(kinds::namespaces()), {"", own.ns})))
      return "annotation on Namespace " + own.ns;
    const auto account = account_of(view, own.ns);
    if (pauses(account)) return "annotation on Account " + account->header().name;
  }
  if (!provider.empty() &&
      pauses(view.get(kinds::bucket(kinds::providers()), {"", std::string(provider)}))) {
    return "annotation on Provider " + std::string(provider);
  }
  return std::nullopt;
}

ObjectPtr account_of(const View& view, std::string_view ns) {
  ObjectPtr found;
  const auto field = std::string(kNamespaceField) + std::string(ns);
  view.scan(kinds::bucket(kinds::accounts()), "", [&](const ObjectPtr& account) {
    if (find_pair(account->header().fields, field) != nullptr) found = account;
    return found == nullptr;
  });
  return found;
}

Pairs account_fields(const Json& account) {
  Pairs fields;
  const auto* namespaces = at(account, {"spec", "namespaces"});
  if (namespaces == nullptr || !namespaces->is_array()) return fields;
  for (const auto& ns : *namespaces) {
    if (ns.is_string())
      fields.emplace_back(std::string(kNamespaceField) + ns.get<std::string>(),
                          ns.get<std::string>());
  }
  std::sort(fields.begin(), fields.end());
  return fields;
}

void watch_pauses(ControllerSpec& spec, PauseReach reach, const std::string& provider_index) {
  if (reach == PauseReach::NamespacedObject) {
    spec.watches.push_back(watch_namespaces(spec.primary));
    spec.watches.push_back(watch_accounts(spec.primary));
  }
  if (!provider_index.empty())
    spec.watches.push_back(watch_providers(spec.primary, provider_index));
}

std::optional<std::string> paused_source(const Runtime& rt, const Meta& meta,
                                         const std::string& provider) {
  return paused_by(meta, provider, rt.caches);
}

}  // namespace charter
