#pragma once

#include "controller/base/clock.h"
#include "controller/base/metrics.h"
#include "controller/base/random.h"
#include "controller/object/ledger.h"
#include "controller/object/object.h"
#include "controller/runtime/client.h"

#include <optional>
#include <string>
#include <utility>

// What a kind's author writes: a Reconciler, made from a Runtime. A pass reads the object from the
// caches, looks at the world once, acts at most once and says when to come back.
//
//   outcome  meaning                                back-off   the key comes back
//   Done     the world is as wanted                 forgotten  on an event, or at the next drift
//   check Again    acted; look again                      forgotten  after `after` (0: at once)
//   Wait     something else has to happen first     forgotten  after `after`, or on an event if
//   that is sooner; `after` 0: on an
//                                                              event or at the next drift check
//   Retry    a call failed and may succeed later    grows      after the back-off, or on an event
//   Stuck    no retry will help; somebody must act  forgotten  on an event only
namespace charter {

class Caches;
class EventRecorder;

/// How a pass ended.
struct [[nodiscard]] Outcome {
  enum class Kind { Done, Again, Wait, Retry, Stuck };
  Kind kind = Kind::Done;
  Duration after{};            ///< Again, Wait
  std::string reason;          ///< Wait, Stuck: a word of the closed condition-reason list
  std::optional<Error> error;  ///< Retry

  static Outcome done() { return {}; }
  static Outcome again(Duration after = {}) { return {Kind::Again, after, {}, {}}; }
  static Outcome wait(Duration after, std::string reason) {
    return {Kind::Wait, after, std::move(reason), {}};
  }
  static Outcome retry(Error error) { return {Kind::Retry, {}, {}, std::move(error)}; }
  static Outcome stuck(std::string reason) { return {Kind::Stuck, {}, std::move(reason), {}}; }
  bool operator==(const Outcome&) const = default;
};

/// "done", "again", "wait", "retry" or "stuck": the `result` label of the metrics.
const char* word_of(Outcome::Kind kind);

/// What a reconciler may use. Everything is thread-safe and outlives the reconciler.
struct Runtime {
  Client&
      client;  ///< remembers its writes: the key's next pass starts only when the caches show them
  const Caches& caches;  ///< read from here; `caches.get(bucket, name)`, `caches.list_by(bucket,
                         ///< index, value)`
  const Clock& clock;
  Random& random;
  EventRecorder& events;
  Metrics& metrics;
  const LedgerReader* ledger = nullptr;  ///< what was metered; null where there is no ledger
};

/// Brings one object, and what it stands for, to the wanted state.
class Reconciler {
 public:
  virtual ~Reconciler() = default;
  /// One pass. Runs to its end on a worker thread and may block on the client or a driver. MUST be
  /// idempotent. Never runs twice at the same time for one name, but does for different names. The
  /// object may be gone: that is Done, unless something is left to clean up.
  virtual Outcome reconcile(const ObjectName& name) = 0;
};

}  // namespace charter
