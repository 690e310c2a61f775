#include "controller/runtime/caches.h"

#include "controller/base/check.h"

#include <algorithm>

namespace charter {

Caches::Caches(Client& client, const Clock& clock, Metrics& metrics)
    : client_(client), clock_(clock), metrics_(metrics) {}

Caches::~Caches() = default;

std::shared_ptr<Informer> Caches::require(const Gvr& resource) {
  std::shared_ptr<Informer> informer;
  std::function<void()> ready;
  {
    std::lock_guard lock(mutex_);
    Held& held = by_bucket_[bucket_of(resource.group, resource.resource)];
    ++held.users;
    if (held.informer) return held.informer;
    held.informer = std::make_shared<Informer>(client_, resource, clock_, metrics_, ready_);
    informer = held.informer;
    ready = ready_;
  }
  if (ready) ready();
  return informer;
}

void Caches::release(const Gvr& resource) {
  std::shared_ptr<Informer> last;  // dies after the lock: closing its watch may call back
  std::lock_guard lock(mutex_);
  auto found = by_bucket_.find(bucket_of(resource.group, resource.resource));
  CHECK_MSG(found != by_bucket_.end(), resource.resource);
  if (--found->second.users > 0) return;
  last = std::move(found->second.informer);
  by_bucket_.erase(found);
}

std::shared_ptr<Informer> Caches::find(std::string_view bucket) const {
  std::lock_guard lock(mutex_);
  auto found = by_bucket_.find(bucket);
  return found == by_bucket_.end() ? nullptr : found->second.informer;
}

ObjectPtr Caches::get(std::string_view bucket, const ObjectName& name) const {
  auto informer = find(bucket);
  return informer ? informer->get(name) : nullptr;
}

// Visits a copy of the pointers: `visit` may call anything, and sees one consistent state.
void Caches::scan(std::string_view bucket, std::string_view ns,
                  const std::function<bool(const ObjectPtr&)>& visit) const {
  auto informer = find(bucket);
  if (!informer) return;
  for (const ObjectPtr& object : informer->list(ns)) {
    if (!visit(object)) return;
  }
}

Tally Caches::tally(std::string_view bucket, std::string_view ns, std::string_view field) const {
  auto informer = find(bucket);
  return informer ? informer->tally(ns, field) : Tally();
}

std::vector<ObjectPtr> Caches::list_by(std::string_view bucket, std::string_view index,
                                       const std::string& value) const {
  auto informer = find(bucket);
  CHECK_MSG(informer != nullptr, bucket);
  return informer->list_by(index, value);
}

bool Caches::pump() {
  bool happened = false;
  for (const auto& informer : informers())
    happened |= informer->pump();
  return happened;
}

bool Caches::synced() const {
  auto all = informers();
  return std::all_of(all.begin(), all.end(),
                     [](const auto& informer) { return informer->synced(); });
}

std::optional<Duration> Caches::next_due() const {
  std::optional<Duration> first;
  for (const auto& informer : informers()) {
    auto due = informer->next_due();
    if (due && (!first || *due < *first)) first = due;
  }
  return first;
}

void Caches::on_ready(std::function<void()> ready) {
  std::lock_guard lock(mutex_);
  CHECK_MSG(by_bucket_.empty(), "on_ready belongs before the first informer");
  ready_ = std::move(ready);
}

std::vector<std::shared_ptr<Informer>> Caches::informers() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Informer>> all;
  all.reserve(by_bucket_.size());
  for (const auto& [bucket, held] : by_bucket_)
    all.push_back(held.informer);
  return all;
}

}  // namespace charter
