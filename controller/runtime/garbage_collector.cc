#include "controller/runtime/garbage_collector.h"

#include "controller/base/check.h"
#include "controller/base/log.h"
#include "controller/runtime/ownership_graph.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

constexpr const char* kForeground = "foregroundDeletion";
constexpr const char* kOrphan = "orphan";

bool has_finalizer(const Json& object, std::string_view finalizer) {
  const Json* list = at(object, {"metadata", "finalizers"});
  if (!list || !list->is_array()) return false;
  return std::find(list->begin(), list->end(), Json(finalizer)) != list->end();
}

/// What became of an object's owners.
struct Owners {
  std::vector<OwnerReference> there;    // exist and stay
  std::vector<OwnerReference> gone;     // proven not to exist
  std::vector<OwnerReference> waiting;  // exist, but wait in foreground deletion for this object
  bool unknown =
      false;  // a kind that is not served: its objects can be neither proven nor disproven
};

enum class Fate { There, Gone, Waiting };

bool names_uid(const std::vector<OwnerReference>& owners, const std::string& uid) {
  return std::any_of(owners.begin(), owners.end(), [&](const auto& o) { return o.uid == uid; });
}

/// One pass over one object, see the table in the header.
class CollectorReconciler final : public Reconciler {
 public:
  CollectorReconciler(const Runtime& runtime, std::shared_ptr<OwnershipGraph> graph)
      : client_(runtime.client), graph_(std::move(graph)) {}

  Outcome reconcile(const ObjectName& key) override {
    if (key == OwnershipGraph::resources_key()) return apply_resources();
    auto node = graph_->node_of(key);
    if (!node) return Outcome::done();
    const Gvr& gvr = node->resource.gvr;
    ObjectPtr object = graph_->caches().get(bucket_of(gvr.group, gvr.resource), node->name);
    if (!object) return Outcome::done();
    const Header& header = object->header();
    if (header.deleting) {
      return header.has_finalizers ? finish(finalize(*node, *object)) : Outcome::done();
    }
    if (header.owners.empty()) return Outcome::done();
    auto owners = look_up(*object);
    if (!owners) return finish(owners.error());
    if (owners->unknown) {
      graph_->park(key);
      if (owners->there.empty()) return Outcome::done();
    }
    return finish(decide(*node, *object, *owners));
  }

 private:
  Outcome apply_resources() {
    if (graph_->resources().apply()) {
      for (const ObjectName& key : graph_->unpark())
        graph_->requeue(key);
    }
    return Outcome::done();
  }

  // Somebody else was faster: the change that made it so brings the key back, or has made it
  // needless.
  static Outcome finish(const Status& status) {
    if (status || status.error().code == Code::NotFound) return Outcome::done();
    return Outcome::retry(status.error());
  }

  Result<Owners> look_up(const Encoded& object) {
    Owners owners;
    for (const OwnerReference& owner : object.header().owners) {
      auto node = graph_->owner_node(object.header().ns, owner);
      if (!node) {
        owners.unknown = true;
        continue;
      }
      CHARTER_TRY_ASSIGN(Fate fate, fate_of(*node, owner));
      if (fate == Fate::There) owners.there.push_back(owner);
      if (fate == Fate::Gone) owners.gone.push_back(owner);
      if (fate == Fate::Waiting) owners.waiting.push_back(owner);
    }
    return owners;
  }

  // The cache may prove that an owner is there (its deletion will be told); that it is gone, only
  // the API can say.
  Result<Fate> fate_of(const GraphNode& node, const OwnerReference& owner) {
    const Gvr& gvr = node.resource.gvr;
    ObjectPtr found = graph_->caches().get(bucket_of(gvr.group, gvr.resource), node.name);
    if (!found || found->header().uid != owner.uid) {
      auto live = client_.get(gvr, node.name);
      if (!live && live.error().code == Code::NotFound) return Fate::Gone;
      if (!live) return std::move(live.error());
      if ((*live)->header().uid != owner.uid) return Fate::Gone;
      found = *live;
    }
    const bool foreground = found->header().deleting && owner.block_owner_deletion &&
                            has_finalizer(found->tree(), kForeground);
    return foreground ? Fate::Waiting : Fate::There;
  }

