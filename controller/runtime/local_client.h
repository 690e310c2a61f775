#pragma once

#include "controller/runtime/client.h"

#include <memory>
#include <string>

// The Client inside the process: reads and watches go straight to the store's snapshot, writes
// through ResourceVerbs as the user system:charter. Resources are served in their storage version;
// others are NotFound.
namespace charter {

class ResourceVerbs;

/// Client over the process's own API. Thread-safe; the verbs outlive it.
class LocalClient final : public Client {
 public:
  /// `field_manager` is who its writes are tracked as, e.g. "charter-machine".
  LocalClient(ResourceVerbs& verbs, std::string field_manager);

  Result<ObjectPtr> get(const Gvr& resource, const ObjectName& name) override;
  Result<ObjectList> list(const Gvr& resource, const Selection& selection) override;
  /// Watches until the Watch is destroyed. take() answers Expired when its place in the log was
  /// compacted away.
  Result<std::unique_ptr<Watch>> watch(const Gvr& resource, const Selection& selection,
                                       int64_t version) override;
  Result<ObjectPtr> create(const Gvr& resource, const Json& object) override;
  Result<ObjectPtr> update(const Gvr& resource, const Json& object, Part part) override;
  Status remove(const Gvr& resource, const ObjectName& name, const Deletion& deletion) override;

 private:
  ResourceVerbs& verbs_;
  const std::string field_manager_;
};

}  // namespace charter
