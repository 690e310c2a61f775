#pragma once

#include "controller/base/clock.h"
#include "controller/base/metrics.h"
#include "controller/runtime/client.h"

#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

// core/v1 Events, for `kubectl describe` and `kubectl get events`. `record` only appends to a
// bounded buffer; `pump` writes, so a pass never waits for an event. Several threads may pump, so
// that events share the store's commits; never two of them the same Event. Equal events (object,
// type, reason, message, component) become one object whose count and lastTimestamp grow: its name
// is derived from them, so this holds across restarts too. An object that has more than
// kEventsPerObjectMax different events gets "(combined from similar events)" per reason from then
// on.
namespace charter {

/// Writes Events. Thread-safe.
class EventRecorder {
 public:
  enum class Type { Normal, Warning };

  /// `component` is source.component, e.g. "charter-machine".
  EventRecorder(std::shared_ptr<Client> client, const Clock& clock, Metrics& metrics);

  /// Notes an event about an object, given as its tree. `message` is cut at kEventMessageBytesMax.
  /// Never blocks on the API; the oldest events are dropped when kEventQueueMax wait.
  void record(const Json& about, Type type, const std::string& component, const std::string& reason,
              const std::string& message);

  /// Writes at most one waiting event; returns whether it did anything.
  bool pump();
  /// When (Clock::monotonic) a pump that backs off may try again; nothing when none does.
  std::optional<Duration> next_due() const;
  size_t waiting() const;
  /// Called from any thread when something was recorded. Set once.
  void on_ready(std::function<void()> ready);

 private:
  struct Note {
    std::string ns, name;  // of the Event
    std::string api_version, kind, about_ns, about_name, uid;
    int64_t about_version = 0;
    Type type = Type::Normal;
    std::string component, reason, message;
    bool combined = false;  // stands for similar events: its message follows the newest
    Instant at;
    int attempts = 0;
  };
  // Names of the Events an object has had lately; the least recently used object is forgotten.
  struct Series {
    std::string uid;
    std::set<std::string> names;
  };
  void name_event(Note& note);
  Series& series_of(const std::string& uid);
  std::optional<Note> take();
  void finish(const Status& written, Note note);
  Status write(const Note& note);
  Status count_up(const Note& note, const Encoded& existing);

  const std::shared_ptr<Client> client_;
  const Clock& clock_;
  Counter& dropped_;
  mutable std::mutex mutex_;
  std::deque<Note> notes_;
  std::set<std::pair<std::string, std::string>> in_flight_;  // namespace and name being written
  std::list<Series> recent_;                                 // most recently used first
  std::unordered_map<std::string, std::list<Series>::iterator> by_uid_;
  std::optional<Duration> retry_at_;
  std::function<void()> ready_;
};

}  // namespace charter
