#pragma once

#include "controller/object/manifest.h"

#include <set>
#include <string>
#include <vector>

// How a controller applies manifests that somebody else wrote: by server-side apply, as a
// ServiceAccount and with no more rights than that has, under a field manager of its own.
// Thread-safe; every call blocks until the answer, a write until it is durable.
namespace charter {

/// Who applies, and how.
struct ApplyAs {
  ObjectName service_account;
  std::string field_manager;
  bool force = false;  ///< take over fields that another manager has
  /// Objects whose fields are taken over even so: what he created and keeps.
  std::set<ManifestTarget> own = {};
};

/// A manifest that cannot be applied.
struct ApplyFinding {
  std::string source;
  ManifestTarget target;
  Error error;
};

/// Applies, finds and deletes.
class Applier {
 public:
  virtual ~Applier() = default;
  /// Applies all of it, in order, to a copy in memory: so a manifest may need what stands before
  /// it. Empty: all of it can be applied. Errors: the copy cannot be made.
  virtual Result<std::vector<ApplyFinding>> rehearse(const std::vector<Manifest>& manifests,
                                                     const ApplyAs& who) = 0;
  /// Applies one. The object as it is now.
  virtual Result<ObjectPtr> apply(const Json& manifest, const ApplyAs& who) = 0;
  /// The object as it would be; nothing is stored.
  virtual Result<ObjectPtr> preview(const Json& manifest, const ApplyAs& who) = 0;
  /// The object, or null when there is none, or no such kind.
  virtual ObjectPtr find(const ManifestTarget& target) = 0;
  /// Deletes in the background, only the object with this uid. Success when it is gone already.
  virtual Status remove(const ManifestTarget& target, const std::string& uid,
                        const ApplyAs& who) = 0;
};

}  // namespace charter
