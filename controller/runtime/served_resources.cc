#include "controller/runtime/served_resources.h"

namespace charter {

ServedResources::~ServedResources() {
  for (const auto& [bucket, active] : active_)
    drop(active);
}

void ServedResources::want(std::vector<ServedResource> resources) {
  std::lock_guard lock(mutex_);
  wanted_ = std::move(resources);
}

// Handlers take mutex_ on the pump thread while the pump holds an informer; so informers are called
// here without it.
bool ServedResources::apply() {
  std::map<std::string, ServedResource> added;
  std::vector<Active> gone;
  {
    std::lock_guard lock(mutex_);
    if (!wanted_) return false;
    for (const ServedResource& resource : *wanted_) {
      added[bucket_of(resource.gvr.group, resource.gvr.resource)] = resource;
    }
    wanted_.reset();
    known_ = true;
    for (auto at = active_.begin(); at != active_.end();) {
      auto wanted = added.find(at->first);
      if (wanted != added.end() && wanted->second == at->second.resource) {
        added.erase(wanted);
        ++at;
      } else {
        gone.push_back(at->second);
        at = active_.erase(at);
      }
    }
    for (const auto& [bucket, resource] : added)
      active_[bucket].resource = resource;
  }
  for (const Active& active : gone)
    drop(active);
  for (const auto& [bucket, resource] : added) {
    auto informer = caches_.require(resource.gvr);
    const int handler = informer->add_handler(
        [this, resource = resource](const ObjectChange& change) { handler_(resource, change); });
    std::lock_guard lock(mutex_);
    active_[bucket].informer = std::move(informer);
    active_[bucket].handler = handler;
  }
  return !added.empty() || !gone.empty();
}

bool ServedResources::known() const {
  std::lock_guard lock(mutex_);
  return known_;
}

std::vector<ServedResource> ServedResources::all() const {
  std::lock_guard lock(mutex_);
  std::vector<ServedResource> resources;
  resources.reserve(active_.size());
  for (const auto& [bucket, active] : active_)
    resources.push_back(active.resource);
  return resources;
}

std::optional<ServedResource> ServedResources::find(std::string_view bucket) const {
  std::lock_guard lock(mutex_);
  auto found = active_.find(bucket);
  if (found == active_.end()) return std::nullopt;
  return found->second.resource;
}

std::optional<ServedResource> ServedResources::find_kind(std::string_view group,
                                                         std::string_view kind) const {
  std::lock_guard lock(mutex_);
  for (const auto& [bucket, active] : active_) {
    if (active.resource.kind == kind && active.resource.gvr.group == group) return active.resource;
  }
  return std::nullopt;
}

void ServedResources::drop(const Active& active) {
  if (!active.informer) return;
  active.informer->remove_handler(active.handler);
  caches_.release(active.resource.gvr);
}

}  // namespace charter
