#include "controller/runtime/definition_cleaner.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

constexpr const char* kCleanup = "customresourcecleanup.apiextensions.k8s.io";
constexpr auto kComeBack = std::chrono::milliseconds(200);

Gvr definitions() {
  return {"apiextensions.k8s.io", "v1", "customresourcedefinitions"};
}

/// The resource a definition stores its objects in.
Gvr stored_resource(const Json& definition) {
  Gvr out{text_at(definition, {"spec", "group"}), "",
          text_at(definition, {"spec", "names", "plural"})};
  const Json* versions = at(definition, {"spec", "versions"});
  if (!versions) return out;
  for (const Json& version : *versions) {
    if (flag_at(version, {"storage"}, false)) out.version = text_at(version, {"name"});
  }
  return out;
}

/// See definition_cleaner.h.
class DefinitionCleaner final : public Reconciler {
 public:
  explicit DefinitionCleaner(const Runtime& runtime) : runtime_(runtime) {}

  Outcome reconcile(const ObjectName& name) override {
    const ObjectPtr found =
        runtime_.caches.get("apiextensions.k8s.io/customresourcedefinitions", name);
    if (!found || !found->header().deleting) return Outcome::done();
    Json definition = found->tree();
    Json& finalizers = definition["metadata"]["finalizers"];
    const auto held = std::find(finalizers.begin(), finalizers.end(), Json(kCleanup));
    if (!finalizers.is_array() || held == finalizers.end()) return Outcome::done();
    const auto objects = runtime_.client.list(stored_resource(definition), {});
    if (!objects) return Outcome::retry(objects.error());
    if (objects->objects.empty()) {
      finalizers.erase(held);
      if (auto written = runtime_.client.update(definitions(), definition, Part::Main); !written) {
        return Outcome::retry(written.error());
      }
      return Outcome::done();
    }
    return remove_all(stored_resource(definition), *objects);
  }

 private:
  Outcome remove_all(const Gvr& resource, const ObjectList& list) {
    for (const ObjectPtr& object : list.objects) {
      const Header& header = object->header();
      if (header.deleting) continue;
      Deletion deletion;
      deletion.uid = header.uid;
      if (auto removed = runtime_.client.remove(resource, {header.ns, header.name}, deletion);
          !removed && removed.error().code != Code::NotFound) {
        return Outcome::retry(removed.error());
      }
    }
    return Outcome::wait(kComeBack, "InstanceDeletionInProgress");
  }

  Runtime runtime_;
};

}  // namespace

void add_definition_cleaner(Manager& manager) {
  ControllerSpec spec;
  spec.name = "definition-cleaner";
  spec.primary = definitions();
  spec.workers = kOneWorker;
  spec.make = [](const Runtime& runtime) { return std::make_unique<DefinitionCleaner>(runtime); };
  manager.add(std::move(spec));
}

}  // namespace charter
