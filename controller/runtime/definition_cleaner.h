#pragma once

#include "controller/runtime/manager.h"

// Removes the objects of a CustomResourceDefinition that is being deleted, then lets the definition
// go:
//
//   deletionTimestamp  cleanup finalizer  objects   action
//   no                 –                  –         (nothing)
//   yes                no                 –         (nothing: another finalizer holds it)
//   yes                yes                some      delete each that is not being deleted yet, come
//   back yes                yes                none      remove the finalizer
namespace charter {

/// Adds the cleaner's controller to `manager`, before its start.
void add_definition_cleaner(Manager& manager);

}  // namespace charter
