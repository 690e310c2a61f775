#include "controller/runtime/local_client_watch.h"

#include <algorithm>
#include <optional>

namespace charter {
namespace {

/// What a selection sees of a change, or nothing.
std::optional<WatchEvent> seen_through(const Chosen& chosen, const StoreEvent& event) {
  const bool after =
      event.kind != StoreEvent::Kind::Deleted && chosen.matches(event.object->header());
  const bool before = event.before ? chosen.matches(event.before->header())
                                   : event.kind == StoreEvent::Kind::Deleted &&
                                         chosen.matches(event.object->header());
  if (!before && !after) return std::nullopt;
  WatchEvent::Kind kind = WatchEvent::Kind::Modified;
  if (!before) kind = WatchEvent::Kind::Added;
  if (!after) kind = WatchEvent::Kind::Deleted;
  // An object that left the selection is shown as it was, with the version of the change, as
  // kube-apiserver does.
  ObjectPtr object = event.object;
  if (!after && event.before) object = event.before->with_version(event.revision);
  return WatchEvent{kind, std::move(object), event.revision};
}

}  // namespace

Result<Chosen> Chosen::parse(const Selection& selection) {
  Chosen chosen;
  chosen.ns_ = selection.ns;
  CHARTER_TRY_ASSIGN(chosen.labels_, Selector::parse_labels(selection.label_selector));
  CHARTER_TRY_ASSIGN(chosen.fields_, Selector::parse_fields(selection.field_selector));
  return chosen;
}

bool Chosen::matches(const Header& header) const {
  if (!ns_.empty() && header.ns != ns_) return false;
  if (!labels_.matches(header.labels)) return false;
  if (fields_.empty()) return true;
  Pairs fields = header.fields;
  for (auto& own : Pairs{{"metadata.name", header.name}, {"metadata.namespace", header.ns}}) {
    fields.insert(std::lower_bound(fields.begin(), fields.end(), own), own);
  }
  return fields_.matches(fields);
}

LocalWatch::LocalWatch(Store& store, std::string bucket, Chosen chosen, int64_t version)
    : store_(store), bucket_(std::move(bucket)), chosen_(std::move(chosen)), cursor_(version) {
  subscription_ = store_.subscribe([poke = poke_, bucket = bucket_](const auto& buckets, int64_t) {
    if (!buckets.contains(bucket)) return;
    std::lock_guard lock(poke->mutex);
    if (!poke->closed && poke->ready) poke->ready();
  });
}

LocalWatch::~LocalWatch() {
  {
    std::lock_guard lock(poke_->mutex);
    poke_->closed = true;
  }
  store_.unsubscribe(subscription_);
}

Result<std::vector<WatchEvent>> LocalWatch::take(size_t max) {
  std::vector<WatchEvent> taken;
  // The state up to here is told by the events below, or there are none: then the log may be
  // forgotten up to here.
  const int64_t newest = store_.revision();
  while (taken.size() < max) {
    CHARTER_TRY_ASSIGN(std::vector<StoreEventPtr> events,
                       store_.events(bucket_, cursor_, max - taken.size()));
    if (events.empty()) {
      cursor_ = std::max(cursor_, newest);
      break;
    }
    for (const StoreEventPtr& event : events) {
      cursor_ = event->revision;
      if (auto seen = seen_through(chosen_, *event)) taken.push_back(std::move(*seen));
    }
  }
  return taken;
}

void LocalWatch::on_ready(std::function<void()> ready) {
  std::lock_guard lock(poke_->mutex);
  poke_->ready = std::move(ready);
}

}  // namespace charter
