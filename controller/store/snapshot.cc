#include "controller/store/snapshot.h"

#include "controller/base/limits.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

namespace charter {
namespace {

// An event, its shared pointers' control block and its two places in deques.
constexpr size_t kEventBytes = sizeof(StoreEvent) + 64;

// A state that is no longer current is the `before` of exactly one event, or the `object` of a
// deletion: counting those counts each state once.
size_t ring_cost(const StoreEvent& event) {
  size_t bytes = kEventBytes;
  if (event.before) bytes += event.before->bytes().size() + sizeof(Encoded);
  if (event.kind == StoreEvent::Kind::Deleted)
    bytes += event.object->bytes().size() + sizeof(Encoded);
  return bytes;
}

Error expired(std::string message) {
  return Error{Code::Expired, std::move(message)};
}

// What undoing events makes of one name.
struct Undone {
  ObjectPtr then;  // null: did not exist then
  bool exists_now = false;
};
using Undo = std::map<ObjectName, Undone>;

// Collects, for each name in range, its state before the first of `events`.
Undo undo_of(const std::vector<StoreEventPtr>& events, const ListRange& range) {
  Undo undo;
  for (const StoreEventPtr& event : events) {
    const Header& header = event->object->header();
    if (!range.ns.empty() && header.ns != range.ns) continue;
    ObjectName name{header.ns, header.name};
    if (name <= range.after) continue;
    const bool exists = event->kind != StoreEvent::Kind::Deleted;
    const auto [at, added] = undo.try_emplace(std::move(name), Undone{event->before, exists});
    if (!added) at->second.exists_now = exists;
  }
  return undo;
}

// Merges a slice of the newest state with what was different then, into a page.
class PageBuilder {
 public:
  PageBuilder(const ListRange& range, const Undo& undo)
      : range_(range), undo_(undo), next_(undo.begin()) {}

  ListPage build(const ObjectTable::Slice& slice, int64_t revision) && {
    if (!range_.filter)
      page_.objects.reserve(range_.limit > 0 ? std::min(range_.limit, slice.size()) : slice.size());
    page_.revision = revision;
    bool open = true;
    const size_t walked = slice.walk([&](const ObjectPtr& object) {
      open = older_than(*object) && current(object);
      return open;
    });
    while (open && next_ != undo_.end()) {
      const ObjectPtr then = next_->second.then;
      ++next_;
      open = !then || take(then);
    }
    if (page_.more && !range_.filter) page_.remaining = left_ + remaining(slice.size() - walked);
    return std::move(page_);
  }

 private:
  // Takes the objects that stood before this one then and are gone now.
  bool older_than(const Encoded& object) {
    for (; next_ != undo_.end() && NameView(next_->first) < NameView(object);) {
      const ObjectPtr then = next_->second.then;
      ++next_;
      if (then && !take(then)) {
        left_ += 1;  // the walk has counted `object` as visited, but it lies ahead (or is corrected
                     // by its undo entry)
        return false;
      }
    }
    return true;
  }

  bool current(const ObjectPtr& object) {
    if (next_ == undo_.end() || NameView(next_->first) != NameView(*object)) return take(object);
    const ObjectPtr then = next_->second.then;
    ++next_;
    return !then || take(then);
  }

  // False ends the walk: the page is full and this object showed that more remain.
  bool take(const ObjectPtr& object) {
    if (range_.filter && !range_.filter(*object)) return true;
    if (range_.limit > 0 && page_.objects.size() == range_.limit) {
      page_.more = true;
      left_ += 1;
      return false;
    }
    page_.objects.push_back(object);
    return true;
  }

  // Objects that were there then, given how many current ones the walk has not reached.
  int64_t remaining(size_t not_walked) const {
    auto count = static_cast<int64_t>(not_walked);
    for (auto at = next_; at != undo_.end(); ++at) {
      count += (at->second.then ? 1 : 0) - (at->second.exists_now ? 1 : 0);
    }
    return count;
  }

