#pragma once

#include "controller/git/git_reader.h"
#include "controller/object/admit.h"
#include "controller/runtime/applier.h"
#include "controller/runtime/manager.h"
#include "controller/runtime/own_server.h"

#include <memory>

// How GitSources meet the runtime: the lines of reconcilers/register.cc.
namespace charter::git_source {

class Pushes;

/// What the controller works with; both outlive the manager. Both null: the kind is refused in its
/// status (an API server that is not ours: Flux and Argo CD pull there).
struct Parts {
  Applier* applier = nullptr;
  GitReader* reader = nullptr;
  ObjectGauges* gauges = nullptr;       ///< null: no metrics of each source
  std::shared_ptr<Pushes> pushes = {};  ///< null: nobody tells of pushes
};

/// Admission.
KindHooks hooks();

/// The kind's controller.
ControllerSpec controller(const Parts& parts);

/// Adds the controller, and the receiver of pushes where `own` has a place for it. `reader` may be
/// null where `own` has nothing.
void add_to(Manager& manager, const OwnServer& own, GitReader* reader);

}  // namespace charter::git_source
