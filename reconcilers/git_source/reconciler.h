#pragma once

#include "controller/git/git_reader.h"
#include "controller/object/admit.h"
#include "controller/runtime/applier.h"
#include "controller/runtime/controller.h"

// How GitSources meet the runtime: the lines of reconcilers/register.cc.
namespace charter::git_source {

/// What the controller works with; both outlive the manager. Both null: the kind is refused in its
/// status (an API server that is not ours: Flux and Argo CD pull there).
struct Parts {
  Applier* applier = nullptr;
  GitReader* reader = nullptr;
};

/// Admission.
KindHooks hooks();

/// The kind's controller.
ControllerSpec controller(const Parts& parts);

}  // namespace charter::git_source
