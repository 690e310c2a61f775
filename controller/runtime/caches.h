#pragma once

#include "controller/object/view.h"
#include "controller/runtime/informer.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

// All informers of a process, one per resource, shared by its controllers; and a View on them, so
// that the pure functions that run against the store's snapshot run against the caches unchanged.
namespace charter {

/// The informers. Thread-safe.
class Caches final : public View {
 public:
  Caches(Client& client, const Clock& clock, Metrics& metrics);
  ~Caches() override;

  /// The informer of a resource, made on first use. Each call is to be matched by `release` or
  /// never released.
  std::shared_ptr<Informer> require(const Gvr& resource);
  /// Drops the informer once everybody who required it has released it.
  void release(const Gvr& resource);
  /// The informer of a bucket, or null.
  std::shared_ptr<Informer> find(std::string_view bucket) const;

  /// The object, or null; also null when the bucket has no informer.
  ObjectPtr get(std::string_view bucket, const ObjectName& name) const override;
  void scan(std::string_view bucket, std::string_view ns,
            const std::function<bool(const ObjectPtr&)>& visit) const override;
  Tally tally(std::string_view bucket, std::string_view ns, std::string_view field) const override;
  /// Objects with this value in an index. CHECKs that bucket and index exist: they are the caller's
  /// own declaration.
  std::vector<ObjectPtr> list_by(std::string_view bucket, std::string_view index,
                                 const std::string& value) const;
  /// Objects owned by this uid.
  std::vector<ObjectPtr> owned_by(std::string_view bucket, const std::string& uid) const {
    return list_by(bucket, kOwnerIndex, uid);
  }

  /// Pumps every informer once; returns whether anything happened.
  bool pump();
  bool synced() const;
  std::optional<Duration> next_due() const;
  /// Called from any thread when a pump may find something. Set once, before the first `require`.
  void on_ready(std::function<void()> ready);
  std::vector<std::shared_ptr<Informer>> informers() const;

 private:
  struct Held {
    std::shared_ptr<Informer> informer;
    int users = 0;
  };
  Client& client_;
  const Clock& clock_;
  Metrics& metrics_;
  mutable std::mutex mutex_;
  std::map<std::string, Held, std::less<>> by_bucket_;
  std::function<void()> ready_;
};

}  // namespace charter
