#pragma once

#include "controller/runtime/manager.h"
#include "controller/runtime/served_resources.h"

#include <memory>
#include <vector>

// Kubernetes' garbage collection by ownerReferences, for every served kind, over headers and the
// owner index only.
//
//   object                         owners                            action
//   has owners                     all gone (live GET: 404 or other  delete it (its finalizers
//   decide the mode)
//                                  uid)
//                                  some gone, some there             drop the dangling references
//                                  all there, one waits in           delete it with Foreground
//                                  foreground deletion and it blocks
//   deleting, foregroundDeletion   no blocking dependent left        remove the finalizer
//                                  dependents left                   pass for each of them (third
//                                  row)
//   deleting, orphan               –                                 remove its reference from
//   dependents, then the finalizer
//
// An owner that is missing in a cache is never taken for gone: only the live GET decides. An owner
// of a resource that is not served is left alone. An owner of namespaced kind is looked for in the
// dependent's own namespace, as in Kubernetes.
namespace charter {

class OwnershipGraph;

/// The collector, a controller of its own in the manager.
class GarbageCollector {
 public:
  /// Adds its controller to `manager`, before its start.
  explicit GarbageCollector(Manager& manager);

  /// Replaces the set of resources that are collected. From any thread; takes effect with the
  /// controller's next pass.
  void set_resources(std::vector<ServedResource> resources);

 private:
  const std::shared_ptr<OwnershipGraph> graph_;
};

}  // namespace charter
