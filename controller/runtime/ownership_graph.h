#pragma once

#include "controller/runtime/controller.h"
#include "controller/runtime/served_resources.h"

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

// The garbage collector's view of who owns whom: turns changes of any object into keys of the
// objects whose fate may have changed, and answers questions about owners. Reads caches only; it
// decides nothing.
namespace charter {

/// Where an object of any resource lives.
struct GraphNode {
  ServedResource resource;
  ObjectName name;
};

/// Owners and dependents over all served resources. Thread-safe.
class OwnershipGraph {
 public:
  explicit OwnershipGraph(Caches& caches);

  /// Where keys go; set before anything changes.
  void connect(Controller& controller) { controller_ = &controller; }
  ServedResources& resources() { return resources_; }
  const Caches& caches() const { return caches_; }

  /// A controller's key is an ObjectName; the collector's says in `ns` which bucket as well.
  static ObjectName key_of(const ServedResource& resource, const ObjectName& name);
  /// The key that stands for "the set of resources changed".
  static ObjectName resources_key() { return {"", ""}; }
  /// Nothing when the resource is not served any more.
  std::optional<GraphNode> node_of(const ObjectName& key) const;
  /// Where an owner reference of an object points; nothing when its kind is not served or cannot
  /// own the object.
  std::optional<GraphNode> owner_node(const std::string& dependent_ns,
                                      const OwnerReference& owner) const;

  void add(const ServedResource& resource, const ObjectName& name, Priority priority);
  void add_resources_key() { controller_->add(resources_key(), Priority::User); }
  void requeue(const ObjectName& key) { controller_->add(key, Priority::Drift); }
  /// Queues every cached object that names this uid as owner.
  void add_dependents(const std::string& uid, Priority priority);
  /// Queues the cached owners that are being deleted.
  void add_deleting_owners(const Header& dependent);
  /// True when the cache holds a dependent with blockOwnerDeletion.
  bool has_blocking_dependent(const std::string& uid) const;
  bool has_dependent(const std::string& uid) const;
  /// Objects that own or are owned: what the collector looks at when it starts over.
  std::vector<ObjectName> all_keys() const;

  /// Remembers a key whose owner's kind is not served, to look again when the set of resources
  /// changes.
  void park(const ObjectName& key);
  std::vector<ObjectName> unpark();

 private:
  void on_change(const ServedResource& resource, const ObjectChange& change);

  Caches& caches_;
  Controller* controller_ = nullptr;
  std::mutex mutex_;
  std::set<ObjectName> parked_;
  ServedResources resources_;
};

}  // namespace charter
