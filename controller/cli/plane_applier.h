#pragma once

#include "controller/cli/control_plane.h"
#include "controller/runtime/applier.h"

#include <memory>

namespace charter {

/// Applies to a control plane of this process; rehearses on another one in memory that begins with
/// the same objects. No user's webhook is asked in a rehearsal. The plane outlives it.
class PlaneApplier final : public Applier {
 public:
  PlaneApplier(const Product& product, const Clock& clock, ControlPlane& plane)
      : product_(product), clock_(clock), plane_(plane) {}

  Result<std::vector<ApplyFinding>> rehearse(const std::vector<Manifest>& manifests,
                                             const ApplyAs& who) override;
  Result<ObjectPtr> apply(const Json& manifest, const ApplyAs& who) override;
  Result<ObjectPtr> preview(const Json& manifest, const ApplyAs& who) override;
  ObjectPtr find(const ManifestTarget& target) override;
  Status remove(const ManifestTarget& target, const std::string& uid, const ApplyAs& who) override;

 private:
  const Product& product_;
  const Clock& clock_;
  ControlPlane& plane_;
};

}  // namespace charter
