#include "controller/store/object_table.h"

#include <algorithm>
#include <string>

namespace charter {

ObjectTable::Position ObjectTable::lower_bound(NameView name) const {
  const auto chunk = std::partition_point(chunks_.begin(), chunks_.end(), [&](const auto& each) {
    return NameView(*each->objects.back()) < name;
  });
  if (chunk == chunks_.end()) return {chunks_.size(), 0};
  const auto& objects = (*chunk)->objects;
  const auto at = std::partition_point(objects.begin(), objects.end(), [&](const ObjectPtr& each) {
    return NameView(*each) < name;
  });
  return {static_cast<size_t>(chunk - chunks_.begin()), static_cast<size_t>(at - objects.begin())};
}

ObjectTable::Position ObjectTable::upper_bound(NameView name) const {
  Position position = lower_bound(name);
  if (holds(position, name)) ++position.at;
  return normalized(position);
}

ObjectTable::Position ObjectTable::end_of(std::string_view ns) const {
  if (ns.empty()) return {chunks_.size(), 0};
  // The smallest namespace that is greater.
  std::string next(ns);
  next += '\0';
  return lower_bound({next, ""});
}

ObjectTable::Position ObjectTable::normalized(Position position) const {
  if (position.chunk < chunks_.size() && position.at == chunks_[position.chunk]->objects.size()) {
    return {position.chunk + 1, 0};
  }
  return position;
}

size_t ObjectTable::distance(Position from, Position to) const {
  if (to <= from) return 0;
  if (from.chunk == to.chunk) return to.at - from.at;
  size_t count = chunks_[from.chunk]->objects.size() - from.at + to.at;
  for (size_t c = from.chunk + 1; c < to.chunk; ++c)
    count += chunks_[c]->objects.size();
  return count;
}

bool ObjectTable::holds(Position position, NameView name) const {
  return position.chunk < chunks_.size() &&
         NameView(*chunks_[position.chunk]->objects[position.at]) == name;
}

ObjectPtr ObjectTable::find(NameView name) const {
  const Position position = lower_bound(name);
  return holds(position, name) ? chunks_[position.chunk]->objects[position.at] : nullptr;
}

std::shared_ptr<ObjectTable::Chunk> ObjectTable::new_chunk() const {
  auto chunk = std::make_shared<Chunk>();
  chunk->born = slices_;
  chunk->objects.reserve(kChunkMax);
  return chunk;
}

ObjectTable::Chunk& ObjectTable::writable(size_t chunk) {
  std::shared_ptr<Chunk>& current = chunks_[chunk];
  if (current->born != slices_) {
    auto copy = new_chunk();
    copy->objects.insert(copy->objects.end(), current->objects.begin(), current->objects.end());
    current = std::move(copy);
  }
  return *current;
}

ObjectTable::Position ObjectTable::make_room(Position position) {
  if (position.chunk == chunks_.size()) {
    // Behind the last object. Names that come in order fill each chunk before the next one begins.
    if (chunks_.empty() || chunks_.back()->objects.size() == kChunkMax) {
      chunks_.push_back(new_chunk());
      return position;
    }
    return {chunks_.size() - 1, chunks_.back()->objects.size()};
  }
  if (chunks_[position.chunk]->objects.size() < kChunkMax) return position;
  constexpr size_t kHalf = kChunkMax / 2;
  auto& left = writable(position.chunk).objects;
  auto right = new_chunk();
  right->objects.insert(right->objects.end(), left.begin() + kHalf, left.end());
  left.resize(kHalf);
  chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(position.chunk) + 1,
                 std::move(right));
  if (position.at <= kHalf) return position;
  return {position.chunk + 1, position.at - kHalf};
}

ObjectPtr ObjectTable::put(ObjectPtr object) {
  Position position = lower_bound(NameView(*object));
  if (holds(position, NameView(*object))) {
    ObjectPtr& slot = writable(position.chunk).objects[position.at];
    std::swap(slot, object);
    return object;
  }
  position = make_room(position);
  auto& objects = writable(position.chunk).objects;
  objects.insert(objects.begin() + static_cast<std::ptrdiff_t>(position.at), std::move(object));
  ++size_;
  return nullptr;
}

ObjectPtr ObjectTable::erase(NameView name) {
  const Position position = lower_bound(name);
  if (!holds(position, name)) return nullptr;
  auto& objects = writable(position.chunk).objects;
  const auto at = objects.begin() + static_cast<std::ptrdiff_t>(position.at);
  ObjectPtr removed = std::move(*at);
  objects.erase(at);
  if (objects.empty()) chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(position.chunk));
  --size_;
  return removed;
}

ObjectTable::Slice ObjectTable::slice(std::string_view ns, const ObjectName* after) const {
  Position from = ns.empty() ? Position{} : lower_bound({ns, ""});
  if (after != nullptr) from = std::max(from, upper_bound(*after));
  const Position to = end_of(ns);
  Slice slice;
  slice.size_ = distance(from, to);
  if (slice.size_ == 0) return slice;
  slice.begin_ = from.at;
  const size_t chunks_end = to.at > 0 ? to.chunk + 1 : to.chunk;
  slice.chunks_.assign(chunks_.begin() + static_cast<std::ptrdiff_t>(from.chunk),
                       chunks_.begin() + static_cast<std::ptrdiff_t>(chunks_end));
  ++slices_;
  return slice;
}

size_t ObjectTable::count(std::string_view ns) const {
  if (ns.empty()) return size_;
  return distance(lower_bound({ns, ""}), end_of(ns));
}

}  // namespace charter
