#include "reconcilers/git_source/reconciler.h"

#include "controller/runtime/caches.h"
#include "crds/types/kinds.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/common/reasons.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/git_source/admit.h"
#include "reconcilers/git_source/look.h"
#include "reconcilers/git_source/plan.h"

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
    std::set<std::string> uids;
    rt_.caches.scan(kinds::bucket(kinds::git_sources()), "", [&](const ObjectPtr& each) {
      uids.insert(each->header().uid);
      return true;
    });
    look_.forget_others(uids);
    return look_.observe(source);
  }

  Status act(const GitSource& source, const Action& action) override {
    if (const auto* prune = std::get_if<Prune>(&action)) return act(source, *prune);
    const auto seen = look_.seen(source);
    for (const SourcedManifest& manifest : seen->manifests) {
      auto applied = parts_.applier->apply(*manifest.tree, Look::applies_as(source));
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

}  // namespace

KindHooks hooks() {
  return {.admit = admit};
}

ControllerSpec controller(const Parts& parts) {
  ControllerSpec spec;
  spec.name = "git-source";
  spec.primary = kinds::git_sources();
  spec.make = [parts](const Runtime& rt) {
    return std::make_unique<GitSourceReconciler>(rt, parts);
  };
  // A repository that does not answer holds up no other source.
  spec.lane = [](const ObjectName& name, const Caches&) { return name.name; };
  watch_pauses(spec, PauseReach::ClusterObject);
  return spec;
}

}  // namespace charter::git_source
