#pragma once

#include "controller/base/clock.h"
#include "controller/base/metrics.h"
#include "controller/object/field_tallies.h"
#include "controller/object/view.h"
#include "controller/runtime/client.h"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// A local, complete and ordered copy of one resource, kept by list and watch. Objects are shared
// with the store, never copied. Pull-driven: `pump` does what can be done now without blocking, so
// a deterministic World and the live manager's pump thread use the same code.
//
//   state      pump does                           on error
//   Unlisted   list, tell the differences, watch   stay, back off
//   Watching   take events, tell each              Expired: Unlisted; Timeout: Broken without a
//                                                  back-off; other: Broken
//   Broken     watch again from `seen()`           Expired: Unlisted; other: back off
//
// A re-list tells a delete for every object that is no longer there, so no delete is lost.
// Threads: `pump` and `add_handler` exclude each other; reads run at any time. Handlers run inside
// pump (or add_handler), after the cache has changed; they must not block and must not call either
// on the same informer.
namespace charter {

/// One change of one object. `before` is null for an added one, `after` for a deleted one.
struct ObjectChange {
  /// List: told by a list, so perhaps not new to anybody. Watch: happened just now.
  enum class Origin { List, Watch };
  ObjectPtr before;
  ObjectPtr after;
  Origin origin = Origin::Watch;
  const Encoded& newest() const { return after ? *after : *before; }
};

/// Told of each change.
using ChangeHandler = std::function<void(const ObjectChange&)>;

/// Index values of an object. Pure.
using IndexFunction = std::function<std::vector<std::string>(const Header&)>;

/// Values: uids of all owners. Every informer has it, under the name kOwnerIndex.
IndexFunction index_by_owner();
inline constexpr std::string_view kOwnerIndex = "owner";
/// Value: the label's value, if the object has it.
IndexFunction index_by_label(std::string key);
/// Value: a header field (see KindHooks::index), if the object has it.
IndexFunction index_by_field(std::string path);

/// The copy of one resource.
class Informer {
 public:
  /// `ready` is called from any thread when a pump may find something.
  Informer(Client& client, Gvr resource, const Clock& clock, Metrics& metrics,
           std::function<void()> ready = {});

  const Gvr& resource() const { return resource_; }
  /// Adds an index, or does nothing when one of this name exists. Objects already here are indexed.
  void add_index(const std::string& name, IndexFunction index);
  /// Adds a handler and tells it all objects that are already here as added (Origin::List). Returns
  /// an id.
  int add_handler(ChangeHandler handler);
  void remove_handler(int id);

  /// Lists, watches or takes events; returns whether anything happened.
  bool pump();
  /// When (Clock::monotonic) a pump that backs off may try again; nothing when none does.
  std::optional<Duration> next_due() const;

  /// True once the first list is in.
  bool synced() const { return synced_; }
  /// The newest version told to handlers: every change of this resource up to it is in the cache.
  int64_t seen() const { return seen_; }

  ObjectPtr get(const ObjectName& name) const;
  /// All objects (of namespace `ns` unless empty), ordered by namespace and name.
  std::vector<ObjectPtr> list(std::string_view ns = {}) const;
  /// Objects with this value in an index, ordered. CHECKs that the index exists.
  std::vector<ObjectPtr> list_by(std::string_view index, const std::string& value) const;
  /// How often each value of a header field occurs, see View::tally.
  Tally tally(std::string_view ns, std::string_view field) const;
  /// True when there is an object in this namespace. O(log n).
  bool has_any(std::string_view ns) const;
  size_t size() const;

 private:
  struct ByName {
    bool operator()(const ObjectName* a, const ObjectName* b) const { return *a < *b; }
  };
  // Points at the keys of objects_, whose addresses are stable.
  using Names = std::set<const ObjectName*, ByName>;
  struct Index {
    IndexFunction values;
    std::unordered_map<std::string, Names> names;
  };
  using Objects = std::map<ObjectName, ObjectPtr>;

  bool list_and_watch();
  bool watch_from(int64_t version);
  bool take_events();
  void replace(const ObjectList& list);
  void apply(const ObjectName& name, const ObjectPtr& after, ObjectChange::Origin origin);
  void index_object(const ObjectName* name, const ObjectPtr& before, const ObjectPtr& after);
  void tell(const ObjectChange& change);
  void back_off(const Error& error, std::string_view what);

  Client& client_;
  const Gvr resource_;
  const Clock& clock_;
  Counter& relists_;
  const std::function<void()> ready_;

  std::mutex pump_mutex_;  // one pump or handler registration at a time; taken before cache_mutex_
  std::unique_ptr<Watch> watch_;
  std::map<int, ChangeHandler> handlers_;
  int next_handler_ = 1;
  int failures_ = 0;
  bool listed_ = false;

  mutable std::shared_mutex cache_mutex_;
  Objects objects_;
  std::map<std::string, Index, std::less<>> indexes_;
  mutable FieldTallies tallies_;  // begun by readers, under the exclusive lock

  std::atomic<bool> synced_{false};
  std::atomic<int64_t> seen_{0};
  std::atomic<int64_t> retry_at_{0};  // monotonic ns; 0: no back-off
};

}  // namespace charter
