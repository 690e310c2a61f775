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
                     WorkQueueLimits bounds)
    : clock_(clock),
      bounds_(bounds),
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
    if (auto item = hand_out()) return item;
    if (shut_down_) return std::nullopt;
    if (delayed_.empty()) {
      changed_.wait(lock);
    } else {
      changed_.wait_for(lock, delayed_.begin()->first - clock_.monotonic());
    }
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
  work_time_.observe(seconds(clock_.monotonic() - entry.taken_at));
  if (entry.dirty) {
    entry.dirty = false;
    enqueue(entry, entry.priority);
  }
  drop_if_idle(entry);
  if (shut_down_) changed_.notify_all();
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
    while (!ready_.empty()) {
      Entry& entry = *ready_.begin()->second;
      ready_.erase(ready_.begin());
      entry.queued = false;
      drop_if_idle(entry);
    }
    for (auto& [key, entry] : entries_)
      entry.dirty = false;
    depth_.set(0);
  }
  changed_.notify_all();
}

bool WorkQueue::wait_drained(Duration deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, deadline, [&] { return running_ == 0 && ready_.empty(); });
}

bool WorkQueue::take_overflow() {
  std::lock_guard lock(mutex_);
  if (!overflowed_ || waiting() > bounds_.keys_max / 2) return false;
  overflowed_ = false;
  return true;
}

std::optional<Duration> WorkQueue::next_due() const {
  std::lock_guard lock(mutex_);
  if (!ready_.empty()) return clock_.monotonic();
  if (!delayed_.empty()) return delayed_.begin()->first;
  return std::nullopt;
}

size_t WorkQueue::depth() const {
  std::lock_guard lock(mutex_);
  return ready_.size();
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
  if (priority != Priority::User || ready_.empty()) return false;
  auto last = std::prev(ready_.end());
  if (last->first.first != Priority::Drift) return false;
  Entry& victim = *last->second;
  ready_.erase(last);
  victim.queued = false;
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
    ready_.erase({entry->priority, entry->sequence});
    enqueue(*entry, priority);
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
  delayed_.insert({due, entry});
  changed_.notify_one();  // a waiting worker may have to wake sooner than it planned
}

void WorkQueue::enqueue(Entry& entry, Priority priority) {
  if (!entry.queued) entry.added_at = clock_.monotonic();
  entry.queued = true;
  entry.priority = priority;
  entry.sequence = next_sequence_++;
  ready_.emplace(Rank{priority, entry.sequence}, &entry);
  depth_.set(static_cast<double>(ready_.size()));
  changed_.notify_one();
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
  ready_.erase(ready_.begin());
  entry.queued = false;
  entry.running = true;
  ++running_;
  entry.taken_at = clock_.monotonic();
  cancel_delay(entry);
  queue_time_.observe(seconds(entry.taken_at - entry.added_at));
  depth_.set(static_cast<double>(ready_.size()));
  // Several keys may have become due at once although only one worker was told.
  if (!ready_.empty()) changed_.notify_one();
  return WorkItem{entry.key, entry.priority};
}

void WorkQueue::drop_if_idle(Entry& entry) {
  if (entry.queued || entry.running || entry.dirty || entry.due) return;
  entries_.erase(entries_.find(entry.key));
}

}  // namespace charter
