#pragma once

#include "controller/runtime/caches.h"
#include "controller/runtime/reconciler.h"
#include "crds/types/view.h"
#include "reconcilers/common/step.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The pass that all kinds share:
//
//   load from cache → paused? → finalizers ensured → observe → plan (pure) → at most one action →
//   status if changed → outcome
//
// How to write a kind (reconcilers/<kind>/, namespace charter::<kind>, see reconcilers/image for
// the smallest):
//
//   plan.h/.cc        struct Observed {…; Instant now;};  using Action =
//   std::variant<std::monostate-free small structs with ==>;
//                     using Step = charter::Step<Machine, Action>;
//                     Step plan(const Machine& machine, const Observed& have);          // the
//                     table in the header comment std::string_view phase_of(const Conditions&
//                     conditions);          // one word for people
//   admit.h/.cc       Status admit(const AdmitRequest& request, const View& view);      // pure;
//   other objects through View only reconciler.h/.cc  KindHooks hooks();  ControllerSpec
//   controller(…drivers if needed…);
//
//   class MachineReconciler final : public Shell<Machine, Observed, Action> {
//    public:
//     MachineReconciler(const Runtime& rt, DriverPool& drivers)
//         : Shell(rt, {.resource = kinds::machines(), .finalizers =
//         {std::string(kReclaimFinalizer)},
//                      .component = "charter-machine", .phase = phase_of}), drivers_(drivers) {}
//    private:
//     Result<Machine> read(const Json& object) const override { return read_machine(object); }
//     Json render(const Machine::Status& status) const override { return status_json(status); }
//     std::string provider_of(const Machine& m) const override { return m.spec.provider.name; }
//     Result<Observed> observe(const Machine& machine) override;       // looks once: caches,
//     driver, clock Step decide(const Machine& m, const Observed& have) const override { return
//     plan(m, have); } Status act(const Machine& machine, const Action& action) override;   //
//     starts work, never waits
//   };
//
//   then one line each in reconcilers/register.cc.
//
// What the shell does for you, so do not do it yourself:
//   - An object that is gone: Done. An object in deletion without our finalizers: Done.
//   - Deleting: plan sees meta.deleted set, fills step.deletion while it is not finished and
//   step.release when it is. With `release`
//     the finalizers are removed as the pass's action.
//   - observedGeneration at top and in each condition, phase, Ready, Reconciling, Stalled,
//   Deleting, Paused.
//   - Events: one when Ready or Deleting changes status or reason, and when another condition turns
//   bad; none for steps on the way, which the conditions show.
//   - "could not look" (observe fails) and a failed action: Ready=Unknown (False for stalled
//   classes) with the reason of the error
//     (reasons.h reason_of), all other conditions and the status stay as they were, outcome Retry,
//     or Stuck for stalled classes, or Wait for WaitFor… classes. Conflict and NotFound of our own
//     writes only mean: look again.
//   - No status write when nothing changed: a second settle() does nothing. So never put the
//   current time or a counter of attempts
//     into a message or status.
//   - `rt_.client` remembers own writes: the next pass starts when the caches show them.
namespace charter {

/// What a kind tells the shell about itself.
struct KindShape {
  Gvr resource;
  std::vector<std::string> finalizers = {};  ///< ensured on every object that is not being deleted
  std::string component;                     ///< source of events: "charter-machine"
  std::string_view (*phase)(const Conditions&) =
      nullptr;  ///< status.phase from the conditions of this pass
};

/// How often a WaitFor… error is tried again, unless an event comes first.
inline constexpr Duration kWaitRetry = std::chrono::seconds(30);

/// The part of a pass that does not depend on the kind. Used by Shell only.
class PassFrame {
 public:
  PassFrame(const Runtime& rt, const KindShape& shape) : rt_(rt), shape_(shape) {}

