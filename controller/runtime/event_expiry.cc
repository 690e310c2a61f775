#include "controller/runtime/event_expiry.h"

#include "controller/base/limits.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

// Events may expire by the ten thousand after a busy hour: their deletes must leave room in the
// group commits for everybody else.
constexpr size_t kWorkers = 2;

const Gvr& events() {
  static const Gvr resource{"", "v1", "events"};
  return resource;
}

// Recorders count repeats in different fields; an Event lives on as long as any of them moves.
// Nothing when it carries no time at all: then it is nobody's to judge.
std::optional<Instant> last_seen(const Json& event) {
  std::optional<Instant> newest;
  for (const std::string& text :
       {text_at(event, {"metadata", "creationTimestamp"}), text_at(event, {"lastTimestamp"}),
        text_at(event, {"eventTime"}), text_at(event, {"series", "lastObservedTime"})}) {
    const auto time = parse_time(text);
    if (time) newest = newest ? std::max(*newest, *time) : *time;
  }
  return newest;
}

/// Removes one Event when its time is over.
class EventExpiry final : public Reconciler {
 public:
  explicit EventExpiry(const Runtime& runtime) : runtime_(runtime) {}

  Outcome reconcile(const ObjectName& name) override {
    const ObjectPtr event = runtime_.caches.get(bucket_, name);
    if (!event || event->header().deleting) return Outcome::done();
    const auto seen = last_seen(event->tree());
    if (!seen) return Outcome::done();
    const Duration left = *seen + limits::kEventLifetime - runtime_.clock.now();
    if (left > Duration::zero()) return Outcome::wait(left, "Current");
    // Exactly this version: one that was counted up meanwhile lives on.
    auto gone = runtime_.client.remove(
        events(), name, {.uid = event->header().uid, .version = event->header().version});
    if (gone || gone.error().code == Code::NotFound) return Outcome::done();
    return Outcome::retry(gone.error());
  }

 private:
  const Runtime runtime_;
  const std::string bucket_ = bucket_of(events().group, events().resource);
};

}  // namespace

void add_event_expiry(Manager& manager) {
  ControllerSpec spec;
  spec.name = "event-expiry";
  spec.primary = events();
  spec.workers = {kWorkers, 0};
  spec.resync = {};
  spec.make = [](const Runtime& runtime) { return std::make_unique<EventExpiry>(runtime); };
  manager.add(std::move(spec));
}

}  // namespace charter
