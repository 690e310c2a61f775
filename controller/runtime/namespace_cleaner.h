#pragma once

#include "controller/runtime/manager.h"
#include "controller/runtime/served_resources.h"

#include <memory>
#include <vector>

// Empties a namespace that is being deleted, as Kubernetes' namespace controller does:
//
//   deletionTimestamp  content              action                              conditions True
//   no                 –                    (nothing)                           –
//   yes                listing failed       retry NamespaceDeletionDiscoveryFailure /
//   …ContentFailure yes                objects              delete each, come back
//   NamespaceContentRemaining yes                only with finalizer  wait for their owners, come
//   back    + NamespaceFinalizersRemaining yes                none                 spec.finalizers:
//   [] (the API then removes the namespace)
//
// phase is Terminating from the first pass on.
namespace charter {

/// The cleaner, a controller of its own in the manager.
class NamespaceCleaner {
 public:
  /// Adds its controller to `manager`, before its start.
  explicit NamespaceCleaner(Manager& manager);

  /// Replaces the set of resources that namespaces are emptied of (those with `namespaced`). From
  /// any thread. Until the first call no namespace is finished.
  void set_resources(std::vector<ServedResource> resources);

 private:
  class Pass;
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace charter
