#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "controller/api/http_types.h"
#include "controller/api/list_options.h"
#include "controller/api/media_type.h"
#include "controller/api/table.h"
#include "controller/base/random.h"
#include "controller/store/store.h"

// Watches. A watch is a cursor into the store's event ring, nothing more: no queue of its own, so a slow watcher costs no memory and slows
// nobody; when the ring has moved past its cursor it gets 410 and ends.
namespace charter {

/// Wakes the streams of the buckets that a published group touched. Thread-safe.
class WatchHub {
 public:
  explicit WatchHub(Store& store);
  ~WatchHub();
  /// Registers a wake-up call; returns its id.
  uint64_t add(const std::string& bucket, std::function<void()> ready);
  void remove(const std::string& bucket, uint64_t id);
  size_t size() const;

 private:
  void wake(const std::set<std::string, std::less<>>& buckets);
  Store& store_;
  int subscription_ = 0;
  mutable std::mutex mutex_;
  uint64_t next_id_ = 1;
  std::map<std::string, std::map<uint64_t, std::function<void()>>, std::less<>> streams_;
};

/// What a watch needs; the referenced parts outlive every stream.
struct WatchParts {
  Store& store;
  WatchHub& hub;
  const Clock& clock;
  Random& random;
};

/// What to watch and how to show it.
struct WatchSpec {
  std::shared_ptr<const ResourceType> type;
  std::string ns;
  ListOptions options;
  Representation shape;
  IncludeObject include = IncludeObject::Metadata;
};

/// Starts a watch. Errors: Expired is not one of them (it is sent as an ERROR event), TooManyRequests beyond kWatchersMax.
Result<std::unique_ptr<BodyStream>> start_watch(const WatchParts& parts, WatchSpec spec);

}  // namespace charter
