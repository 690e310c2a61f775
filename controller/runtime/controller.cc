#include "controller/runtime/controller.h"

#include "controller/base/check.h"
#include "controller/base/log.h"

#include <algorithm>

namespace charter {
namespace {

constexpr size_t kOutcomeKinds = 5;
const std::vector<double> kPassSeconds = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60};

std::vector<ObjectName> own_name(const Encoded& object, const Caches&) {
  return {{object.header().ns, object.header().name}};
}

std::string group_of(const std::string& api_version) {
  const size_t slash = api_version.find('/');
  return slash == std::string::npos ? std::string() : api_version.substr(0, slash);
}

std::vector<ObjectName> names_of(const std::vector<ObjectPtr>& objects) {
  std::vector<ObjectName> names;
  names.reserve(objects.size());
  for (const ObjectPtr& object : objects) {
    names.push_back({object->header().ns, object->header().name});
  }
  return names;
}

WorkQueueLimits queue_limits(const ControllerSpec& spec) {
  WorkQueueLimits bounds;
  const auto [user, drift] = spec.workers;
  bounds.user = {user, limits::kWorkersPerProviderMax};
  // Passes that call nothing outside want the CPU only: more of them at once would be in the way of
  // each other, and of user changes that wait for a lock which one of them holds.
  bounds.drift = {drift > 0 ? drift : user, limits::kDriftWorkersPerProviderMax,
                  limits::kDriftWorkersPerProviderMax};
  return bounds;
}

LaneOf lane_function(const ControllerSpec& spec, const Caches& caches) {
  if (!spec.lane) return {};
  return [lane = spec.lane, &caches](const ObjectName& key) { return lane(key, caches); };
}

}  // namespace

const char* word_of(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::Done:
      return "done";
    case Outcome::Kind::Again:
      return "again";
    case Outcome::Kind::Wait:
      return "wait";
    case Outcome::Kind::Retry:
      return "retry";
    case Outcome::Kind::Stuck:
      return "stuck";
  }
  check_failed("outcome is known", __FILE__, __LINE__);
}

Mapper map_to_owner(std::string group, std::string kind, Scope scope) {
  return [=](const Encoded& object, const Caches&) {
    std::vector<ObjectName> names;
    for (const OwnerReference& owner : object.header().owners) {
      if (owner.kind != kind || group_of(owner.api_version) != group) continue;
      names.push_back({scope == Scope::Cluster ? "" : object.header().ns, owner.name});
    }
    return names;
  };
}

Mapper map_by_index(const Gvr& resource, std::string index) {
  return [bucket = bucket_of(resource.group, resource.resource), index = std::move(index)](
             const Encoded& object, const Caches& caches) {
    const std::string value = to_string({object.header().ns, object.header().name});
    return names_of(caches.list_by(bucket, index, value));
  };
}

Mapper map_to_all(const Gvr& resource) {
  return [bucket = bucket_of(resource.group, resource.resource)](const Encoded&,
                                                                 const Caches& caches) {
    auto informer = caches.find(bucket);
    return informer ? names_of(informer->list()) : std::vector<ObjectName>();
  };
}

Controller::Controller(ControllerSpec spec, ControllerParts parts)
    : spec_(std::move(spec)),
      parts_(std::move(parts)),
      queue_(spec_.name, parts_.clock, parts_.metrics, queue_limits(spec_),
             lane_function(spec_, parts_.caches)),
      tracker_(*parts_.client, parts_.caches,
               [this](const ObjectName& key) { queue_.leave_lane(key); }),
      pass_time_(parts_.metrics.histogram("controller_runtime_reconcile_time_seconds",
                                          "Length of a pass", kPassSeconds,
                                          {{"controller", spec_.name}})) {
  CHECK_MSG(!spec_.name.empty() && spec_.make && spec_.workers.user > 0, spec_.name);
  for (size_t kind = 0; kind < kOutcomeKinds; ++kind) {
    results_.push_back(&parts_.metrics.counter(
        "controller_runtime_reconcile_total", "Passes by outcome",
        {{"controller", spec_.name}, {"result", word_of(static_cast<Outcome::Kind>(kind))}}));
  }
  reconciler_ = spec_.make(
      Runtime{tracker_, parts_.caches, parts_.clock, parts_.random, parts_.events, parts_.metrics,
              parts_.ledger});
  CHECK_MSG(reconciler_ != nullptr, spec_.name);
  // Indexes come first: mappers of the handlers below look things up by them.
  for (const Gvr& resource : spec_.reads)
    registrations_.push_back({parts_.caches.require(resource)});
  for (const WantedIndex& wanted : spec_.indexes) {
    auto informer = parts_.caches.require(wanted.resource);
    informer->add_index(wanted.name, wanted.values);
    registrations_.push_back({std::move(informer)});
  }
  if (!spec_.primary.resource.empty()) {
    primary_ = parts_.caches.require(spec_.primary);
    registrations_.push_back({primary_});
    listen({spec_.primary, own_name});
  }
  for (const Watched& watched : spec_.watches)
    listen(watched);
}

