#pragma once

#include "controller/runtime/caches.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The set of resources that a controller over "every kind" listens to. The set changes while it
// runs: definitions come and go.
namespace charter {

/// A served resource, as its users register it.
struct ServedResource {
  Gvr gvr;
  std::string kind;
  bool namespaced = true;
  bool operator==(const ServedResource&) const = default;
};

/// Informers and handlers for a changing set of resources. `want` from any thread; `apply` from one
/// pass at a time.
class ServedResources {
 public:
  /// Told of each change of each resource, on the pump (or from `apply`, for objects already
  /// cached).
  using Handler = std::function<void(const ServedResource&, const ObjectChange&)>;

  ServedResources(Caches& caches, Handler handler)
      : caches_(caches), handler_(std::move(handler)) {}
  ~ServedResources();

  /// Sets the wanted set.
  void want(std::vector<ServedResource> resources);
  /// Requires informers of new resources and releases those of gone ones. Not from a handler. True
  /// when anything changed.
  bool apply();
  /// True once a wanted set was applied.
  bool known() const;
  /// The applied set.
  std::vector<ServedResource> all() const;
  /// By bucket, or nothing.
  std::optional<ServedResource> find(std::string_view bucket) const;
  /// By group and kind (any version), or nothing.
  std::optional<ServedResource> find_kind(std::string_view group, std::string_view kind) const;

 private:
  struct Active {
    ServedResource resource;
    std::shared_ptr<Informer> informer;
    int handler = 0;
  };
  void drop(const Active& active);

  Caches& caches_;
  const Handler handler_;
  mutable std::mutex mutex_;
  std::optional<std::vector<ServedResource>> wanted_;
  bool known_ = false;
  std::map<std::string, Active, std::less<>> active_;  // by bucket
};

}  // namespace charter
