#pragma once

#include "controller/object/object.h"

#include <memory>
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
  bool force = false;  ///< take over fields that another manager applies
};

/// An object that is meant by a manifest.
struct ManifestTarget {
  std::string api_version, kind;
  ObjectName name;
  auto operator<=>(const ManifestTarget&) const = default;
};
/// What `document` says it is.
ManifestTarget target_of(const Json& document);
/// "Contract shop/orders".
std::string to_string(const ManifestTarget& target);

/// A manifest and where it stands.
struct SourcedManifest {
  std::string source;  ///< "shop/contract.yaml, document 2"
  std::shared_ptr<const Json> tree;
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
  virtual Result<std::vector<ApplyFinding>> rehearse(const std::vector<SourcedManifest>& manifests,
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
