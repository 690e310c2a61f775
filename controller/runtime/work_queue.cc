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
      lines_{WorkLanes(bounds.user), WorkLanes(bounds.drift)},
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
  return hand_out(Duty::All);
}

std::optional<WorkItem> WorkQueue::take(Duty duty) {
  std::unique_lock lock(mutex_);
  for (bool bored = false;;) {
    promote_due();
    if (auto item = hand_out(duty)) {
      // Who goes to work leaves the watch to another.
      if (!delayed_.empty() && !timed_) wake(Duty::All);
      const bool was_last = idle_[static_cast<size_t>(duty)] == 0;
      lock.unlock();
      if (was_last && all_busy_) all_busy_(duty);
      return item;
    }
    if (shut_down_) return std::nullopt;
    if (!delayed_.empty() && !timed_) {
      watch_time(lock);
    } else if (bored) {
      return std::nullopt;
    } else {
      bored = !wait_idle(lock, duty);
    }
  }
}

bool WorkQueue::is_unattended(Duty duty) const {
  const std::lock_guard lock(mutex_);
  return !shut_down_ && idle_[static_cast<size_t>(duty)] == 0;
}

/// False when it was told nothing for long and others of the duty wait too.
bool WorkQueue::wait_idle(std::unique_lock<std::mutex>& lock, Duty duty) {
  const auto at = static_cast<size_t>(duty);
  ++idle_[at];
  bool told = true;
  if (all_busy_ && idle_[at] > 1) {
    told = changed_[at].wait_for(lock, bounds_.idle_max) == std::cv_status::no_timeout;
  } else {
    changed_[at].wait(lock);
  }
  --idle_[at];
  return told || idle_[at] == 0;
}

// One worker watches the time for all: sixty of them would wake for each delay that ends.
void WorkQueue::watch_time(std::unique_lock<std::mutex>& lock) {
  timed_ = true;
  due_changed_.wait_for(lock, delayed_.begin()->first - clock_.monotonic());
  timed_ = false;
}

// Wakes a worker of this duty, else the one that watches the time: it takes the key if it may, and
// looks whether somebody else should.
void WorkQueue::wake(Duty duty) {
  for (const Duty able : {duty, Duty::All, Duty::User, Duty::Drift}) {
    const auto at = static_cast<size_t>(able);
    const bool serves = duty == able || duty == Duty::All || able == Duty::All;
    if (!serves || idle_[at] == 0) continue;
    changed_[at].notify_one();
    return;
  }
  due_changed_.notify_one();
}

void WorkQueue::wake_for(Priority priority) {
  if (line(priority).first() == nullptr) return;
  wake(priority == Priority::User ? Duty::User : Duty::Drift);
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
  if (shut_down_) drained_.notify_all();
}

void WorkQueue::leave_lane(const ObjectName& key) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(key);
  CHECK_MSG(found != entries_.end() && found->second.running,
            "leave_lane() for a key that was not taken");
  vacate(found->second);
}

void WorkQueue::shut_down() {
  std::lock_guard lock(mutex_);
  shut_down_ = true;
  for (auto at = entries_.begin(); at != entries_.end();) {
    Entry& entry = (at++)->second;
    entry.dirty = false;
    cancel_delay(entry);
    if (entry.queued) leave_line(entry);
    drop_if_idle(entry);
  }
  depth_.set(0);
  for (std::condition_variable& changed : changed_)
    changed.notify_all();
  due_changed_.notify_all();
  drained_.notify_all();
}

bool WorkQueue::wait_drained(Duration deadline) {
  std::unique_lock lock(mutex_);
  return drained_.wait_for(lock, deadline, [&] { return running_ == 0; });
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
  WorkLanes::Place* last = line(Priority::Drift).last();
  if (last == nullptr) return false;
  Entry& victim = static_cast<Entry&>(*last);
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
    wake(Duty::All);
  }
}

void WorkQueue::enqueue(Entry& entry, Priority priority) {
  entry.added_at = clock_.monotonic();
  entry.priority = priority;
  entry.queued = true;
  line(priority).add(entry, name_lane_ ? name_lane_(entry.key) : std::string(), next_sequence_++);
  wake_for(priority);
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

WorkQueue::Entry* WorkQueue::first_for(Duty duty) const {
  WorkLanes::Place* first = nullptr;
  if (duty != Duty::Drift) first = line(Priority::User).first();
  if (first == nullptr && duty != Duty::User) first = line(Priority::Drift).first();
  return static_cast<Entry*>(first);
}

std::optional<WorkItem> WorkQueue::hand_out(Duty duty) {
  Entry* const entry = first_for(duty);
  if (entry == nullptr) return std::nullopt;
  line(entry->priority).take(*entry);
  entry->queued = false;
  entry->running = true;
  entry->taken_as = entry->priority;
  ++running_;
  entry->taken_at = clock_.monotonic();
  cancel_delay(*entry);
  queue_time_.observe(seconds(entry->taken_at - entry->added_at));
  depth_.set(static_cast<double>(queued()));
  // Several keys may have become ready at once although only one worker was told.
  wake_for(entry->priority);
  return WorkItem{entry->key, entry->priority};
}

// Takes a queued key out of its line.
void WorkQueue::leave_line(Entry& entry) {
  line(entry.priority).remove(entry);
  entry.queued = false;
  wake_for(entry.priority);
}

// Gives back the place of a running key.
void WorkQueue::vacate(Entry& entry) {
  line(entry.taken_as).leave(entry);
  wake_for(entry.taken_as);
}

void WorkQueue::drop_if_idle(Entry& entry) {
  if (entry.queued || entry.running || entry.dirty || entry.due) return;
  entries_.erase(entries_.find(entry.key));
}

}  // namespace charter
