#include "reconcilers/git_source/reconciler.h"

#include "controller/base/object_gauges.h"
#include "controller/runtime/caches.h"
#include "crds/types/kinds.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/common/reasons.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/git_source/admit.h"
#include "reconcilers/git_source/gauges.h"
#include "reconcilers/git_source/limits.h"
#include "reconcilers/git_source/look.h"
#include "reconcilers/git_source/plan.h"
#include "reconcilers/git_source/receiver.h"

#include <nlohmann/json.hpp>

namespace charter::git_source {
namespace {

class GitSourceReconciler final : public Shell<GitSource, Observed, Action> {
 public:
  GitSourceReconciler(const Runtime& rt, const Parts& parts)
      : Shell(rt, {.resource = kinds::git_sources(),
                   .component = "charter-git-source",
                   .phase = phase_of}),
        parts_(parts),
        look_(rt_, parts) {}

  void forget(const std::string& name) { look_.forget(name); }

 private:
  Result<GitSource> read(const Json& object) const override { return read_git_source(object); }
  Json render(const GitSource::Status& status) const override { return status_json(status); }
  Step decide(const GitSource& source, const Observed& have) const override {
    return plan(source, have);
  }

  Result<Observed> observe(const GitSource& source) override {
    if (parts_.applier == nullptr) {
      return Error{Code::Invalid,
                   "this API server is not Charter's own: Flux or Argo CD apply repositories here",
                   "Unsupported"};
    }
    return look_.observe(source);
  }

  Status act(const GitSource& source, const Action& action) override {
    if (const auto* prune = std::get_if<Prune>(&action)) return act(source, *prune);
    const auto seen = look_.seen(source);
    const ApplyAs who = Look::applies_as(source);
    for (const Manifest& manifest : seen->manifests) {
      auto applied = parts_.applier->apply(*manifest.tree, who);
      if (!applied)
        return named(manifest.source + ": " + to_string(charter::target_of(*manifest.tree)),
                     applied.error());
      seen->as_applied[charter::target_of(*manifest.tree)] = (*applied)->header().version;
    }
    seen->drifted.clear();
    return {};
  }

  Status act(const GitSource& source, const Prune& prune) {
    for (const Prune::Object& object : prune.objects) {
      const Status removed =
          parts_.applier->remove(object.target, object.uid, Look::applies_as(source));
      if (!removed) return named(to_string(object.target), removed.error());
    }
    return {};
  }

  // With a reason, because a conflict is no lost race here: somebody else has the field.
  static Error named(const std::string& what, const Error& error) {
    Error out{error.code, what + ": " + error.message, std::string(reason_of(error))};
    return out;
  }

  const Parts parts_;
  Look look_;
};

/// Around a source's passes: its metrics while it is there, and what is kept in memory of it.
class Whole final : public Reconciler {
 public:
  Whole(const Runtime& rt, const Parts& parts)
      : caches_(rt.caches), parts_(parts), inner_(rt, parts) {}

  Outcome reconcile(const ObjectName& name) override {
    const ObjectPtr object = caches_.get(kinds::bucket(kinds::git_sources()), name);
    if (object) {
      if (parts_.gauges) show(*parts_.gauges, *object);
    } else {
      inner_.forget(name.name);
      if (parts_.gauges) parts_.gauges->forget(name.name);
    }
    Outcome outcome = inner_.reconcile(name);
    // A Secret or ServiceAccount that comes, or is mended, tells nobody.
    const bool waits = outcome.kind == Outcome::Kind::Stuck && parts_.applier != nullptr;
    return waits ? Outcome::wait(kWaitForReferences, std::move(outcome.reason)) : outcome;
  }

 private:
  const Caches& caches_;
  const Parts parts_;
  GitSourceReconciler inner_;
};

}  // namespace

KindHooks hooks() {
  return {.admit = admit};
}

ControllerSpec controller(const Parts& parts) {
  ControllerSpec spec;
  spec.name = "git-source";
  spec.primary = kinds::git_sources();
  spec.make = [parts](const Runtime& rt) { return std::make_unique<Whole>(rt, parts); };
  // A repository that does not answer holds up no other source.
  spec.lane = [](const ObjectName& name, const Caches&) { return name.name; };
  watch_pauses(spec, PauseReach::ClusterObject);
  return spec;
}

void add_to(Manager& manager, const OwnServer& own, GitReader* reader) {
  const auto pushes = std::make_shared<Pushes>();
  Controller& sources = manager.add(controller({own.applier, reader, own.gauges, pushes}));
  if (own.receivers == nullptr || own.metrics == nullptr) return;
  own.receivers->add(
      kinds::git_sources().resource,
      push_receiver(
          pushes, [&sources](const ObjectName& name) { sources.add(name, Priority::User); },
          *own.metrics));
}

}  // namespace charter::git_source
