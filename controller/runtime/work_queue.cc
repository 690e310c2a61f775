#include "controller/runtime/work_queue.h"

#include "controller/base/check.h"

#include <algorithm>

namespace charter {
namespace {

const std::vector<double> kSeconds = {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000};

double seconds(Duration length) {
  return std::chrono::duration<double>(length).count();
}

}  // namespace

WorkQueue::WorkQueue(const std::string& name, const Clock& clock, Metrics& metrics,
                     WorkQueueLimits bounds, LaneOf lane_of)
    : clock_(clock),
      bounds_(bounds),
      name_lane_(std::move(lane_of)),
      depth_(metrics.gauge("workqueue_depth", "Keys that wait for a worker", {{"name", name}})),
      adds_(metrics.counter("workqueue_adds_total", "Keys added", {{"name", name}})),
      retries_(
          metrics.counter("workqueue_retries_total", "Keys added with back-off", {{"name", name}})),
      dropped_(metrics.counter("workqueue_dropped_total", "Keys dropped because the queue was full",
                               {{"name", name}})),
      queue_time_(metrics.histogram("workqueue_queue_duration_seconds",
                                    "How long a key waited for a worker", kSeconds,
                                    {{"name", name}})),
      work_time_(metrics.histogram("workqueue_work_duration_seconds",
                                   "How long a worker held a key", kSeconds, {{"name", name}})) {}

void WorkQueue::add(const ObjectName& key, Priority priority) {
  std::lock_guard lock(mutex_);
  add_locked(key, priority);
}

void WorkQueue::add_after(const ObjectName& key, Duration delay, Priority priority) {
  std::lock_guard lock(mutex_);
  delay_locked(key, delay, priority);
}

void WorkQueue::add_backoff(const ObjectName& key, Priority priority, Duration at_least) {
  std::lock_guard lock(mutex_);
  if (shut_down_) return;
  Entry* entry = find_or_make(key, priority);
  if (!entry) return;
  Duration delay = bounds_.backoff_min;
  for (int i = 0; i < entry->failures && delay < bounds_.backoff_max; ++i)
    delay *= 2;
  ++entry->failures;
  retries_.increment();
  delay_locked(key, std::max(std::min(delay, bounds_.backoff_max), at_least), priority);
}

void WorkQueue::forget(const ObjectName& key) {
  std::lock_guard lock(mutex_);
  if (auto found = entries_.find(key); found != entries_.end()) found->second.failures = 0;
}

int WorkQueue::failures(const ObjectName& key) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(key);
  return found == entries_.end() ? 0 : found->second.failures;
}

std::optional<WorkItem> WorkQueue::try_take() {
  std::lock_guard lock(mutex_);
  promote_due();
  return hand_out();
}

std::optional<WorkItem> WorkQueue::take() {
  std::unique_lock lock(mutex_);
  for (;;) {
    promote_due();
    if (auto item = hand_out()) {
      if (!delayed_.empty() && !timed_) wake_one();
      return item;
    }
    if (shut_down_) return std::nullopt;
    // One worker watches the time for all: sixty of them would wake for each delay that ends.
    if (delayed_.empty() || timed_) {
      ++idle_;
      changed_.wait(lock);
      --idle_;
    } else {
      timed_ = true;
      due_changed_.wait_for(lock, delayed_.begin()->first - clock_.monotonic());
      timed_ = false;
    }
  }
}

void WorkQueue::wake_one() {
  if (idle_ > 0) {
    changed_.notify_one();
  } else {
    due_changed_.notify_one();
  }
}

void WorkQueue::done(const ObjectName& key) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(key);
  CHECK_MSG(found != entries_.end() && found->second.running,
            "done() for a key that was not taken");
  Entry& entry = found->second;
  entry.running = false;
  --running_;
  vacate(entry);
  work_time_.observe(seconds(clock_.monotonic() - entry.taken_at));
  if (entry.dirty) {
    entry.dirty = false;
    enqueue(entry, entry.priority);
  }
  drop_if_idle(entry);
  if (shut_down_) changed_.notify_all();
}

void WorkQueue::leave_lane(const ObjectName& key) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(key);
  CHECK_MSG(found != entries_.end() && found->second.running,
            "leave_lane() for a key that was not taken");
  vacate(found->second);
}

void WorkQueue::shut_down(Drain drain) {
  std::lock_guard lock(mutex_);
  shut_down_ = true;
  while (!delayed_.empty()) {
    Entry& entry = *delayed_.begin()->second;
    cancel_delay(entry);
    drop_if_idle(entry);
  }
  if (drain == Drain::Running) {
    for (auto at = entries_.begin(); at != entries_.end();) {
      Entry& entry = (at++)->second;
      entry.dirty = false;
      if (!entry.queued) continue;
      leave_line(entry);
      drop_if_idle(entry);
    }
    depth_.set(0);
  }
  changed_.notify_all();
  due_changed_.notify_all();
}

