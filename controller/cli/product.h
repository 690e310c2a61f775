#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "controller/base/command.h"
#include "controller/base/embedded.h"
#include "controller/object/admit.h"
#include "controller/runtime/own_server.h"
#include "controller/runtime/manager.h"
#include "controller/runtime/rehearsed.h"

// What the composition root hands to the generic commands: the product's kinds, controllers and own commands. The runtime names no kind.
namespace charter {

/// Keeps alive what controllers use (drivers) until after the manager has stopped.
using ControllerHold = std::shared_ptr<void>;

/// What `charter plan` needs of the product beside its controllers.
struct Planning {
  /// As Product::add_controllers, on hosts in memory that look as `objects` say, take no time and never fail.
  std::function<Result<ControllerHold>(Manager& manager, const Clock& clock, const std::vector<Json>& objects)> add_controllers;
  /// Merge patches (with apiVersion, kind and metadata) that give the consents which `objects` wait for.
  std::function<std::vector<Json>(const std::vector<Json>& objects)> consents;
  /// apiVersion and kind of further objects that the report has to see, of a commit of `origin`. Pure.
  std::function<std::vector<Json>(const DocumentOrigin& origin, const std::vector<Json>& objects)> further_kinds = {};
  /// Tells people what a rehearsal saw. Pure.
  std::function<PlanReport(const Rehearsed& seen, PlanForm form)> report;
};

/// The product as the runtime sees it.
struct Product {
  std::string version;
  std::span<const embedded::File> definitions;  ///< CRDs installed at start
  std::span<const embedded::File> roles;        ///< ClusterRoles installed at start
  HookTable hooks;
  /// Label selectors, by bucket, of resources that are not the product's own and of which it wants only its own objects in memory.
  std::map<std::string, std::string, std::less<>> cache_selectors;
  /// Adds the product's controllers; `data_dir` is where drivers may keep their own files. `may_act` is asked before each call
  /// to anything outside; empty: nobody else may act. `own` is what our own API server offers; nothing where it is somebody else's.
  std::function<ControllerHold(Manager& manager, const Clock& clock, const std::string& data_dir,
                               std::function<Status()> may_act, const OwnServer& own)>
      add_controllers;
  Planning planning;
  std::vector<Command> commands;                ///< domain commands (sim …)
};

/// Runs the program: generic commands and the product's. Returns the exit code.
int run_program(int argc, char** argv, const Product& product);

}  // namespace charter
