#include "controller/runtime/write_tracker.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {

void WriteTracker::begin(const ObjectName& key) {
  std::lock_guard lock(mutex_);
  passes_[std::this_thread::get_id()] = key;
}

void WriteTracker::end() {
  std::lock_guard lock(mutex_);
  passes_.erase(std::this_thread::get_id());
}

// Check and hold are one step under the mutex: a cache that catches up in between is seen by the
// `release` after it.
bool WriteTracker::caught_up_or_hold(const WorkItem& item) {
  std::lock_guard lock(mutex_);
  auto found = pending_.find(item.key);
  if (found == pending_.end()) return true;
  if (visible(found->second)) {
    pending_.erase(found);
    held_.erase(item.key);
    return true;
  }
  auto [at, added] = held_.try_emplace(item.key, item.priority);
  if (!added) at->second = std::min(at->second, item.priority);
  return false;
}

std::vector<WorkItem> WriteTracker::release() {
  std::lock_guard lock(mutex_);
  std::vector<WorkItem> released;
  for (auto at = pending_.begin(); at != pending_.end();) {
    if (!visible(at->second)) {
      ++at;
      continue;
    }
    if (auto held = held_.find(at->first); held != held_.end()) {
      released.push_back({held->first, held->second});
      held_.erase(held);
    }
    at = pending_.erase(at);
  }
  return released;
}

size_t WriteTracker::held() const {
  std::lock_guard lock(mutex_);
  return held_.size();
}

Result<ObjectPtr> WriteTracker::get(const Gvr& resource, const ObjectName& name) {
  return client_.get(resource, name);
}

Result<ObjectList> WriteTracker::list(const Gvr& resource, const Selection& selection) {
  return client_.list(resource, selection);
}

Result<std::unique_ptr<Watch>> WriteTracker::watch(const Gvr& resource, const Selection& selection,
                                                   int64_t version) {
  return client_.watch(resource, selection, version);
}

Result<ObjectPtr> WriteTracker::create(const Gvr& resource, const Json& object) {
  announce_write();
  auto written = client_.create(resource, object);
  if (written) note_version(resource, (*written)->header().version);
  return written;
}

Result<ObjectPtr> WriteTracker::update(const Gvr& resource, const Json& object, Part part) {
  announce_write();
  auto written = client_.update(resource, object, part);
  if (written) note_version(resource, (*written)->header().version);
  return written;
}

// The answer to a delete carries no version, so what has to be seen is the effect on the object as
// it was cached. An object that the cache does not hold yet cannot be waited for: its informer
// would show it after it was made anew as well.
Status WriteTracker::remove(const Gvr& resource, const ObjectName& name, const Deletion& deletion) {
  announce_write();
  const std::string bucket = bucket_of(resource.group, resource.resource);
  const ObjectPtr cached = caches_.get(bucket, name);
  auto removed = client_.remove(resource, name, deletion);
  if (!removed || !cached) return removed;
  std::lock_guard lock(mutex_);
  auto pass = passes_.find(std::this_thread::get_id());
  if (pass == passes_.end()) return removed;
  pending_[pass->second].removals[{bucket, name}] = cached->header().uid;
  return removed;
}

void WriteTracker::announce_write() {
  if (!on_write_) return;
  std::unique_lock lock(mutex_);
  auto pass = passes_.find(std::this_thread::get_id());
  if (pass == passes_.end()) return;
  const ObjectName key = pass->second;
  lock.unlock();
  on_write_(key);
}

void WriteTracker::note_version(const Gvr& resource, int64_t version) {
  std::lock_guard lock(mutex_);
  auto pass = passes_.find(std::this_thread::get_id());
  if (pass == passes_.end()) return;
  const std::string bucket = bucket_of(resource.group, resource.resource);
  // Without an informer nobody reads this resource from a cache, so there is no stale read to fear.
  if (!caches_.find(bucket)) return;
  int64_t& newest = pending_[pass->second].versions[bucket];
  newest = std::max(newest, version);
}

bool WriteTracker::visible(Pending& pending) const {
  std::erase_if(pending.versions, [&](const auto& wanted) {
    auto informer = caches_.find(wanted.first);
    return !informer || informer->seen() >= wanted.second;
  });
  std::erase_if(pending.removals, [&](const auto& removal) {
    const auto& [bucket, name] = removal.first;
    ObjectPtr cached = caches_.get(bucket, name);
    return !cached || cached->header().deleting || cached->header().uid != removal.second;
  });
  return pending.versions.empty() && pending.removals.empty();
}

}  // namespace charter
