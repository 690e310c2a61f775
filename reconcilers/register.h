#pragma once

#include "controller/git/git_reader.h"
#include "controller/object/admit.h"
#include "controller/runtime/manager.h"
#include "controller/runtime/own_server.h"
#include "drivers/provider_driver.h"

#include <map>
#include <memory>
#include <string>

// Where kinds meet the runtime: one line per kind in register.cc. Nothing else in the program lists
// the kinds.
namespace charter {

/// What controllers need beside their Runtime; outlives the manager.
struct ControllerResources {
  DriverPool& drivers;
  /// Whether repositories are looked after; a rehearsal leaves them as they are.
  bool repositories = false;
  /// Nothing where the API server is not ours: there others apply what repositories hold.
  OwnServer own = {};
  GitReader* git = nullptr;
};

/// Admission, guards and index fields of all kinds, for the API server, for webhooks and for
/// `charter plan`.
HookTable make_hooks();

/// Label selectors, by bucket, for caches beside another API server: of Secrets only those of
/// instances.
std::map<std::string, std::string, std::less<>> cache_selectors();

/// Adds the controllers of all kinds. Before the manager starts.
void add_controllers(Manager& manager, const ControllerResources& resources);

}  // namespace charter
