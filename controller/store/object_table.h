#pragma once

#include "controller/object/object.h"

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

// The current objects of one bucket, sorted by name, in chunks that readers share and the writer
// replaces.
//
//   chunks_ ──> [chunk][chunk][chunk]     a reader copies the pointers of the chunks it wants,
//   under the owner's lock, and
//                 │                       then walks them without any lock: what it holds never
//                 changes └─> a b c … (≤ 64)      the writer copies a chunk before changing it,
//                 once after each read
//
// The key is not stored a second time: objects carry their own names. A sorted walk touches
// neighbouring memory, which is what makes a filtered list of 100,000 objects cheap. Thread
// contract: as a container. slice() and find() may run beside each other; put() and erase() exclude
// all others (the owner's lock). Slices are independent of the lock.
namespace charter {

/// A name that is not owned.
struct NameView {
  std::string_view ns;
  std::string_view name;
  NameView(std::string_view the_ns, std::string_view the_name) : ns(the_ns), name(the_name) {}
  NameView(const ObjectName& from) : ns(from.ns), name(from.name) {}
  NameView(const Encoded& from) : ns(from.header().ns), name(from.header().name) {}
  std::strong_ordering operator<=>(const NameView&) const = default;
  bool operator==(const NameView&) const = default;
};

/// Sorted objects of one bucket.
class ObjectTable {
 public:
  static constexpr size_t kChunkMax = 64;  // copying one chunk costs about a microsecond

  /// Objects next to each other in order. Replaced, never changed, once a slice holds it.
  struct Chunk {
    uint64_t born = 0;  // value of slices_ when it was made: unchanged means no slice holds it
    std::vector<ObjectPtr> objects;
  };

  /// An immutable range of the table.
  class Slice {
   public:
    size_t size() const { return size_; }
    /// Calls visit(object) in order until it returns false; gives the number of objects visited.
    template <class Visit>
    size_t walk(Visit visit) const;

   private:
    friend class ObjectTable;
    std::vector<std::shared_ptr<const Chunk>> chunks_;
    size_t begin_ = 0;  // in the first chunk
    size_t size_ = 0;
  };

  ObjectPtr find(NameView name) const;
  /// Inserts or replaces; returns what was there.
  ObjectPtr put(ObjectPtr object);
  /// Removes; returns what was there.
  ObjectPtr erase(NameView name);
  size_t size() const { return size_; }

  /// Objects of a namespace (all when empty) whose name is greater than `after` (all when null).
  Slice slice(std::string_view ns, const ObjectName* after) const;
  /// How many a slice would hold, without making it.
  size_t count(std::string_view ns) const;

 private:
  /// Where an object is, or would be inserted.
  struct Position {
    size_t chunk = 0;
    size_t at = 0;
    auto operator<=>(const Position&) const = default;
  };
  /// First object that is not less than (or, for `upper_bound`, greater than) the name.
  Position lower_bound(NameView name) const;
  Position upper_bound(NameView name) const;
  Position end_of(std::string_view ns) const;
  Position normalized(Position position) const;
  size_t distance(Position from, Position to) const;
  bool holds(Position position, NameView name) const;
  /// The chunk, copied first when a slice may hold it.
  Chunk& writable(size_t chunk);
  Position make_room(Position position);
  std::shared_ptr<Chunk> new_chunk() const;

  std::vector<std::shared_ptr<Chunk>> chunks_;  // none empty
  size_t size_ = 0;
  mutable std::atomic<uint64_t> slices_ = 0;  // slices handed out so far
};

template <class Visit>
size_t ObjectTable::Slice::walk(Visit visit) const {
  constexpr size_t kAhead =
      8;  // objects fetched before they are looked at: each is a cache miss of its own
  size_t seen = 0;
  for (size_t c = 0; c < chunks_.size(); ++c) {
    const std::vector<ObjectPtr>& objects = chunks_[c]->objects;
    for (size_t i = c == 0 ? begin_ : 0; i < objects.size() && seen < size_; ++i) {
      if (i + kAhead < objects.size()) {
        const char* next = reinterpret_cast<const char*>(objects[i + kAhead].get());
        __builtin_prefetch(next);
        __builtin_prefetch(next + 64);
        __builtin_prefetch(next + 128);
      }
      ++seen;
      if (!visit(objects[i])) return seen;
    }
  }
  return seen;
}

}  // namespace charter
