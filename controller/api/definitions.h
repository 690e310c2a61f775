#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "controller/api/resource_verbs.h"
#include "controller/base/embedded.h"

// Keeps the table of kinds in step with the CustomResourceDefinitions in the store.
namespace charter {

/// Defines kinds from embedded documents before the store is opened, so that index fields are known while it loads. CHECKs that
/// they are valid: they are part of the program.
void define_embedded(KindRegistry& kinds, std::span<const embedded::File> files, KindRegistry::Origin origin);

/// Index fields of an object of a bucket; none when it has no kind.
Pairs index_of(const KindRegistry& kinds, const HookTable& hooks, std::string_view bucket, const Json& object);

/// What the store needs to read objects back, for StoreOptions::kinds: fields from the kinds' definitions, those of users
/// included, and from the hooks. Both outlive the store.
StoredKinds stored_kinds(KindRegistry& kinds, const HookTable& hooks);

/// Follows the definitions in the store for as long as it lives.
class Definitions {
 public:
  /// Defines what is stored and subscribes. `changed` is called, on the writer, after each change of the table.
  Definitions(ApiParts parts, std::function<void()> changed);
  ~Definitions();
  /// Creates or updates the program's own definitions and first namespaces; writes nothing when all is as it should be. Blocks.
  Status install(ResourceVerbs& verbs, std::span<const embedded::File> files);

 private:
  void follow(bool concerned, int64_t revision);
  void take(const ObjectPtr& definition);
  ApiParts parts_;
  std::function<void()> changed_;
  std::mutex mutex_;
  int64_t cursor_ = 0;
  int subscription_ = 0;
};

}  // namespace charter
