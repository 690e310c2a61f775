#include "controller/runtime/namespace_cleaner.h"

#include "controller/base/limits.h"
#include "controller/object/conditions.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace charter {
namespace {

const Gvr kNamespaces{"", "v1", "namespaces"};

/// What a look at a namespace found.
struct Content {
  std::map<std::string, size_t> resources;   // "pods." -> objects left
  std::map<std::string, size_t> finalizers;  // finalizer -> objects that carry it
  std::vector<std::string> list_errors, delete_errors;

  bool empty() const { return resources.empty() && list_errors.empty() && delete_errors.empty(); }
};

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts)
    text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string join(const std::map<std::string, size_t>& counts, const std::string& middle,
                 const std::string& end) {
  std::vector<std::string> parts;
  for (const auto& [what, n] : counts)
    parts.push_back(what + middle + std::to_string(n) + end);
  return join(parts);
}

/// Types, reasons and texts of kube's namespace controller (status_condition_utils.go): tools show
/// and match them.
std::vector<Condition> conditions_of(const Content& content) {
  const auto word = [](bool yes) { return yes ? "True" : "False"; };
  const bool undiscovered = !content.list_errors.empty();
  const bool failed = !content.delete_errors.empty();
  const bool remains = !content.resources.empty();
  const bool held = !content.finalizers.empty();
  return {{"NamespaceDeletionDiscoveryFailure", word(undiscovered),
           undiscovered ? "DiscoveryFailed" : "ResourcesDiscovered",
           undiscovered
               ? "Discovery failed for some groups, " + std::to_string(content.list_errors.size()) +
                     " failing: " + join(content.list_errors)
               : "All resources successfully discovered"},
          {"NamespaceDeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions",
           "All legacy kube types successfully parsed"},
          {"NamespaceDeletionContentFailure", word(failed),
           failed ? "ContentDeletionFailed" : "ContentDeleted",
           failed ? "Failed to delete all resource types, " +
                        std::to_string(content.delete_errors.size()) +
                        " remaining: " + join(content.delete_errors)
                  : "All content successfully deleted, may be waiting on finalization"},
          {"NamespaceContentRemaining", word(remains),
           remains ? "SomeResourcesRemain" : "ContentRemoved",
           remains ? "Some resources are remaining: " +
                         join(content.resources, " has ", " resource instances")
                   : "All content successfully removed"},
          {"NamespaceFinalizersRemaining", word(held),
           held ? "SomeFinalizersRemain" : "ContentHasNoFinalizers",
           held ? "Some content in the namespace has finalizers remaining: " +
                      join(content.finalizers, " in ", " resource instances")
                : "All content-preserving finalizers finished"}};
}

}  // namespace

/// Shared by the handlers of all resources and the reconciler.
struct NamespaceCleaner::State {
  explicit State(Caches& all)
      : caches(all),
        resources(all, [this](const ServedResource& resource, const ObjectChange& change) {
          on_change(resource, change);
        }) {}

  // The last object of a kind is gone: perhaps it was the last of the namespace.
  void on_change(const ServedResource& resource, const ObjectChange& change) {
    if (change.after || !resource.namespaced) return;
    const std::string& ns = change.before->header().ns;
    ObjectPtr cached = caches.get(bucket_of("", "namespaces"), {"", ns});
    if (!cached || !cached->header().deleting) return;
    auto informer = caches.find(bucket_of(resource.gvr.group, resource.gvr.resource));
    if (informer && !informer->has_any(ns)) controller->add({"", ns}, Priority::User);
  }

  Caches& caches;
  ServedResources resources;
  Controller* controller = nullptr;
};

/// One pass over one namespace, see the table in the header.
class NamespaceCleaner::Pass final : public Reconciler {
 public:
  Pass(const Runtime& runtime, std::shared_ptr<State> state)
      : runtime_(runtime), state_(std::move(state)) {}

