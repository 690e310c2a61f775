#pragma once

#include "controller/object/admit.h"

// What may be written to a GitSource. Pure; reads no other object.
//
//   always  url is an address of a repository that holds no password; path stays below the root;
//   ref has one member;
//           interval and timeout are within their bounds; a source does not depend on itself
//
// An object in deletion takes every change.
namespace charter::git_source {

/// Rules on the object.
Status admit(const AdmitRequest& request, const View& view);

}  // namespace charter::git_source