bool WorkQueue::wait_drained(Duration deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, deadline, [&] { return running_ == 0 && queued() == 0; });
}

bool WorkQueue::take_overflow() {
  std::lock_guard lock(mutex_);
  if (!overflowed_ || waiting() > bounds_.keys_max / 2) return false;
  overflowed_ = false;
  return true;
}

std::optional<Duration> WorkQueue::next_due() const {
  std::lock_guard lock(mutex_);
  if (queued() > 0) return clock_.monotonic();
  if (!delayed_.empty()) return delayed_.begin()->first;
  return std::nullopt;
}

size_t WorkQueue::depth() const {
  std::lock_guard lock(mutex_);
  return queued();
}

size_t WorkQueue::delayed() const {
  std::lock_guard lock(mutex_);
  return delayed_.size();
}

size_t WorkQueue::running() const {
  std::lock_guard lock(mutex_);
  return running_;
}

WorkQueue::Entry* WorkQueue::find_or_make(const ObjectName& key, Priority priority) {
  if (auto found = entries_.find(key); found != entries_.end()) return &found->second;
  if (waiting() >= bounds_.keys_max && !make_room(priority)) {
    overflowed_ = true;
    dropped_.increment();
    return nullptr;
  }
  Entry& entry = entries_[key];
  entry.key = key;
  return &entry;
}

// A user change takes the place of the drift key that would be served last.
bool WorkQueue::make_room(Priority priority) {
  if (priority != Priority::User) return false;
  const Line::value_type* last = ready_.empty() ? nullptr : &*ready_.rbegin();
  for (const auto& [name, lane] : lanes_) {
    if (lane.waiting.empty()) continue;
    if (last == nullptr || last->first < lane.waiting.rbegin()->first)
      last = &*lane.waiting.rbegin();
  }
  if (last == nullptr || last->first.first != Priority::Drift) return false;
  Entry& victim = *last->second;
  leave_line(victim);
  drop_if_idle(victim);
  overflowed_ = true;
  dropped_.increment();
  return true;
}

void WorkQueue::add_locked(const ObjectName& key, Priority priority) {
  if (shut_down_) return;
  Entry* entry = find_or_make(key, priority);
  if (!entry) return;
  if (entry->running) {
    if (!entry->dirty) adds_.increment();
    entry->priority = entry->dirty ? std::min(entry->priority, priority) : priority;
    entry->dirty = true;
  } else if (!entry->queued) {
    adds_.increment();
    enqueue(*entry, priority);
  } else if (priority < entry->priority) {
    const Duration since = entry->added_at;
    leave_line(*entry);
    enqueue(*entry, priority);
    entry->added_at = since;
  }
}

void WorkQueue::delay_locked(const ObjectName& key, Duration delay, Priority priority) {
  if (delay <= Duration::zero()) return add_locked(key, priority);
  if (shut_down_) return;
  Entry* entry = find_or_make(key, priority);
  if (!entry) return;
  const Duration due = clock_.monotonic() + delay;
  if (entry->due) priority = std::min(priority, entry->due_priority);
  entry->due_priority = priority;
  if (entry->due && *entry->due <= due) return;
  cancel_delay(*entry);
  entry->due = due;
  const auto place = delayed_.insert({due, entry}).first;
  if (place != delayed_.begin()) return;
  // Somebody has to wake sooner than planned, or to begin to watch the time.
  if (timed_) {
    due_changed_.notify_one();
  } else {
    wake_one();
  }
}

void WorkQueue::enqueue(Entry& entry, Priority priority) {
  entry.added_at = clock_.monotonic();
  entry.priority = priority;
  entry.sequence = next_sequence_++;
  line_up(entry);
  depth_.set(static_cast<double>(queued()));
}

void WorkQueue::cancel_delay(Entry& entry) {
  if (!entry.due) return;
  delayed_.erase({*entry.due, &entry});
  entry.due.reset();
}

void WorkQueue::promote_due() {
  if (delayed_.empty()) return;
  const Duration now = clock_.monotonic();
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    Entry& entry = *delayed_.begin()->second;
    cancel_delay(entry);
    add_locked(entry.key, entry.due_priority);
  }
}