  Outcome reconcile(const ObjectName& name) override {
    if (name.name.empty()) {
      if (state_->resources.apply()) add_terminating();
      return Outcome::done();
    }
    ObjectPtr cached = runtime_.caches.get(bucket_of("", "namespaces"), name);
    if (!cached || !cached->header().deleting) return Outcome::done();
    if (!state_->resources.known()) return Outcome::wait({}, "ResourcesUnknown");
    Content content;
    for (const ServedResource& resource : state_->resources.all()) {
      if (resource.namespaced) empty_resource(resource, name.name, content);
    }
    Json next = cached->tree();
    if (write_status(next, content)) {
      if (auto written = runtime_.client.update(kNamespaces, next, Part::Status); !written) {
        return finish(written.error());
      }
      return Outcome::again();
    }
    if (!content.empty()) {
      return Outcome::wait(limits::kNamespacePoll, "NamespaceContentRemaining");
    }
    return release(std::move(next));
  }

 private:
  static Outcome finish(const Error& error) {
    return error.code == Code::NotFound ? Outcome::done() : Outcome::retry(error);
  }

  // Deletes what is there, then looks again: what the second look finds is what remains.
  void empty_resource(const ServedResource& resource, const std::string& ns, Content& content) {
    const Gvr& gvr = resource.gvr;
    const std::string what = gvr.resource + "." + gvr.group;
    auto before = runtime_.client.list(gvr, {ns, "", ""});
    if (!before) {
      // A definition that went away meanwhile took its objects with it.
      if (before.error().code != Code::NotFound) {
        content.list_errors.push_back(what + ": " + before.error().message);
      }
      return;
    }
    if (before->objects.empty()) return;
    for (const ObjectPtr& object : before->objects) {
      const Header& header = object->header();
      if (header.deleting) continue;
      auto removed =
          runtime_.client.remove(gvr, {header.ns, header.name}, {header.uid, 0, "Background"});
      if (removed || removed.error().code == Code::NotFound) continue;
      if (content.delete_errors.size() < limits::kCausesMax) {
        content.delete_errors.push_back(what + ": " + removed.error().message);
      }
    }
    auto after = runtime_.client.list(gvr, {ns, "", ""});
    if (!after) {
      content.list_errors.push_back(what + ": " + after.error().message);
      return;
    }
    for (const ObjectPtr& object : after->objects) {
      ++content.resources[what];
      if (!object->header().has_finalizers) continue;
      for (const std::string& finalizer : read_meta(object->bare_tree()).finalizers) {
        ++content.finalizers[finalizer];
      }
    }
  }

  // A namespace that empties at the first look is released without a word, as in Kubernetes nobody
  // would see it.
  bool write_status(Json& ns, const Content& content) {
    Json& status = ns["status"];
    bool changed = text_at(status, {"phase"}) != "Terminating";
    status["phase"] = "Terminating";
    if (content.empty() && !status.contains("conditions")) return changed;
    for (const Condition& condition : conditions_of(content)) {
      changed |= set_condition(status, condition, runtime_.clock.now());
    }
    return changed;
  }

  Outcome release(Json ns) {
    Json& finalizers = ns["spec"]["finalizers"];
    if (!finalizers.is_array() || finalizers.empty()) return Outcome::done();
    finalizers.erase(std::remove(finalizers.begin(), finalizers.end(), Json("kubernetes")),
                     finalizers.end());
    if (auto written = runtime_.client.update(kNamespaces, ns, Part::Finalize); !written) {
      return finish(written.error());
    }
    return Outcome::done();
  }

  void add_terminating() {
    runtime_.caches.scan(bucket_of("", "namespaces"), "", [&](const ObjectPtr& ns) {
      if (ns->header().deleting) state_->controller->add({"", ns->header().name}, Priority::User);
      return true;
    });
  }

  const Runtime runtime_;
  const std::shared_ptr<State> state_;
};

NamespaceCleaner::NamespaceCleaner(Manager& manager)
    : state_(std::make_shared<State>(manager.caches())) {
  ControllerSpec spec;
  spec.name = "namespace-cleaner";
  spec.primary = kNamespaces;
  spec.make = [state = state_](const Runtime& runtime) {
    return std::make_unique<Pass>(runtime, state);
  };
  state_->controller = &manager.add(std::move(spec));
}

void NamespaceCleaner::set_resources(std::vector<ServedResource> resources) {
  state_->resources.want(std::move(resources));
  state_->controller->add({"", ""}, Priority::User);
}

}  // namespace charter
