#include "controller/runtime/ownership_graph.h"

namespace charter {
namespace {

std::string bucket_of(const ServedResource& resource) {
  return charter::bucket_of(resource.gvr.group, resource.gvr.resource);
}

bool blocks(const Header& dependent, const std::string& uid) {
  for (const OwnerReference& owner : dependent.owners) {
    if (owner.uid == uid && owner.block_owner_deletion) return true;
  }
  return false;
}

}  // namespace

OwnershipGraph::OwnershipGraph(Caches& caches)
    : caches_(caches),
      resources_(caches, [this](const ServedResource& resource, const ObjectChange& change) {
        on_change(resource, change);
      }) {}

ObjectName OwnershipGraph::key_of(const ServedResource& resource, const ObjectName& name) {
  return {bucket_of(resource) + " " + name.ns, name.name};
}

std::optional<GraphNode> OwnershipGraph::node_of(const ObjectName& key) const {
  const size_t space = key.ns.find(' ');
  if (space == std::string::npos) return std::nullopt;
  auto resource = resources_.find(key.ns.substr(0, space));
  if (!resource) return std::nullopt;
  return GraphNode{*resource, {key.ns.substr(space + 1), key.name}};
}

std::optional<GraphNode> OwnershipGraph::owner_node(const std::string& dependent_ns,
                                                    const OwnerReference& owner) const {
  const size_t slash = owner.api_version.find('/');
  const std::string group =
      slash == std::string::npos ? std::string() : owner.api_version.substr(0, slash);
  auto resource = resources_.find_kind(group, owner.kind);
  if (!resource) return std::nullopt;
  // Nothing of cluster scope can be owned by something inside a namespace: the reference names no
  // namespace.
  if (resource->namespaced && dependent_ns.empty()) return std::nullopt;
  return GraphNode{*resource, {resource->namespaced ? dependent_ns : "", owner.name}};
}

void OwnershipGraph::add(const ServedResource& resource, const ObjectName& name,
                         Priority priority) {
  controller_->add(key_of(resource, name), priority);
}

void OwnershipGraph::add_dependents(const std::string& uid, Priority priority) {
  for (const ServedResource& resource : resources_.all()) {
    auto informer = caches_.find(bucket_of(resource));
    if (!informer) continue;
    for (const ObjectPtr& dependent : informer->list_by(kOwnerIndex, uid)) {
      add(resource, {dependent->header().ns, dependent->header().name}, priority);
    }
  }
}

void OwnershipGraph::add_deleting_owners(const Header& dependent) {
  for (const OwnerReference& owner : dependent.owners) {
    auto node = owner_node(dependent.ns, owner);
    if (!node) continue;
    ObjectPtr cached = caches_.get(bucket_of(node->resource), node->name);
    if (cached && cached->header().deleting && cached->header().uid == owner.uid) {
      add(node->resource, node->name, Priority::User);
    }
  }
}

bool OwnershipGraph::has_blocking_dependent(const std::string& uid) const {
  for (const ServedResource& resource : resources_.all()) {
    auto informer = caches_.find(bucket_of(resource));
    if (!informer) continue;
    for (const ObjectPtr& dependent : informer->list_by(kOwnerIndex, uid)) {
      if (blocks(dependent->header(), uid)) return true;
    }
  }
  return false;
}

bool OwnershipGraph::has_dependent(const std::string& uid) const {
  for (const ServedResource& resource : resources_.all()) {
    auto informer = caches_.find(bucket_of(resource));
    if (informer && !informer->list_by(kOwnerIndex, uid).empty()) return true;
  }
  return false;
}

std::vector<ObjectName> OwnershipGraph::all_keys() const {
  std::vector<ObjectName> keys = {resources_key()};
  for (const ServedResource& resource : resources_.all()) {
    auto informer = caches_.find(bucket_of(resource));
    if (!informer) continue;
    for (const ObjectPtr& object : informer->list()) {
      const Header& header = object->header();
      if (header.owners.empty() && !header.deleting) continue;
      keys.push_back(key_of(resource, {header.ns, header.name}));
    }
  }
  return keys;
}

void OwnershipGraph::park(const ObjectName& key) {
  std::lock_guard lock(mutex_);
  parked_.insert(key);
}

std::vector<ObjectName> OwnershipGraph::unpark() {
  std::lock_guard lock(mutex_);
  std::vector<ObjectName> keys(parked_.begin(), parked_.end());
  parked_.clear();
  return keys;
}

void OwnershipGraph::on_change(const ServedResource& resource, const ObjectChange& change) {
  const Priority priority =
      change.origin == ObjectChange::Origin::List ? Priority::Drift : Priority::User;
  const Header& newest = change.newest().header();
  const ObjectName name{newest.ns, newest.name};
  if (!change.after) {
    add_dependents(newest.uid, priority);
    add_deleting_owners(newest);
    std::lock_guard lock(mutex_);
    parked_.erase(key_of(resource, name));
    return;
  }
  const bool owners_changed = !change.before || change.before->header().owners != newest.owners;
  if (owners_changed && change.before) add_deleting_owners(change.before->header());
  const bool finalizing = newest.deleting && newest.has_finalizers;
  if ((owners_changed && !newest.owners.empty()) || finalizing) add(resource, name, priority);
}

}  // namespace charter