  Status decide(const GraphNode& node, const Encoded& object, const Owners& owners) {
    // An owner that nobody can look up counts as there: nothing is deleted for lack of knowledge.
    if (!owners.there.empty()) {
      if (owners.gone.empty() && owners.waiting.empty()) return {};
      return drop_owners(node, object, [&](const std::string& uid) {
        return names_uid(owners.gone, uid) || names_uid(owners.waiting, uid);
      });
    }
    const Json tree = object.tree();
    std::string propagation = "Background";
    if (has_finalizer(tree, kOrphan)) propagation = "Orphan";
    if (has_finalizer(tree, kForeground)) propagation = "Foreground";
    // In foreground deletion the whole tree goes before its root.
    if (!owners.waiting.empty() && graph_->has_dependent(object.header().uid)) {
      propagation = "Foreground";
    }
    // The version is a precondition: references may have changed since the cache saw them.
    return client_.remove(node.resource.gvr, node.name,
                          {object.header().uid, object.header().version, propagation});
  }

  template <class Gone>
  Status drop_owners(const GraphNode& node, const Encoded& object, const Gone& gone) {
    Json next = object.tree();
    Json& list = next["metadata"]["ownerReferences"];
    Json kept = Json::array();
    for (const Json& owner : list) {
      if (!gone(text_at(owner, {"uid"}))) kept.push_back(owner);
    }
    list = std::move(kept);
    CHARTER_TRY(client_.update(node.resource.gvr, next, Part::Main));
    return {};
  }

  Status finalize(const GraphNode& node, const Encoded& object) {
    const Json tree = object.tree();
    if (has_finalizer(tree, kOrphan)) {
      CHARTER_TRY(orphan_dependents(node, object));
      return remove_finalizer(node, tree, kOrphan);
    }
    if (!has_finalizer(tree, kForeground)) return {};
    if (graph_->has_blocking_dependent(object.header().uid)) {
      graph_->add_dependents(object.header().uid, Priority::User);
      return {};
    }
    // The caches may lag behind a dependent that was made a moment ago, so the last word has the
    // API.
    bool left = false;
    CHARTER_TRY(for_each_dependent(node, object, [&](const GraphNode&, const Encoded& dependent) {
      for (const OwnerReference& owner : dependent.header().owners) {
        left |= owner.uid == object.header().uid && owner.block_owner_deletion;
      }
      return Status();
    }));
    if (left) return Error{Code::Conflict, "a dependent is not yet in the caches"};
    return remove_finalizer(node, tree, kForeground);
  }

  Status orphan_dependents(const GraphNode& node, const Encoded& owner) {
    const std::string& uid = owner.header().uid;
    return for_each_dependent(node, owner, [&](const GraphNode& at, const Encoded& dependent) {
      auto dropped = drop_owners(at, dependent, [&](const std::string& o) { return o == uid; });
      if (!dropped && dropped.error().code == Code::NotFound) return Status();
      return dropped;
    });
  }

  template <class Visit>
  Status for_each_dependent(const GraphNode& owner, const Encoded& object, const Visit& visit) {
    for (const ServedResource& resource : graph_->resources().all()) {
      if (owner.resource.namespaced && !resource.namespaced) continue;
      auto list = client_.list(resource.gvr, {owner.name.ns, "", ""});
      if (!list && list.error().code == Code::NotFound) continue;
      if (!list) return std::move(list.error());
      for (const ObjectPtr& dependent : list->objects) {
        const Header& header = dependent->header();
        if (!names_uid(header.owners, object.header().uid)) continue;
        CHARTER_TRY(visit(GraphNode{resource, {header.ns, header.name}}, *dependent));
      }
    }
    return {};
  }

  Status remove_finalizer(const GraphNode& node, const Json& tree, std::string_view finalizer) {
    Json next = tree;
    Json& list = next["metadata"]["finalizers"];
    list.erase(std::remove(list.begin(), list.end(), Json(finalizer)), list.end());
    CHARTER_TRY(client_.update(node.resource.gvr, next, Part::Main));
    return {};
  }

  Client& client_;
  const std::shared_ptr<OwnershipGraph> graph_;
};

}  // namespace

GarbageCollector::GarbageCollector(Manager& manager)
    : graph_(std::make_shared<OwnershipGraph>(manager.caches())) {
  ControllerSpec spec;
  spec.name = "garbage-collector";
  spec.resync = {};
  spec.make = [graph = graph_](const Runtime& runtime) {
    return std::make_unique<CollectorReconciler>(runtime, graph);
  };
  spec.all_keys = [graph = graph_] { return graph->all_keys(); };
  graph_->connect(manager.add(std::move(spec)));
}

void GarbageCollector::set_resources(std::vector<ServedResource> resources) {
  graph_->resources().want(std::move(resources));
  graph_->add_resources_key();
}

}  // namespace charter
