#include "reconcilers/volume/plan.h"

#include "drivers/size_rounding.h"
#include "reconcilers/common/metering.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/provider/endpoint.h"
#include "reconcilers/volume/metering.h"

#include <algorithm>

namespace charter::volume {
namespace {

// Machines announce that their vm is there; this only covers an announcement that was missed.
constexpr Duration kMachineWait = std::chrono::seconds(30);

bool holds(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::string place_text(const Volume& volume) {
  return " on provider " + volume.status.provider;
}

Step released(const Volume& volume, Announcement event) {
  Step step;
  step.status = volume.status;
  step.ready = ready_false("Deleting", "finished");
  step.release = {std::string(kReclaimFinalizer)};
  step.events = {std::move(event)};
  return step;
}

Step deletion(const Volume& volume, const Observed& have) {
  if (volume.status.provider.empty()) {
    return released(volume, {Announcement::Type::Normal, "Reclaimed", "nothing was made outside"});
  }
  if (!have.ext) {
    return released(
        volume, {Announcement::Type::Normal, "Reclaimed", "nothing is left" + place_text(volume)});
  }
  Step step;
  step.status = volume.status;
  step.status.state = "Deleting";
  step.ready = ready_false("Deleting", "is being deleted");
  const std::string what = have.ext->external_id + place_text(volume);
  if (!have.ext->attached_to.empty()) {
    step.deletion = DeletionStep{"Detaching", "taking " + what + " off its machines"};
    step.action = Detach{have.ext->attached_to.front()};
    return step;
  }
  switch (volume.spec.reclaim_policy) {
    case ReclaimPolicy::Delete:
      step.deletion = DeletionStep{"DeletingVolume", "removing " + what};
      step.action = Remove{};
      return step;
    case ReclaimPolicy::Retain:
      return released(volume, {Announcement::Type::Normal, "Retained",
                               what + " is kept with its data; the provider lists it as orphan"});
    case ReclaimPolicy::Detach:
      return released(volume, {Announcement::Type::Normal, "Detached",
                               what + " is handed back to the provider with its data"});
  }
  return step;
}

Step unplaced(const Volume& volume, const Observed& have) {
  Step step;
  step.status = volume.status;
  if (have.provider.empty()) {
    const Blocker why = have.blocker.value_or(Blocker{"Scheduling", "waiting for a provider"});
    step.status.state = "Pending";
    step.ready = ready_unknown(why.reason, why.message);
    step.conditions = {is_unknown("Scheduled", why.reason, why.message)};
    step.outcome = Outcome::wait(kMachineWait, why.reason);
    return step;
  }
  step.status.provider = have.provider;
  step.status.state = "Creating";
  step.ready = ready_unknown("Provisioning", "making the volume");
  step.conditions = {is_so("Scheduled", "Scheduled", "on provider " + have.provider)};
  step.outcome = Outcome::again();
  return step;
}

/// Decides about a volume that has a provider.
class Placed {
 public:
  Placed(const Volume& volume, const Observed& have) : volume_(volume), have_(have) {
    step_.status = volume.status;
    step_.conditions = {is_so("Scheduled", "Scheduled", "on provider " + volume.status.provider)};
  }

  Step decide() {
    if (!have_.ext) {
      absent();
    } else {
      present();
    }
    return std::move(step_);
  }

 private:
  DriftMode mode() const { return volume_.spec.drift_policy.mode; }

  void create() {
    step_.status.state = "Creating";
    step_.status.external_id.clear();
    step_.status.attached_to.clear();
    step_.ready = ready_unknown("Provisioning", "making the volume");
    step_.conditions.push_back(is_unknown("Provisioned", "CreatingVolume", "making the volume"));
    step_.action = Create{have_.security};
  }

  void absent() {
    if (volume_.status.external_id.empty()) {
      create();
      step_.passing = true;
      step_.outcome = Outcome::again();
      return;
    }
    const std::string message = volume_.status.external_id + place_text(volume_) +
                                " is gone though nobody asked us to "
                                "delete it, and its data with it";
    step_.status.drift.clear();
    if (mode() != DriftMode::Ignore) step_.status.drift = {{"existence", "present", "absent"}};
    if (mode() == DriftMode::Correct) {
      create();
      step_.conditions.push_back(is_so("DriftDetected", "DriftDetected", message));
      step_.events = {{Announcement::Type::Warning, "DriftDetected", message}};
      return;
    }
    step_.status.state = "Unknown";
    step_.status.attached_to.clear();
    const auto* reason = mode() == DriftMode::Report ? "DriftReported" : "Lost";
    step_.ready = ready_false(reason, message);
    step_.conditions.push_back(is_not_so("Provisioned", "NotProvisioned", message));
    if (mode() == DriftMode::Report)
      step_.conditions.push_back(is_so("DriftDetected", "DriftReported", message));
    step_.outcome = Outcome::wait({}, reason);
  }

  void present() {
    const auto& ext = *have_.ext;
    auto& status = step_.status;
    status.external_id = ext.external_id;
    status.size_bytes = counted_size(volume_, ext);
    status.pool = ext.host;
    status.attached_to = have_.attached_names;
    status.drift.clear();
    status.state = ext.attached_to.empty() ? "Available" : "Attached";
    step_.conditions.push_back(
        is_so("Provisioned", "Provisioned",
              ext.external_id + " in " + ext.host + ", " + describe(ext.protection)));
    if (!(grows() || takes_off() || attaches())) settle();
  }

  bool grows() {
    const int64_t wanted = volume_.spec.size_bytes;
    if (have_.ext->size_bytes >= wanted) return false;
    // Volumes never shrink by themselves, so a smaller one was made so by the spec growing.
    step_.action = Grow{wanted};
    step_.ready = ready_unknown("Growing", "to " + bytes_text(wanted));
    return true;
  }

  bool takes_off() {
    for (const auto& uid : have_.ext->attached_to) {
      const bool wanted = std::any_of(have_.targets.begin(), have_.targets.end(),
                                      [&](const Target& target) { return target.uid == uid; });
      if (wanted) continue;
      step_.action = Detach{uid};
      step_.ready = ready_unknown("Detaching", "taking it off a machine that it is not meant for");
      return true;
    }
    return false;
  }

  // Was it attached there before? Then somebody else took it off.
  bool is_drift(const Target& target) const {
    return holds(volume_.status.attached_to, target.name) ||
           std::any_of(volume_.status.drift.begin(), volume_.status.drift.end(),
                       [&](const Drift& old) { return old.wanted == target.name; });
  }

  bool attaches() {
    std::string waiting;
    for (const auto& target : have_.targets) {
      if (target.going || holds(have_.ext->attached_to, target.uid)) continue;
      if (!target.exists) {
        waiting += (waiting.empty() ? "" : ", ") + target.name;
      } else if (is_drift(target) && mode() != DriftMode::Correct) {
        if (mode() == DriftMode::Report)
          step_.status.drift.push_back({"attachTo", target.name, "detached"});
      } else if (!step_.action) {
        step_.action = Attach{target.uid};
        step_.ready = ready_unknown("Attaching", "to machine " + target.name);
      }
    }
    if (step_.action) return true;
    if (waiting.empty()) return false;
    step_.ready = ready_unknown("Attaching", "waiting for machines: " + waiting);
    step_.outcome = Outcome::wait(kMachineWait, "Attaching");
    return true;
  }

  void settle() {
    step_.outcome = Outcome::done();
    const auto& ext = *have_.ext;
    if (!step_.status.drift.empty()) {
      const auto& first = step_.status.drift.front();
      const std::string message = "was detached from machine " + first.wanted +
                                  " outside; left as it is by driftPolicy Report";
      step_.conditions.push_back(is_so("DriftDetected", "DriftReported", message));
      step_.ready = ready_false("DriftReported", message);
      step_.outcome = Outcome::wait({}, "DriftReported");
    } else if (step_.status.size_bytes > volume_.spec.size_bytes) {
      step_.ready = ready_false("ShrinkNotPossible",
                                "has " + bytes_text(ext.size_bytes) + ", spec.size asks for " +
                                    bytes_text(volume_.spec.size_bytes) +
                                    "; a volume never shrinks, set spec.size to what it has");
      step_.outcome = Outcome::wait({}, "ShrinkNotPossible");
    } else if (const auto safe = provider::check_protected(have_.security, ext.protection); !safe) {
      step_.ready = ready_false(safe.error().reason, ext.external_id + " " + safe.error().message +
                                                         "; make another volume");
      step_.outcome = Outcome::wait({}, safe.error().reason);
    } else if (ext.attached_to.empty()) {
      step_.ready = ready_true("Available", "attached to nothing");
    } else {
      step_.ready = ready_true("Attached", "attached as wanted");
    }
  }

  const Volume& volume_;
  const Observed& have_;
  Step step_;
};

Step decide(const Volume& volume, const Observed& have) {
  if (!volume.meta.deleted.empty()) return deletion(volume, have);
  if (volume.status.provider.empty()) return unplaced(volume, have);
  return Placed(volume, have).decide();
}

}  // namespace

Step plan(const Volume& volume, const Observed& have) {
  Step step = decide(volume, have);
  step.status.metering = metered(volume, have);
  const bool over = is_charged(volume.status.metering) && !is_charged(step.status.metering);
  if (over && !volume.meta.deleted.empty()) note_end_first<Remove>(step);
  return step;
}

int64_t counted_size(const Volume& volume, const VolumeState& ext) {
  for (const int64_t size : {volume.spec.size_bytes, volume.status.size_bytes.value_or(0)}) {
    if (size > 0 && size <= ext.size_bytes && ext.size_bytes - size < kSizeRounding) return size;
  }
  return ext.size_bytes;
}

std::string_view phase_of(const Conditions& conditions) {
  if (is_true(conditions, "Deleting")) return "Deleting";
  if (is_true(conditions, "Stalled")) return "Failed";
  const auto* ready = find_condition(conditions, "Ready");
  if (ready != nullptr && ready->status == "True")
    return ready->reason == "Attached" ? "Attached" : "Available";
  return is_true(conditions, "Scheduled") ? "Creating" : "Pending";
}

}  // namespace charter::volume