std::optional<WorkItem> WorkQueue::hand_out() {
  if (ready_.empty()) return std::nullopt;
  Entry& entry = *ready_.begin()->second;
  entry.lane->ready.erase(ready_.begin()->first);
  ready_.erase(ready_.begin());
  entry.queued = false;
  entry.running = true;
  entry.taken_as = entry.priority;
  ++running_;
  entry.taken_at = clock_.monotonic();
  cancel_delay(entry);
  queue_time_.observe(seconds(entry.taken_at - entry.added_at));
  depth_.set(static_cast<double>(queued()));
  // Several keys may have become due at once although only one worker was told.
  if (!ready_.empty()) wake_one();
  return WorkItem{entry.key, entry.priority};
}

WorkQueue::Lane& WorkQueue::lane_of(const ObjectName& key) {
  std::string name = name_lane_ ? name_lane_(key) : std::string();
  auto [place, is_new] = lanes_.try_emplace(std::move(name));
  if (is_new) place->second.name = place->first;
  return place->second;
}

bool WorkQueue::has_room(const Lane& lane, Priority priority) const {
  if (admitted_ >= bounds_.workers) return false;
  if (priority == Priority::Drift && lane.drift >= bounds_.for_drift) return false;
  if (lane.name.empty() || lane.admitted == 0) return true;
  return lane.admitted < bounds_.per_lane && !is_short();
}

// A key that comes before one of its lane that has room takes that one's place.
void WorkQueue::line_up(Entry& entry) {
  Lane& lane = lane_of(entry.key);
  entry.lane = &lane;
  entry.queued = true;
  const Rank rank{entry.priority, entry.sequence};
  if (!lane.ready.empty() && rank < lane.ready.rbegin()->first && !has_room(lane, entry.priority))
    set_aside(lane, std::prev(lane.ready.end()));
  lane.waiting.emplace(rank, &entry);
  ++beside_;
  admit_waiting(lane);
}

void WorkQueue::set_aside(Lane& lane, Line::iterator place) {
  const auto [rank, entry] = *place;
  lane.ready.erase(place);
  ready_.erase(rank);
  --lane.admitted;
  --admitted_;
  if (rank.first == Priority::Drift) --lane.drift;
  lane.waiting.emplace(rank, entry);
  ++beside_;
}

// Takes a queued key out of the line.
void WorkQueue::leave_line(Entry& entry) {
  Lane& lane = *entry.lane;
  const bool was_short = is_short();
  const Rank rank{entry.priority, entry.sequence};
  if (const auto place = lane.ready.find(rank); place != lane.ready.end()) set_aside(lane, place);
  lane.waiting.erase(rank);
  --beside_;
  entry.queued = false;
  entry.lane = nullptr;
  fill_place(lane, was_short);
}

// Gives back the place of a running key.
void WorkQueue::vacate(Entry& entry) {
  if (entry.lane == nullptr) return;
  Lane& lane = *std::exchange(entry.lane, nullptr);
  const bool was_short = is_short();
  --lane.admitted;
  --admitted_;
  if (entry.taken_as == Priority::Drift) --lane.drift;
  fill_place(lane, was_short);
}

// Without a shortage the free place is the lane's own; else it goes to the first of all lanes that
// may have it.
void WorkQueue::fill_place(Lane& lane, bool was_short) {
  if (!was_short) return admit_waiting(lane);
  for (;;) {
    Lane* first = nullptr;
    for (auto& [name, other] : lanes_) {
      if (other.waiting.empty()) continue;
      const Rank rank = other.waiting.begin()->first;
      const bool sooner = first == nullptr || rank < first->waiting.begin()->first;
      if (sooner && has_room(other, rank.first)) first = &other;
    }
    if (first == nullptr) return admit_waiting(lane);
    admit_first(*first);
  }
}

void WorkQueue::admit_first(Lane& lane) {
  const auto [rank, entry] = *lane.waiting.begin();
  lane.waiting.erase(lane.waiting.begin());
  --beside_;
  ++lane.admitted;
  ++admitted_;
  if (rank.first == Priority::Drift) ++lane.drift;
  lane.ready.emplace(rank, entry);
  ready_.emplace(rank, entry);
  wake_one();
}

// Lanes without keys are forgotten.
void WorkQueue::admit_waiting(Lane& lane) {
  while (!lane.waiting.empty() && has_room(lane, lane.waiting.begin()->first.first))
    admit_first(lane);
  if (lane.admitted == 0 && lane.waiting.empty()) lanes_.erase(lanes_.find(lane.name));
}

void WorkQueue::drop_if_idle(Entry& entry) {
  if (entry.queued || entry.running || entry.dirty || entry.due) return;
  entries_.erase(entries_.find(entry.key));
}

}  // namespace charter
