#pragma once

#include "controller/runtime/reconciler.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What a plan returns: the whole decision of one pass, as a value. Plans are pure functions
//
//   Step plan(const Machine& machine, const Observed& have);      using Step =
//   charter::Step<Machine, Action>;
//
// and tests, `charter plan` and dry runs call them as the shell does.
namespace charter {

/// One condition as a plan states it; the shell adds observedGeneration and lastTransitionTime.
/// `status` is "True", "False" or "Unknown"; `reason` a word of reasons.h; `message` says what
/// blocks, who must act and when it is tried again.
struct Statement {
  std::string type;
  std::string status;
  std::string reason;
  std::string message;
  bool operator==(const Statement&) const = default;
};

/// Ready=True: reached for this generation.
Statement ready_true(std::string_view reason, std::string message);
/// Ready=Unknown: on the way.
Statement ready_unknown(std::string_view reason, std::string message);
/// Ready=False: not usable.
Statement ready_false(std::string_view reason, std::string message);
/// Any other condition.
Statement is_so(std::string_view type, std::string_view reason, std::string message);
Statement is_not_so(std::string_view type, std::string_view reason, std::string message);
Statement is_unknown(std::string_view type, std::string_view reason, std::string message);

/// An event beside those that the shell makes from changed conditions (e.g. "Resized").
struct Announcement {
  enum class Type { Normal, Warning };
  Type type = Type::Normal;
  std::string reason;
  std::string message;
  bool operator==(const Announcement&) const = default;
};

/// Where a deletion stands, for the Deleting condition.
struct DeletionStep {
  std::string reason;   ///< the step, e.g. "StoppingMachine", or "InUse"
  std::string blocker;  ///< what it waits for and who must act, e.g. "used by contract shop/orders"
  bool operator==(const DeletionStep&) const = default;
};

/// One decision about an object of kind K (a typed view).
template <class K, class ActionVariant>
struct Step {
  /// At most one thing to do. After it the key comes back at once.
  std::optional<ActionVariant> action = {};
  /// The action only starts something, and no crash could mistake its beginning: no status is
  /// written for it. `outcome` says when to look for what came of it, and that pass says it.
  bool passing = false;
  /// The whole status but observedGeneration, phase and conditions, which the shell fills. Start
  /// from the object's status.
  typename K::Status status = {};
  /// Ready. From the class of its reason the shell derives Reconciling and Stalled.
  Statement ready = {};
  /// All further conditions; a condition that is not stated is removed.
  std::vector<Statement> conditions = {};
  /// Set while the object is being deleted and not finished.
  std::optional<DeletionStep> deletion = {};
  /// Finalizers to remove now: what they stood for is done. Takes the place of an action.
  std::vector<std::string> release = {};
  /// When to look again if there was nothing to do. Ignored after an action that is not passing and
  /// after a release (looks again at once).
  Outcome outcome = Outcome::done();
  /// Recorded when the action was carried out, or, without one, when the status changed.
  std::vector<Announcement> events = {};
  bool operator==(const Step&) const = default;
};

}  // namespace charter
