#include "reconcilers/git_source/plan.h"

#include "reconcilers/common/reasons.h"
#include "reconcilers/git_source/limits.h"
#include "reconcilers/git_source/receiver.h"

#include <algorithm>
#include <set>

namespace charter::git_source {
namespace {

constexpr size_t kShortId = 12;

std::string commit_text(const GitCommit& commit) {
  const std::string id = "commit " + commit.id.substr(0, kShortId);
  return commit.message.empty() ? id : id + " (" + commit.message + ")";
}

GitSource::Commit noted(const GitCommit& commit) {
  return {commit.id, commit.author, commit.message, Instant(std::chrono::seconds(commit.time_s)),
          commit.signer};
}

std::set<ManifestTarget> targets_of(const std::vector<GitSource::Entry>& entries) {
  std::set<ManifestTarget> out;
  for (const auto& entry : entries)
    out.insert(target_of(entry));
  return out;
}

/// "a, b and 3 more".
std::string list_text(const std::vector<std::string>& all) {
  std::string text;
  const size_t shown = std::min(all.size(), kFindingsShown);
  for (size_t i = 0; i < shown; ++i)
    text += (i == 0 ? "" : ", ") + all[i];
  if (all.size() > shown) text += " and " + std::to_string(all.size() - shown) + " more";
  return text;
}

std::string findings_text(const std::vector<ApplyFinding>& findings) {
  std::vector<std::string> texts;
  for (const auto& finding : findings) {
    const std::string what = finding.target.kind.empty() ? "" : to_string(finding.target) + ": ";
    const std::string where = finding.source.empty() ? "" : finding.source + ": ";
    texts.push_back(where + what + finding.error.message);
  }
  return list_text(texts);
}

/// One decision, step by step.
class Decision {
 public:
  Decision(const GitSource& source, const Observed& have) : source_(source), have_(have) {
    step_.status = source.status;
    step_.outcome = Outcome::wait(have.next_check, std::string(reasons::kReady));
  }

  Step make() {
    state_receiver();
    if (source_.spec.suspend) return suspended();
    if (!have_.waits_for.empty()) return waiting();
    step_.status.last_attempted = noted(have_.commit);
    if (!have_.findings.empty()) return invalid();
    if (have_.wanted.empty() && !source_.status.inventory.empty() && !have_.empty_confirmed)
      return emptied();
    if (!noted_all()) return note();
    state_drift();
    if (!is_applied() || must_revert()) return apply();
    return prune_or_rest();
  }

 private:
  bool is_applied() const {
    const auto& applied = source_.status.last_applied;
    return applied && applied->id == have_.commit.id &&
           source_.status.applied_generation == source_.meta.generation;
  }
  bool must_revert() const {
    return !have_.drifted.empty() && source_.spec.drift_policy == DriftAnswer::Revert;
  }
  bool noted_all() const {
    const auto known = targets_of(source_.status.inventory);
    return std::all_of(have_.wanted.begin(), have_.wanted.end(),
                       [&](const auto& entry) { return known.contains(target_of(entry)); });
  }

  void state_receiver() {
    step_.status.receiver.reset();
    if (!source_.spec.receiver) return;
    step_.status.receiver = GitSource::ReceiverPlace{receiver_path(source_.meta.name)};
    if (source_.spec.suspend) {
      step_.conditions.push_back(is_not_so("ReceiverReady", "Suspended",
                                           "pushes are refused until spec.suspend is false"));
    } else if (!have_.receiver_problem.empty()) {
      step_.conditions.push_back(
          is_not_so("ReceiverReady", "InvalidCredentials",
                    "pushes are refused: spec.receiver.secretRef: " + have_.receiver_problem));
    } else {
      step_.conditions.push_back(
          is_so("ReceiverReady", "Ready", "pushes are received at " + step_.status.receiver->path));
    }
  }

  Step suspended() {
    const std::string message = "nothing is fetched, applied or pruned until spec.suspend is false";
    step_.ready = source_.status.last_applied ? ready_true("Suspended", message)
                                              : ready_unknown("Suspended", message);
    step_.status.not_ready.clear();
    step_.outcome = Outcome::wait({}, "Suspended");
    return std::move(step_);
  }

  Step waiting() {
    if (!have_.waits_in_circle.empty()) {
      std::string way;
      for (const auto& name : have_.waits_in_circle)
        way += (way.empty() ? "" : " -> ") + name;
      step_.ready =
          ready_false("InvalidReference", "spec.dependsOn: each waits for the next: " + way);
      step_.outcome = Outcome::wait(kWaitForOthers, "InvalidReference");
      return std::move(step_);
    }
    step_.ready =
        ready_unknown("ReferenceNotReady", "waits for git source " + list_text(have_.waits_for));
    step_.outcome = Outcome::wait(kWaitForOthers, "ReferenceNotReady");
    return std::move(step_);
  }

  Step invalid() {
    step_.ready = ready_false("CommitInvalid", commit_text(have_.commit) + " is not applied: " +
                                                   findings_text(have_.findings));
    return std::move(step_);
  }

  Step emptied() {
    step_.ready = ready_false(
        "EmptySource", commit_text(have_.commit) +
                           " has no manifest at spec.path: nothing is pruned. To prune all " +
                           std::to_string(source_.status.inventory.size()) +
                           " objects: kubectl annotate gitsource " + source_.meta.name +
                           " --overwrite " + std::string(kConfirmPrune) + "=" + have_.commit.id);
    return std::move(step_);
  }