Controller::~Controller() {
  for (const Registration& registration : registrations_) {
    if (registration.handler) registration.informer->remove_handler(registration.handler);
    parts_.caches.release(registration.informer->resource());
  }
}

void Controller::listen(const Watched& watched) {
  auto informer = parts_.caches.require(watched.resource);
  const int handler = informer->add_handler(
      [this, watched](const ObjectChange& change) { on_change(watched, change); });
  registrations_.push_back({std::move(informer), handler});
}

// Both states are mapped: an object that changed its owner concerns the old one too.
void Controller::on_change(const Watched& watched, const ObjectChange& change) {
  const Priority priority =
      change.origin == ObjectChange::Origin::List ? Priority::Drift : Priority::User;
  for (const ObjectPtr& object : {change.before, change.after}) {
    if (!object) continue;
    for (const ObjectName& key : watched.mapper(*object, parts_.caches))
      queue_.add_after(key, watched.gather, priority);
  }
}

void Controller::add(const ObjectName& key, Priority priority) {
  queue_.add(key, priority);
}

void Controller::add_after(const ObjectName& key, Duration delay, Priority priority) {
  queue_.add_after(key, delay, priority);
}

bool Controller::step() {
  auto item = queue_.try_take();
  if (!item) return false;
  run(*item);
  return true;
}

size_t Controller::workers(Duty duty) const {
  const auto [user, drift] = spec_.workers;
  switch (duty) {
    case Duty::All:
      return drift > 0 ? 0 : user;
    case Duty::User:
      return drift > 0 ? user : 0;
    case Duty::Drift:
      return drift;
  }
  check_failed("duty is known", __FILE__, __LINE__);
}

void Controller::work(Duty duty) {
  while (auto item = queue_.take(duty))
    run(*item);
}

bool Controller::release_held() {
  auto released = tracker_.release();
  for (const WorkItem& item : released)
    queue_.add(item.key, item.priority);
  return !released.empty();
}

void Controller::run(const WorkItem& item) {
  if (tracker_.caught_up_or_hold(item)) {
    const Duration from = parts_.clock.monotonic();
    tracker_.begin(item.key);
    const Outcome outcome = reconciler_->reconcile(item.key);
    tracker_.end();
    count(outcome, parts_.clock.monotonic() - from);
    settle_outcome(item, outcome);
  }
  queue_.done(item.key);
  refill_after_overflow();
}

void Controller::settle_outcome(const WorkItem& item, const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::Done:
      queue_.forget(item.key);
      schedule_resync(item.key);
      return;
    case Outcome::Kind::Again:
      queue_.forget(item.key);
      queue_.add_after(item.key, outcome.after, item.priority);
      return;
    case Outcome::Kind::Wait:
      queue_.forget(item.key);
      if (outcome.after > Duration::zero()) {
        queue_.add_after(item.key, outcome.after, item.priority);
      } else {
        schedule_resync(item.key);
      }
      return;
    case Outcome::Kind::Retry:
      CHECK_MSG(outcome.error.has_value(), spec_.name);
      // A conflict is the normal end of a race with a user: the next pass sees the new state.
      log(outcome.error->code == Code::Conflict ? LogLevel::Debug : LogLevel::Warn, spec_.name,
          "pass failed, will retry",
          {{"object", to_string(item.key)},
           {"code", reason_word(outcome.error->code)},
           {"error", outcome.error->message}});
      queue_.add_backoff(item.key, item.priority,
                         std::chrono::seconds(outcome.error->retry_after_s));
      return;
    case Outcome::Kind::Stuck:
      queue_.forget(item.key);
      return;
  }
}

void Controller::count(const Outcome& outcome, Duration took) {
  results_[static_cast<size_t>(outcome.kind)]->increment();
  pass_time_.observe(std::chrono::duration<double>(took).count());
}

// Jitter spreads objects that were made together, so that their drift checks do not come as one
// wave for ever.
void Controller::schedule_resync(const ObjectName& key) {
  if (spec_.resync <= Duration::zero() || !primary_ || !primary_->get(key)) return;
  const auto tenth = static_cast<uint64_t>(spec_.resync.count() / 10);
  const Duration jitter(static_cast<int64_t>(random_below(parts_.random, 2 * tenth + 1)));
  queue_.add_after(key, spec_.resync - Duration(static_cast<int64_t>(tenth)) + jitter,
                   Priority::Drift);
}

void Controller::refill_after_overflow() {
  if (!queue_.take_overflow()) return;
  log_warn(spec_.name, "work queue was full: every object is looked at again");
  if (spec_.all_keys) {
    for (const ObjectName& key : spec_.all_keys())
      queue_.add(key, Priority::Drift);
  } else if (primary_) {
    for (const ObjectName& key : names_of(primary_->list()))
      queue_.add(key, Priority::Drift);
  }
}

}  // namespace charter