  /// Loads the object; false when there is nothing to do.
  bool load(const ObjectName& name);
  const Json& object() const;
  const Meta& meta() const { return meta_; }
  /// Removes or adds finalizers as a write of its own; nothing when none is missing.
  std::optional<Outcome> ensure_finalizers();
  Outcome release(const std::vector<std::string>& finalizers);
  /// Ends a pass that somebody paused.
  Outcome finish_paused(const std::string& source);
  /// Ends a pass whose look or action failed.
  Outcome finish_failed(const Error& error);
  /// Ends a pass with a decision. `fields` is the rendered status without conditions.
  Outcome finish(Json fields, const Statement& ready, const std::vector<Statement>& conditions,
                 const std::optional<DeletionStep>& deletion, const Outcome& outcome);
  void announce(const std::vector<Announcement>& events);
  /// True when the last finish wrote a status.
  bool wrote() const { return wrote_; }

 private:
  Outcome write_status(Json status, const Outcome& outcome);
  void announce_changes(const Json& before, const Json& after);
  Json keep_status() const;
  void state(Json& status, const Statement& statement);
  void state_ready(Json& status, const Statement& ready);
  void set_phase(Json& status);

  const Runtime& rt_;
  const KindShape& shape_;
  ObjectPtr encoded_;
  std::shared_ptr<Json> object_;
  Meta meta_;
  bool wrote_ = false;
};

/// Base of every kind's reconciler. K is the typed view, Observed and Action belong to its plan.
template <class K, class Observed, class Action>
class Shell : public Reconciler {
 public:
  using KindStep = Step<K, Action>;

  Shell(const Runtime& rt, KindShape shape) : rt_(rt), shape_(std::move(shape)) {}
  Outcome reconcile(const ObjectName& name) final;

 protected:
  /// The typed view of an object. An object that the view cannot represent is Stalled with the
  /// error's path.
  virtual Result<K> read(const Json& object) const = 0;
  /// status_json of the kind.
  virtual Json render(const typename K::Status& status) const = 0;
  /// Name of the Provider that the object lives on, for pauses; empty: none.
  virtual std::string provider_of(const K&) const { return {}; }
  /// Looks at the world once. Errors mean "could not look", never "is not there".
  virtual Result<Observed> observe(const K& object) = 0;
  /// The kind's plan. Pure.
  virtual KindStep decide(const K& object, const Observed& have) const = 0;
  /// Carries out one action: starts work, does not wait for it. "Already there" and "already gone"
  /// are success.
  virtual Status act(const K& object, const Action& action) = 0;

  const Runtime rt_;

 private:
  Outcome finish(PassFrame& frame, const K& object, const KindStep& step);

  const KindShape shape_;
};

/// Who paused the object of this pass, see pause.h.
std::optional<std::string> paused_source(const Runtime& rt, const Meta& meta,
                                         const std::string& provider);

template <class K, class Observed, class Action>
Outcome Shell<K, Observed, Action>::reconcile(const ObjectName& name) {
  PassFrame frame(rt_, shape_);
  if (!frame.load(name)) return Outcome::done();
  const Result<K> object = read(frame.object());
  if (!object) return frame.finish_failed(object.error());
  if (const auto source = paused_source(rt_, frame.meta(), provider_of(*object))) {
    return frame.finish_paused(*source);
  }
  if (const auto outcome = frame.ensure_finalizers()) return *outcome;
  const Result<Observed> have = observe(*object);
  if (!have) return frame.finish_failed(have.error());
  return finish(frame, *object, decide(*object, *have));
}

template <class K, class Observed, class Action>
Outcome Shell<K, Observed, Action>::finish(PassFrame& frame, const K& object,
                                           const KindStep& step) {
  if (!step.release.empty()) {
    const Outcome released = frame.release(step.release);
    if (released.kind != Outcome::Kind::Retry) frame.announce(step.events);
    return released;
  }
  if (step.action) {
    if (const Status acted = act(object, *step.action); !acted)
      return frame.finish_failed(acted.error());
  }
  if (step.action && step.passing) {
    frame.announce(step.events);
    return step.outcome;
  }
  const Outcome wanted = step.action ? Outcome::again() : step.outcome;
  const Outcome outcome =
      frame.finish(render(step.status), step.ready, step.conditions, step.deletion, wanted);
  if (step.action || frame.wrote()) frame.announce(step.events);
  return outcome;
}

}  // namespace charter
