#include "controller/runtime/work_lanes.h"

#include "controller/base/check.h"

#include <utility>

namespace charter {

void WorkLanes::add(Place& place, std::string lane, uint64_t sequence) {
  CHECK(place.lane == nullptr);
  auto [found, is_new] = lanes_.try_emplace(std::move(lane));
  if (is_new) found->second.name = found->first;
  place = {&found->second, sequence, false};
  place.lane->waiting.emplace(sequence, &place);
  ++beside_;
  admit_waiting(*place.lane);
}

void WorkLanes::remove(Place& place) {
  Lane& lane = *std::exchange(place.lane, nullptr);
  if (place.ready) {
    ready_.erase(place.sequence);
    place.ready = false;
    release(lane);
    return;
  }
  lane.waiting.erase(place.sequence);
  --beside_;
  admit_waiting(lane);
}

void WorkLanes::take(Place& place) {
  CHECK(first() == &place);
  ready_.erase(ready_.begin());
  place.ready = false;
}

void WorkLanes::leave(Place& place) {
  if (place.lane == nullptr) return;
  release(*std::exchange(place.lane, nullptr));
}

WorkLanes::Place* WorkLanes::last() const {
  Place* last = ready_.empty() ? nullptr : ready_.rbegin()->second;
  for (const auto& [name, lane] : lanes_) {
    if (lane.waiting.empty()) continue;
    Place* const other = lane.waiting.rbegin()->second;
    if (last == nullptr || last->sequence < other->sequence) last = other;
  }
  return last;
}

bool WorkLanes::has_room(const Lane& lane) const {
  if (held_ >= bounds_.workers) return false;
  if (lane.name.empty()) return lane.held < bounds_.unnamed;
  if (lane.held == 0) return true;
  return lane.held < bounds_.per_lane && !is_short();
}

void WorkLanes::release(Lane& lane) {
  const bool was_short = is_short();
  --lane.held;
  --held_;
  // Without a shortage the free place is the lane's own.
  if (was_short) fill_free_places();
  admit_waiting(lane);
}

// Free places go to the lane that has waited longest of those that may have them.
void WorkLanes::fill_free_places() {
  for (;;) {
    Lane* first = nullptr;
    for (auto& [name, other] : lanes_) {
      if (other.waiting.empty() || !has_room(other)) continue;
      if (first == nullptr || other.waiting.begin()->first < first->waiting.begin()->first)
        first = &other;
    }
    if (first == nullptr) return;
    admit_first(*first);
  }
}

void WorkLanes::admit_first(Lane& lane) {
  const auto [sequence, place] = *lane.waiting.begin();
  lane.waiting.erase(lane.waiting.begin());
  --beside_;
  ++lane.held;
  ++held_;
  place->ready = true;
  ready_.emplace(sequence, place);
}

// Lanes without keys are forgotten.
void WorkLanes::admit_waiting(Lane& lane) {
  while (!lane.waiting.empty() && has_room(lane))
    admit_first(lane);
  if (lane.held == 0 && lane.waiting.empty()) lanes_.erase(lanes_.find(lane.name));
}

}  // namespace charter
