#include "controller/api/definitions.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "controller/api/blocking_write.h"
#include "controller/api/index_fields.h"
#include "controller/api/write_pipeline.h"
#include "controller/base/check.h"
#include "controller/base/log.h"

namespace charter {
namespace {

constexpr const char* kBucket = "apiextensions.k8s.io/customresourcedefinitions";
constexpr size_t kEventsAtOnce = 256;

Status put(const ApiParts& parts, ResourceVerbs& verbs, const ResourceTypePtr& type, Json wanted) {
  const std::string name = text_at(wanted, {"metadata", "name"});
  BlockingWrite write;
  const ObjectPtr current = parts.store.get(type->bucket(), {"", name});
  if (!current) {
    verbs.create(type, "", std::move(wanted), install_options(), write.done());
    CHARTER_TRY(write.take());
    return {};
  }
  if (!wanted.contains("spec")) return {};
  const auto spec = std::make_shared<const Json>(wanted["spec"]);
  verbs.modify(type, {"", name}, "", [spec](const Json* before) -> Result<Json> {
        Json next = *before;
        next["spec"] = *spec;
        return next;
      }, install_options(), write.done());
  CHARTER_TRY(write.take());
  return {};
}

}  // namespace

void define_embedded(KindRegistry& kinds, std::span<const embedded::File> files, KindRegistry::Origin origin) {
  for (const embedded::File& file : files) {
    const auto tree = parse_yaml(file.text);
    CHECK_MSG(tree.has_value(), file.name);
    const Status defined = kinds.define(*tree, origin);
    if (!defined) log_error("definitions", defined.error().message, {{"file", std::string(file.name)}});
    CHECK_MSG(defined.has_value(), file.name);
  }
}

Pairs index_of(const KindRegistry& kinds, const HookTable& hooks, std::string_view bucket, const Json& object) {
  const auto table = kinds.table();
  const ResourceType* type = table->find_stored(bucket);
  return type ? index_fields(*type, hooks, object) : Pairs{};
}

StoredKinds stored_kinds(KindRegistry& kinds, const HookTable& hooks) {
  StoredKinds stored;
  stored.definitions = kBucket;
  stored.learn = [&kinds](std::string_view encoded) {
    // One that this program cannot serve is reported when the definitions are followed.
    std::ignore = kinds.define(bare_tree(encoded), KindRegistry::Origin::Definition);
  };
  stored.index = [&kinds, &hooks](std::string_view bucket, std::string_view encoded) {
    const auto table = kinds.table();
    const ResourceType* type = table->find_stored(bucket);
    return type ? index_fields(*type, hooks, encoded) : Pairs{};
  };
  return stored;
}

Definitions::Definitions(ApiParts parts, std::function<void()> changed) : parts_(parts), changed_(std::move(changed)) {
  cursor_ = parts_.store.revision();
  parts_.store.view().scan(kBucket, "", [this](const ObjectPtr& definition) {
    take(definition);
    return true;
  });
  subscription_ = parts_.store.subscribe([this](const std::set<std::string, std::less<>>& buckets, int64_t revision) {
    follow(buckets.contains(kBucket), revision);
  });
  follow(true, cursor_);
}

Definitions::~Definitions() { parts_.store.unsubscribe(subscription_); }

void Definitions::take(const ObjectPtr& definition) {
  if (auto defined = parts_.kinds.define(definition->tree(), KindRegistry::Origin::Definition); !defined) {
    // Admission judged it with the same rules, so this is an older program's object.
    log_error("definitions", defined.error().message, {{"definition", definition->header().name}});
  }
}

void Definitions::follow(bool concerned, int64_t revision) {
  const std::lock_guard lock(mutex_);
  // The place in the log moves with every write: the events after it must never be compacted away.
  if (!concerned) {
    cursor_ = std::max(cursor_, revision);
    return;
  }
  bool any = false;
  while (true) {
    auto events = parts_.store.events(kBucket, cursor_, kEventsAtOnce);
    CHECK(events.has_value());  // called for every publish, so the cursor is never behind the ring
    if (events->empty()) break;
    for (const StoreEventPtr& event : *events) {
      cursor_ = event->revision;
      any = true;
      if (event->kind == StoreEvent::Kind::Deleted) {
        parts_.kinds.remove(event->object->header().name);
      } else {
        take(event->object);
      }
    }
  }
  cursor_ = std::max(cursor_, revision);
  if (any && changed_) changed_();
}

Status Definitions::install(ResourceVerbs& verbs, std::span<const embedded::File> files) {
  const auto table = parts_.kinds.table();
  const auto type_of = [&](const Gvr& gvr) {
    const ResourceType* found = table->find(gvr);
    CHECK_MSG(found, gvr.resource);
    return ResourceTypePtr(table, found);
  };
  const ResourceTypePtr definitions = type_of({"apiextensions.k8s.io", "v1", "customresourcedefinitions"});
  for (const embedded::File& file : files) {
    CHARTER_TRY_ASSIGN(Json tree, parse_yaml(file.text));
    CHARTER_TRY(put(parts_, verbs, definitions, std::move(tree)));
  }
  const ResourceTypePtr namespaces = type_of({"", "v1", "namespaces"});
  for (const char* name : {"default", "kube-system"}) {
    CHARTER_TRY(put(parts_, verbs, namespaces, {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}}));
  }
  return {};
}

}  // namespace charter
