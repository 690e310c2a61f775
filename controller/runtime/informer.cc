#include "controller/runtime/informer.h"

#include "controller/base/check.h"
#include "controller/base/limits.h"
#include "controller/base/log.h"

#include <algorithm>

namespace charter {
namespace {

ObjectName name_of(const Encoded& object) {
  return {object.header().ns, object.header().name};
}

}  // namespace

IndexFunction index_by_owner() {
  return [](const Header& header) {
    std::vector<std::string> uids;
    uids.reserve(header.owners.size());
    for (const OwnerReference& owner : header.owners)
      uids.push_back(owner.uid);
    return uids;
  };
}

IndexFunction index_by_label(std::string key) {
  return [key = std::move(key)](const Header& header) -> std::vector<std::string> {
    const std::string* value = find_pair(header.labels, key);
    if (!value) return {};
    return {*value};
  };
}

IndexFunction index_by_field(std::string path) {
  return [path = std::move(path)](const Header& header) -> std::vector<std::string> {
    const std::string* value = find_pair(header.fields, path);
    if (!value) return {};
    return {*value};
  };
}

Informer::Informer(Client& client, Gvr resource, const Clock& clock, Metrics& metrics,
                   std::function<void()> ready)
    : client_(client),
      resource_(std::move(resource)),
      clock_(clock),
      relists_(metrics.counter("informer_lists_total", "Full lists of a resource",
                               {{"group", resource_.group}, {"resource", resource_.resource}})),
      ready_(std::move(ready)) {
  indexes_[std::string(kOwnerIndex)].values = index_by_owner();
}

void Informer::add_index(const std::string& name, IndexFunction index) {
  std::lock_guard pumping(pump_mutex_);
  std::unique_lock lock(cache_mutex_);
  auto [at, added] = indexes_.try_emplace(name);
  if (!added) return;
  at->second.values = std::move(index);
  for (const auto& [object_name, object] : objects_) {
    for (const std::string& value : at->second.values(object->header())) {
      at->second.names[value].insert(&object_name);
    }
  }
}

int Informer::add_handler(ChangeHandler handler) {
  std::lock_guard pumping(pump_mutex_);
  for (const ObjectPtr& object : list())
    handler({nullptr, object, ObjectChange::Origin::List});
  handlers_[next_handler_] = std::move(handler);
  return next_handler_++;
}

void Informer::remove_handler(int id) {
  std::lock_guard pumping(pump_mutex_);
  handlers_.erase(id);
}

bool Informer::pump() {
  std::lock_guard pumping(pump_mutex_);
  if (retry_at_ != 0 && clock_.monotonic().count() < retry_at_) return false;
  retry_at_ = 0;
  if (!listed_) return list_and_watch();
  if (!watch_) return watch_from(seen_);
  return take_events();
}

std::optional<Duration> Informer::next_due() const {
  const int64_t at = retry_at_;
  if (at == 0) return std::nullopt;
  return Duration(at);
}

bool Informer::list_and_watch() {
  watch_.reset();
  relists_.increment();
  auto list = client_.list(resource_, {});
  if (!list) {
    back_off(list.error(), "list failed");
    return true;
  }
  replace(*list);
  seen_ = list->version;
  listed_ = true;
  synced_ = true;
  return watch_from(list->version);
}

bool Informer::watch_from(int64_t version) {
  auto watch = client_.watch(resource_, {}, version);
  if (!watch) {
    if (watch.error().code == Code::Expired || watch.error().code == Code::Gone) listed_ = false;
    back_off(watch.error(), "watch failed");
    return true;
  }
  failures_ = 0;
  watch_ = std::move(*watch);
  // What happened between opening the watch and on_ready has poked nobody: the caller pumps again.
  if (ready_) watch_->on_ready(ready_);
  return true;
}

bool Informer::take_events() {
  auto events = watch_->take(limits::kWatchTakeMax);
  if (!events) {
    watch_.reset();
    if (events.error().code == Code::Timeout) return true;  // ended in its time: watch on
    if (events.error().code == Code::Expired || events.error().code == Code::Gone) {
      listed_ = false;
    } else {
      back_off(events.error(), "watch broke");
    }
    return true;
  }
  for (const WatchEvent& event : *events) {
    if (event.kind == WatchEvent::Kind::Deleted) {
      apply(name_of(*event.object), nullptr, ObjectChange::Origin::Watch);
    } else if (event.kind != WatchEvent::Kind::Bookmark) {
      apply(name_of(*event.object), event.object, ObjectChange::Origin::Watch);
    }
    seen_ = std::max<int64_t>(seen_, event.version);
  }
  return !events->empty();
}

// The list is the truth: what it lacks was deleted while nobody watched, whoever is told learns of
// that deletion here.
void Informer::replace(const ObjectList& list) {
  std::map<ObjectName, ObjectPtr> next;
  for (const ObjectPtr& object : list.objects)
    next.emplace(name_of(*object), object);
  std::vector<ObjectName> gone;
  {
    std::shared_lock lock(cache_mutex_);
    for (const auto& [name, object] : objects_) {
      auto found = next.find(name);
      // Deleted and made again under the same name: two changes, or owners of the old one never
      // learn.
      if (found == next.end() || found->second->header().uid != object->header().uid) {
        gone.push_back(name);
      }
    }
  }
  for (const ObjectName& name : gone)
    apply(name, nullptr, ObjectChange::Origin::List);
  for (const auto& [name, object] : next)
    apply(name, object, ObjectChange::Origin::List);
}

void Informer::apply(const ObjectName& name, const ObjectPtr& after, ObjectChange::Origin origin) {
  ObjectPtr before;
  {
    std::unique_lock lock(cache_mutex_);
    auto at = objects_.find(name);
    if (at != objects_.end()) before = at->second;
    if (!before && !after) return;
    if (before && after && before->header().version == after->header().version) return;
    if (after) {
      if (at == objects_.end()) at = objects_.emplace(name, after).first;
      at->second = after;
    }
    index_object(&at->first, before, after);
    tallies_.change(before.get(), after.get());
    if (!after) objects_.erase(at);
  }
  tell({before, after, origin});
}

void Informer::index_object(const ObjectName* name, const ObjectPtr& before,
                            const ObjectPtr& after) {
  for (auto& [index_name, index] : indexes_) {
    auto old_values = before ? index.values(before->header()) : std::vector<std::string>();
    auto new_values = after ? index.values(after->header()) : std::vector<std::string>();
    if (old_values == new_values) continue;
    for (const std::string& value : old_values) {
      auto names = index.names.find(value);
      if (names == index.names.end()) continue;
      names->second.erase(name);
      if (names->second.empty()) index.names.erase(names);
    }
    for (const std::string& value : new_values)
      index.names[value].insert(name);
  }
}

void Informer::tell(const ObjectChange& change) {
  for (const auto& [id, handler] : handlers_)
    handler(change);
}

void Informer::back_off(const Error& error, std::string_view what) {
  Duration delay = limits::kInformerBackoffMin;
  for (int i = 0; i < failures_ && delay < limits::kInformerBackoffMax; ++i)
    delay *= 2;
  ++failures_;
  delay = std::min<Duration>(delay, limits::kInformerBackoffMax);
  // Up to a quarter more, by the clock's lowest digits: what broke together, or in all replicas, is
  // not tried again together.
  const Duration now = clock_.monotonic();
  const auto jitter = now.count() % (delay.count() / 4 + 1);
  retry_at_ = now.count() + delay.count() + jitter;
  log_warn("informer", what,
           {{"resource", bucket_of(resource_.group, resource_.resource)},
            {"code", reason_word(error.code)},
            {"error", error.message}});
}

ObjectPtr Informer::get(const ObjectName& name) const {
  std::shared_lock lock(cache_mutex_);
  auto found = objects_.find(name);
  return found == objects_.end() ? nullptr : found->second;
}

std::vector<ObjectPtr> Informer::list(std::string_view ns) const {
  std::shared_lock lock(cache_mutex_);
  std::vector<ObjectPtr> objects;
  if (ns.empty()) objects.reserve(objects_.size());
  auto at = ns.empty() ? objects_.begin() : objects_.lower_bound({std::string(ns), ""});
  for (; at != objects_.end() && (ns.empty() || at->first.ns == ns); ++at) {
    objects.push_back(at->second);
  }
  return objects;
}

std::vector<ObjectPtr> Informer::list_by(std::string_view index, const std::string& value) const {
  std::shared_lock lock(cache_mutex_);
  auto by = indexes_.find(index);
  CHECK_MSG(by != indexes_.end(), index);
  std::vector<ObjectPtr> objects;
  auto names = by->second.names.find(value);
  if (names == by->second.names.end()) return objects;
  objects.reserve(names->second.size());
  for (const ObjectName* name : names->second)
    objects.push_back(objects_.find(*name)->second);
  return objects;
}

Tally Informer::tally(std::string_view ns, std::string_view field) const {
  {
    std::shared_lock lock(cache_mutex_);
    if (tallies_.counts(field)) return tallies_.of(field, ns);
  }
  std::unique_lock lock(cache_mutex_);
  tallies_.begin(field, [&](const auto& count) {
    for (const auto& [name, object] : objects_)
      count(*object);
  });
  return tallies_.of(field, ns);
}

bool Informer::has_any(std::string_view ns) const {
  std::shared_lock lock(cache_mutex_);
  auto at = objects_.lower_bound({std::string(ns), ""});
  return at != objects_.end() && at->first.ns == ns;
}

size_t Informer::size() const {
  std::shared_lock lock(cache_mutex_);
  return objects_.size();
}

}  // namespace charter