  Step note() {
    auto& inventory = step_.status.inventory;
    auto known = targets_of(inventory);
    for (const auto& entry : have_.wanted) {
      if (known.insert(target_of(entry)).second) inventory.push_back(entry);
    }
    if (inventory.size() > kObjectsMax) {
      step_.status.inventory = source_.status.inventory;
      step_.ready = ready_false("TooManyObjects", "with what is to be pruned, more than " +
                                                      std::to_string(kObjectsMax) +
                                                      " objects: use several sources");
      return std::move(step_);
    }
    step_.ready = ready_unknown("Applying", "applying " + commit_text(have_.commit));
    step_.outcome = Outcome::again();
    return std::move(step_);
  }

  void state_drift() {
    if (have_.drifted.empty()) return;
    const bool reported = source_.spec.drift_policy == DriftAnswer::Report;
    step_.conditions.push_back(is_so("DriftDetected",
                                     reported ? "DriftReported" : "CorrectingDrift",
                                     "changed by somebody else: " + list_text(have_.drifted)));
  }

  Step apply() {
    const std::string count = std::to_string(have_.wanted.size()) + " objects";
    if (is_applied()) {
      step_.events.push_back({Announcement::Type::Normal, "DriftCorrected",
                              "applied again: " + list_text(have_.drifted)});
    } else {
      step_.events.push_back(
          {Announcement::Type::Normal, "Applied", commit_text(have_.commit) + ": " + count});
    }
    step_.action = Apply{have_.commit.id};
    step_.status.last_applied = noted(have_.commit);
    step_.status.applied_generation = source_.meta.generation;
    step_.status.applied_time = have_.now;
    step_.ready = ready_unknown("Applying", "applying " + commit_text(have_.commit));
    return std::move(step_);
  }

  Step prune_or_rest() {
    step_.status.inventory = have_.wanted;
    keep_adoptions();
    Prune prune;
    std::vector<std::string> guarded;
    bool going = false;
    for (const Leaving& leaving : have_.leaving) {
      const bool forgotten = !source_.spec.prune || leaving.entry.adopted ||
                             leaving.state == Leaving::State::Gone ||
                             leaving.state == Leaving::State::NotOurs;
      if (forgotten) continue;
      step_.status.inventory.push_back(leaving.entry);
      going |= leaving.state == Leaving::State::Going;
      if (leaving.state == Leaving::State::Protected)
        guarded.push_back(to_string(target_of(leaving.entry)) + ": " + leaving.why);
      if (leaving.state == Leaving::State::Free)
        prune.objects.push_back({target_of(leaving.entry), leaving.uid});
    }
    if (!guarded.empty()) {
      const std::string message =
          "nothing is deleted, because these left the repository: " + list_text(guarded);
      step_.conditions.push_back(is_so("PruneBlocked", "PruneBlocked", message));
      step_.ready = ready_false("PruneBlocked", message);
      return std::move(step_);
    }
    if (!prune.objects.empty()) {
      std::vector<std::string> names;
      for (const auto& object : prune.objects)
        names.push_back(to_string(object.target));
      step_.events.push_back(
          {Announcement::Type::Normal, "Pruned", "left the repository: " + list_text(names)});
      step_.action = std::move(prune);
      step_.ready = ready_unknown("Pruning", "deleting " + list_text(names));
      return std::move(step_);
    }
    return rest(going);
  }

  // What a wanted object was when it was noted first.
  void keep_adoptions() {
    std::set<ManifestTarget> adopted;
    for (const auto& entry : source_.status.inventory) {
      if (entry.adopted) adopted.insert(target_of(entry));
    }
    for (auto& entry : step_.status.inventory)
      entry.adopted = adopted.contains(target_of(entry));
  }

  Step rest(bool going) {
    const std::string applied = commit_text(have_.commit) + " is applied";
    state_health();
    if (going) {
      step_.ready = ready_unknown("Pruning", "waits for what left the repository to be gone");
      step_.outcome = Outcome::wait(kWaitForOthers, "Pruning");
    } else {
      step_.ready = ready_true("Applied", applied);
      if (!have_.not_ready.empty())
        step_.outcome =
            Outcome::wait(std::min<Duration>(have_.next_check, kWaitForOthers), "Applied");
    }
    return std::move(step_);
  }

  void state_health() {
    auto& shown = step_.status.not_ready;
    shown = have_.not_ready;
    if (shown.empty()) {
      step_.conditions.push_back(is_so("Healthy", "Ready", "all objects are ready"));
      return;
    }
    const auto& first = shown.front();
    step_.conditions.push_back(is_not_so(
        "Healthy", "ChildNotReady",
        std::to_string(shown.size()) + " of " + std::to_string(have_.wanted.size()) +
            " objects are not ready, " +
            to_string(ManifestTarget{first.api_version, first.kind, {first.ns, first.name}}) +
            ": " + first.reason));
    if (shown.size() > kUnreadyShown) shown.resize(kUnreadyShown);
  }

  const GitSource& source_;
  const Observed& have_;
  Step step_;
};

}  // namespace

ManifestTarget target_of(const GitSource::Entry& entry) {
  return {entry.api_version, entry.kind, {entry.ns, entry.name}};
}

Step plan(const GitSource& source, const Observed& have) {
  return Decision(source, have).make();
}

std::string_view phase_of(const Conditions& conditions) {
  const auto* ready = find_condition(conditions, "Ready");
  if (ready != nullptr && ready->reason == "Suspended") return "Suspended";
  if (is_true(conditions, "Stalled")) return "Failed";
  return is_true(conditions, "Ready") ? "Applied" : "Pending";
}

}  // namespace charter::git_source
