#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

// The order of keys of one priority, with bulkheads.
//
//   add ──> beside its lane ──lane has room──> ready ──take──> running ──leave──> (gone)
//
// First come, first served. Keys of one lane (say, of one provider) take a bounded part of the
// workers, and the last quarter of the workers goes only to lanes that have none. Keys of a lane
// without room wait beside the line, in its order; so a lane whose passes hang stops itself and
// nobody else. The unnamed lane is for keys that
// call nothing outside: it has its own bound, and no part of it is kept for others.
namespace charter {

/// Bounds of the places that running keys take.
struct LaneBounds {
  size_t workers = SIZE_MAX;   ///< who take keys; a quarter is kept for lanes that have none
  size_t per_lane = SIZE_MAX;  ///< workers that one named lane may hold
  size_t unnamed = SIZE_MAX;   ///< workers that the unnamed lane may hold
};

/// Lanes of one priority. Not thread-safe: the queue's lock guards it. Cost: O(log n) for every
/// call, and O(lanes) when workers are short and for `last`.
class WorkLanes {
 public:
  struct Lane;
  /// A key's place. Owned by the caller, who keeps its address while it is here.
  struct Place {
    Lane* lane = nullptr;  ///< while it waits, and while it runs until it leaves
    uint64_t sequence = 0;
    bool ready = false;
  };
  struct Lane {
    std::string name;
    size_t held = 0;                     // places ready or running
    std::map<uint64_t, Place*> waiting;  // beside the line
  };

  explicit WorkLanes(LaneBounds bounds) : bounds_(bounds) {}

  /// Lines up a place that is nowhere. Sequences only rise.
  void add(Place& place, std::string lane, uint64_t sequence);
  /// Takes back a place that waits.
  void remove(Place& place);
  /// Turns the first ready place into a running one.
  void take(Place& place);
  /// A running place is free for others; a repeat does nothing.
  void leave(Place& place);

  /// The place to be taken next, or null.
  Place* first() const { return ready_.empty() ? nullptr : ready_.begin()->second; }
  /// Of those that wait, the one that would be served last, or null.
  Place* last() const;
  size_t waiting() const { return ready_.size() + beside_; }

 private:
  bool is_short() const { return held_ >= bounds_.workers - bounds_.workers / 4; }
  bool has_room(const Lane& lane) const;
  void release(Lane& lane);
  void fill_free_places();
  void admit_first(Lane& lane);
  void admit_waiting(Lane& lane);

  const LaneBounds bounds_;
  std::map<uint64_t, Place*> ready_;  // may be taken: their lanes have room
  std::map<std::string, Lane, std::less<>> lanes_;
  size_t held_ = 0;    // of all lanes
  size_t beside_ = 0;  // places that wait in lanes
};

}  // namespace charter