  const ListRange& range_;
  const Undo& undo_;
  Undo::const_iterator next_;
  ListPage page_;
  int64_t left_ = 0;
};

}  // namespace

std::deque<StoreEventPtr>::const_iterator Snapshot::Bucket::after(int64_t revision) const {
  return std::partition_point(events.begin(), events.end(), [&](const StoreEventPtr& event) {
    return event->revision <= revision;
  });
}

ObjectPtr Snapshot::Bucket::put(ObjectPtr object) {
  const Encoded* after = object.get();  // the table keeps it alive
  ObjectPtr before = objects.put(std::move(object));
  tallies.change(before.get(), after);
  return before;
}

ObjectPtr Snapshot::Bucket::erase(NameView name) {
  ObjectPtr before = objects.erase(name);
  tallies.change(before.get(), nullptr);
  return before;
}

const Snapshot::Bucket* Snapshot::find(std::string_view bucket) const {
  const auto found = buckets_.find(bucket);
  return found != buckets_.end() ? &found->second : nullptr;
}

ObjectPtr Snapshot::get(std::string_view bucket, const ObjectName& name) const {
  const std::shared_lock lock(mutex_);
  const Bucket* found = find(bucket);
  return found != nullptr ? found->objects.find(name) : nullptr;
}

void Snapshot::scan(std::string_view bucket, std::string_view ns,
                    const std::function<bool(const ObjectPtr&)>& visit) const {
  ObjectTable::Slice slice;
  {
    const std::shared_lock lock(mutex_);
    if (const Bucket* found = find(bucket)) slice = found->objects.slice(ns, nullptr);
  }
  slice.walk(visit);
}

Tally Snapshot::tally(std::string_view bucket, std::string_view ns, std::string_view field) const {
  {
    const std::shared_lock lock(mutex_);
    const Bucket* found = find(bucket);
    if (found == nullptr) return {};
    if (found->tallies.counts(field)) return found->tallies.of(field, ns);
  }
  const std::unique_lock lock(mutex_);
  const Bucket* found = find(bucket);
  found->tallies.begin(field, [&](const auto& count) {
    found->objects.slice({}, nullptr).walk([&](const ObjectPtr& object) {
      count(*object);
      return true;
    });
  });
  return found->tallies.of(field, ns);
}

Result<ListPage> Snapshot::list(std::string_view bucket, const ListRange& range) const {
  ObjectTable::Slice slice;
  std::vector<StoreEventPtr> since;
  int64_t at = 0;
  {
    const std::shared_lock lock(mutex_);
    const int64_t now = revision_;
    at = range.at_revision > 0 ? range.at_revision : now;
    if (at > now) {
      return Error{Code::Timeout, "Too large resource version: " + std::to_string(at) +
                                      ", current: " + std::to_string(now)};
    }
    if (at < compacted_) return expired("The resourceVersion for the provided list is too old.");
    if (const Bucket* found = find(bucket)) {
      const bool from_start = range.after == ObjectName{};
      slice = found->objects.slice(range.ns, from_start ? nullptr : &range.after);
      since.assign(found->after(at), found->events.end());
    }
  }
  const Undo undo = undo_of(since, range);
  return PageBuilder(range, undo).build(slice, at);
}

size_t Snapshot::count(std::string_view bucket, std::string_view ns) const {
  const std::shared_lock lock(mutex_);
  const Bucket* found = find(bucket);
  return found != nullptr ? found->objects.count(ns) : 0;
}

Result<std::vector<StoreEventPtr>> Snapshot::events(std::string_view bucket, int64_t after,
                                                    size_t max) const {
  const std::shared_lock lock(mutex_);
  if (after < compacted_) {
    return expired("too old resource version: " + std::to_string(after) + " (" +
                   std::to_string(compacted_) + ")");
  }
  const Bucket* found = find(bucket);
  if (found == nullptr) return std::vector<StoreEventPtr>{};
  const auto first = found->after(after);
  const auto count = std::min(static_cast<size_t>(found->events.end() - first), max);
  return std::vector<StoreEventPtr>(first, first + static_cast<std::ptrdiff_t>(count));
}

Store::Stats Snapshot::stats() const {
  const std::shared_lock lock(mutex_);
  Store::Stats stats;
  for (const auto& [name, bucket] : buckets_)
    stats.objects += static_cast<int64_t>(bucket.objects.size());
  stats.object_bytes = object_bytes_;
  stats.events = static_cast<int64_t>(ring_.size());
  return stats;
}

void Snapshot::restore(const std::string& bucket, ObjectPtr object) {
  const std::unique_lock lock(mutex_);
  object_bytes_ += static_cast<int64_t>(object->bytes().size());
  const ObjectPtr old = buckets_[bucket].put(std::move(object));
  if (old) object_bytes_ -= static_cast<int64_t>(old->bytes().size());
}

void Snapshot::restore_deleted(const std::string& bucket, const ObjectName& name) {
  const std::unique_lock lock(mutex_);
  const ObjectPtr old = buckets_[bucket].erase(name);
  if (old) object_bytes_ -= static_cast<int64_t>(old->bytes().size());
}

void Snapshot::restore_revisions(int64_t revision, int64_t compacted) {
  const std::unique_lock lock(mutex_);
  revision_ = revision;
  compacted_ = compacted;
}

void Snapshot::apply(std::span<const SnapshotChange> changes) {
  const std::unique_lock lock(mutex_);
  for (const SnapshotChange& change : changes)
    apply_one(change);
  while (ring_.size() > limits::kEventRingMax || ring_bytes_ > limits::kEventRingBytesMax)
    drop_oldest();
}

void Snapshot::apply_one(const SnapshotChange& change) {
  Bucket& bucket = buckets_[change.bucket];
  const StoreEvent& event = *change.event;
  ObjectPtr old;
  if (event.kind == StoreEvent::Kind::Deleted) {
    old = bucket.erase(*event.object);
  } else {
    object_bytes_ += static_cast<int64_t>(event.object->bytes().size());
    old = bucket.put(event.object);
  }
  if (old) object_bytes_ -= static_cast<int64_t>(old->bytes().size());
  bucket.events.push_back(change.event);
  ring_.push_back(&bucket);
  ring_bytes_ += ring_cost(event);
  revision_ = event.revision;
}

void Snapshot::drop_oldest() {
  Bucket& bucket = *ring_.front();
  ring_.pop_front();
  ring_bytes_ -= ring_cost(*bucket.events.front());
  compacted_ = bucket.events.front()->revision;
  bucket.events.pop_front();
}

void Snapshot::compact(int64_t revision) {
  const std::unique_lock lock(mutex_);
  const int64_t to = std::min<int64_t>(revision, revision_);
  while (!ring_.empty() && ring_.front()->events.front()->revision <= to)
    drop_oldest();
  if (compacted_ < to) compacted_ = to;
}

}  // namespace charter
