#pragma once

#include "controller/runtime/caches.h"
#include "controller/runtime/client.h"
#include "controller/runtime/work_queue.h"

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// Read your own writes. Wraps a controller's Client and notes, per pass, what was written; the
// controller gives the key its next pass only when the caches show all of it. Without this a pass
// that runs before the watch delivers sees its own create missing and creates twice. Reconcilers
// see a plain Client.
namespace charter {

/// The Client of one controller. Thread-safe; a pass is bound to the thread it runs on.
class WriteTracker final : public Client {
 public:
  /// `on_write` hears of each write before it is made, with the key of its pass.
  WriteTracker(Client& client, const Caches& caches,
               std::function<void(const ObjectName&)> on_write = {})
      : client_(client), caches_(caches), on_write_(std::move(on_write)) {}

  /// Starts noting writes of the calling thread for a key.
  void begin(const ObjectName& key);
  /// Ends the calling thread's pass.
  void end();
  /// True when the caches show all writes of the key's last passes; else the key is held until
  /// `release` names it.
  bool caught_up_or_hold(const WorkItem& item);
  /// Held items whose writes have become visible. Call after the caches were pumped.
  std::vector<WorkItem> release();
  size_t held() const;

  Result<ObjectPtr> get(const Gvr& resource, const ObjectName& name) override;
  Result<ObjectList> list(const Gvr& resource, const Selection& selection) override;
  Result<std::unique_ptr<Watch>> watch(const Gvr& resource, const Selection& selection,
                                       int64_t version) override;
  Result<ObjectPtr> create(const Gvr& resource, const Json& object) override;
  Result<ObjectPtr> update(const Gvr& resource, const Json& object, Part part) override;
  Status remove(const Gvr& resource, const ObjectName& name, const Deletion& deletion) override;

 private:
  /// What one key still has to see.
  struct Pending {
    std::map<std::string, int64_t> versions;  // bucket -> newest version written
    // (bucket, name) -> uid: must be gone, marked as deleting, or be another object
    std::map<std::pair<std::string, ObjectName>, std::string> removals;
  };
  void announce_write();
  void note_version(const Gvr& resource, int64_t version);
  bool visible(Pending& pending) const;

  Client& client_;
  const Caches& caches_;
  const std::function<void(const ObjectName&)> on_write_;
  mutable std::mutex mutex_;
  std::map<std::thread::id, ObjectName> passes_;
  std::map<ObjectName, Pending> pending_;  // writes that the caches did not show when last asked
  std::map<ObjectName, Priority> held_;    // keys of pending_ whose next pass is due
};

}  // namespace charter
