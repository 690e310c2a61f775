#pragma once

#include "controller/object/field_tallies.h"
#include "controller/object/view.h"
#include "controller/store/object_table.h"
#include "controller/store/store.h"

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What readers see: the current objects of each bucket and the ring of recent events, all of it
// durable already.
//
// A list at an older revision is the newest state with the bucket's events since then undone,
// newest first, which is why an event keeps the state `before` it. Events leave the ring oldest
// first; the revision of the last one that left is `compacted`, the oldest state that can still be
// shown. Thread contract: any number of readers beside one writer. Locks are held to copy pointers
// only, never while a filter or a visitor runs.
namespace charter {

/// One event and the bucket it belongs to.
struct SnapshotChange {
  std::string bucket;
  StoreEventPtr event;
};

/// The in-memory state of a Store.
class Snapshot final : public View {
 public:
  ObjectPtr get(std::string_view bucket, const ObjectName& name) const override;
  void scan(std::string_view bucket, std::string_view ns,
            const std::function<bool(const ObjectPtr&)>& visit) const override;
  Tally tally(std::string_view bucket, std::string_view ns, std::string_view field) const override;

  Result<ListPage> list(std::string_view bucket, const ListRange& range) const;
  size_t count(std::string_view bucket, std::string_view ns) const;
  Result<std::vector<StoreEventPtr>> events(std::string_view bucket, int64_t after,
                                            size_t max) const;
  int64_t revision() const { return revision_; }
  int64_t compacted() const { return compacted_; }
  /// Fills objects, object_bytes and events.
  Store::Stats stats() const;

  // For the writer and, before it runs, the loader.

  /// Sets an object without an event: the state at the compacted revision, at start.
  void restore(const std::string& bucket, ObjectPtr object);
  /// Removes an object without an event.
  void restore_deleted(const std::string& bucket, const ObjectName& name);
  /// Sets both revisions, at start.
  void restore_revisions(int64_t revision, int64_t compacted);
  /// Publishes events in order of revision, all at once, and drops the oldest beyond the ring's
  /// bounds.
  void apply(std::span<const SnapshotChange> changes);
  /// Drops events up to `revision`.
  void compact(int64_t revision);

 private:
  /// Objects and events of one bucket.
  struct Bucket {
    ObjectTable objects;
    std::deque<StoreEventPtr> events;  // oldest first
    mutable FieldTallies tallies;      // begun by readers, under the exclusive lock
    ObjectPtr put(ObjectPtr object);
    ObjectPtr erase(NameView name);
    /// First event with a greater revision.
    std::deque<StoreEventPtr>::const_iterator after(int64_t revision) const;
  };
  const Bucket* find(std::string_view bucket) const;
  void apply_one(const SnapshotChange& change);
  void drop_oldest();

  mutable std::shared_mutex mutex_;
  std::map<std::string, Bucket, std::less<>> buckets_;
  std::deque<Bucket*> ring_;  // bucket of each event of all buckets, oldest first
  size_t ring_bytes_ = 0;     // of states only events keep alive, and of the events themselves
  int64_t object_bytes_ = 0;
  // Written under the lock; read without it where no state is read along.
  std::atomic<int64_t> revision_ = 0;
  std::atomic<int64_t> compacted_ = 0;
};

}  // namespace charter
