#include "reconcilers/service_instance/tear_down.h"

#include "reconcilers/common/naming.h"
#include "reconcilers/service_instance/summary.h"

#include <algorithm>

namespace charter::service_instance {
namespace {

using Kind = DeleteObject::Kind;

void blocked(Pass& pass, const char* step, const std::string& blocker) {
  pass.step.deletion = DeletionStep{step, blocker};
  pass.step.outcome = Outcome::wait({}, step);
}

bool stop_machines(Pass& pass) {
  for (const auto& machine : pass.have.machines) {
    if (!machine.meta.deleted.empty() || machine.spec.power == Power::Off) continue;
    auto spec = machine.spec;
    spec.power = Power::Off;
    pass.step.action = UpdateMachine{machine.meta.name, std::move(spec)};
    blocked(pass, "Deactivating", "stopping machine " + machine.meta.name);
    return true;
  }
  return false;
}

// Deletes what is not being deleted yet, one a pass; then waits for the first that is left.
template <class Object>
bool remove(Pass& pass, Kind kind, const char* step, const std::vector<Object>& objects) {
  if (objects.empty()) return false;
  const auto next = std::find_if(objects.begin(), objects.end(),
                                 [](const Object& object) { return object.meta.deleted.empty(); });
  if (next != objects.end()) {
    pass.step.action = DeleteObject{kind, next->meta.name, next->meta.uid};
  }
  const auto& shown = next != objects.end() ? *next : objects.front();
  const char* word = kind == Kind::Machine ? "machine " : "volume ";
  blocked(pass, step,
          std::to_string(objects.size()) + " left, " + word +
              child_text(shown.meta.name, shown.conditions));
  return true;
}

// The volume's own policy decides what becomes of the storage, so it has to be the one wanted now.
bool settle_policies(Pass& pass) {
  for (const auto& volume : pass.have.volumes) {
    if (!volume.meta.deleted.empty()) continue;
    const auto* name = find_pair(volume.meta.labels, kComponentLabel);
    const auto wanted =
        reclaim_policy_of(pass.instance.spec, name != nullptr ? *name : volume.meta.name);
    if (volume.spec.reclaim_policy == wanted) continue;
    auto spec = volume.spec;
    spec.reclaim_policy = wanted;
    pass.step.action = UpdateVolume{volume.meta.name, std::move(spec)};
    blocked(pass, "DeletingVolume", "setting reclaimPolicy of volume " + volume.meta.name);
    return true;
  }
  return false;
}

bool remove_secrets(Pass& pass) {
  for (const auto& secret : pass.have.secrets) {
    if (!secret.deleting) {
      pass.step.action = DeleteObject{Kind::Secret, secret.name, secret.uid};
    }
    blocked(pass, "DeletingSecret", "secret " + secret.name);
    return true;
  }
  return false;
}

}  // namespace

void tear_down(Pass& pass) {
  const auto& have = pass.have;
  pass.step.ready = ready_false("Deleting", "the instance is being deleted");
  count_children(pass);
  if (stop_machines(pass)) return;
  if (remove(pass, Kind::Machine, "DeletingMachine", have.machines)) return;
  if (settle_policies(pass)) return;
  if (remove(pass, Kind::Volume, "DeletingVolume", have.volumes)) return;
  if (remove_secrets(pass)) return;
  pass.step.release = {std::string(kReclaimFinalizer)};
}

}  // namespace charter::service_instance
