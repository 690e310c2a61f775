#pragma once

#include "controller/object/ledger.h"
#include "controller/object/view.h"
#include "controller/store/sealer.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// The store: an append-only log of object revisions, durable before it is acknowledged, with the
// current objects in memory. It knows keys, bytes and headers; never a kind.
//
//   submit(write) ──> queue ──> writer's turn: guards, compare-and-swap, one SQLite transaction for
//   the
//                               group, fsync ──> snapshot published ──> done(committed) ──>
//                               watchers poked
//
// One global revision counts commits; it is every object's resourceVersion. Readers see only what
// is durable. Thread contract: every method is thread-safe. `done` and publish callbacks run on the
// writer (in inline mode: inside submit) and must not block or call submit synchronously in inline
// mode's guard.
namespace charter {

/// Where an object lives.
struct Key {
  std::string bucket;  ///< bucket_of(group, resource)
  ObjectName name;
  auto operator<=>(const Key&) const = default;
};

/// Checked inside the writer's turn, after the compare-and-swap; a refusal rejects only this write.
using Guard = std::function<Status(const View&)>;

/// One change of one object.
struct Write {
  enum class Op { Put, Delete };
  Op op = Op::Put;
  Key key;
  int64_t expected = 0;  ///< version that must be current; 0: the object must not exist
  ObjectPtr object;      ///< new state (Delete: the last state shown to watchers); its version is
                         ///< replaced by the new revision
  Guard guard;           ///< may be empty
  std::string flow =
      {};  ///< whose write it is; flows share the writer fairly. Empty: the program's own
  /// What of it is metered: entries of the same transaction. One that the ledger has already is
  /// left out; one that it has otherwise refuses the write (Conflict, with its own message).
  std::vector<LedgerEdge> ledger = {};
};

/// The outcome of a write: the object with its new version.
struct Committed {
  ObjectPtr object;
};

/// One entry of the log as watchers see it.
struct StoreEvent {
  enum class Kind { Added, Modified, Deleted };
  Kind kind = Kind::Added;
  int64_t revision = 0;
  ObjectPtr object;  ///< state after (Deleted: last state with the deletion's revision)
  ObjectPtr before;  ///< state before, null for Added
};
using StoreEventPtr = std::shared_ptr<const StoreEvent>;

/// What part of a bucket to list.
struct ListRange {
  std::string ns;  ///< empty: all namespaces
  int64_t at_revision =
      0;             ///< 0: newest; else the state at that revision (Error Expired when compacted)
  ObjectName after;  ///< list only names greater than this (empty: from the start)
  size_t limit = 0;  ///< 0: no limit; counts objects that pass `filter`
  std::function<bool(const Encoded&)> filter;  ///< empty: all
};

/// A consistent page.
struct ListPage {
  int64_t revision = 0;  ///< the state's revision
  std::vector<ObjectPtr> objects;
  bool more = false;      ///< objects remain after the last one
  int64_t remaining = 0;  ///< how many, when there was no filter
};

/// How the writer runs.
enum class WriterMode { Thread, Inline };

/// What the store has to be told of kinds to read objects back at start.
struct StoredKinds {
  /// Header fields of an object, from its encoded bytes. Called from several threads.
  std::function<Pairs(std::string_view bucket, std::string_view encoded)> index;
  std::string definitions;  ///< bucket of the objects that define kinds
  /// Told of each of them before `index` is asked for any object.
  std::function<void(std::string_view encoded)> learn;
};

/// Where and how to open.
struct StoreOptions {
  std::string data_dir;  ///< must exist; "" keeps the store in memory (tests)
  WriterMode mode = WriterMode::Thread;
  std::function<void(int exit_code)>
      fatal;  ///< called when durability is lost; default logs and _exit()s
  StoredKinds kinds;
  std::string vfs;  ///< SQLite VFS name for fault injection; "" is the default
  /// Encrypts what it wants sealed before it reaches the disk; null: nothing is sealed, and a store
  /// that holds sealed rows is refused.
  std::shared_ptr<const Sealer> sealer;
};

/// The store. Owned by the process's composition root; outlives all who use it.
class Store final : public LedgerReader {
 public:
  /// Opens or creates; rows that are plain or sealed with an older key are sealed anew first.
  /// Errors: Conflict when another process holds the directory; InternalError when the log is
  /// damaged (says what `charter verify` would say) or a key is missing.
  static Result<std::unique_ptr<Store>> open(StoreOptions options);
  ~Store() override;

  /// Queues a write. `done` gets Conflict (version changed: message "object has been modified"),
  /// AlreadyExists, NotFound, a guard's error, TooManyRequests (queue full), InsufficientStorage
  /// (disk full) or ServiceUnavailable (stopping).
  void submit(Write write, std::function<void(Result<Committed>)> done);
  /// submit and wait. Not from the writer or a wire thread.
  Result<Committed> commit(Write write);

  ObjectPtr get(std::string_view bucket, const ObjectName& name) const;
  Result<ListPage> list(std::string_view bucket, const ListRange& range) const;
  /// Objects in a bucket (and namespace, unless empty) now.
  size_t count(std::string_view bucket, std::string_view ns = {}) const;

  /// Newest durable revision.
  int64_t revision() const;
  /// Events of revisions up to this one are gone.
  int64_t compacted() const;
  /// Events of a bucket with revision > `after`, oldest first, at most `max`. Expired when `after`
  /// < compacted().
  Result<std::vector<StoreEventPtr>> events(std::string_view bucket, int64_t after,
                                            size_t max) const;

  /// From LedgerReader. Page by page between the writer's turns, so that a long look delays no
  /// write by more than one page. Errors: ServiceUnavailable when the store stops.
  Result<int64_t> read_ledger(
      const LedgerQuery& query,
      const std::function<Status(const LedgerInterval&)>& visit) const override;
  Result<bool> is_changed_since(const std::string& payer, int64_t position,
                                int64_t to_s) const override;

  /// A View on the newest state; each call of its methods is consistent in itself.
  const View& view() const;

  /// Called after each published group with the buckets it touched. Returns an id for unsubscribe.
  using Publish =
      std::function<void(const std::set<std::string, std::less<>>& buckets, int64_t revision)>;
  int subscribe(Publish publish);
  void unsubscribe(int id);

  /// Forgets events up to `revision` (at most revision()), so that older watches get 410.
  void compact(int64_t revision);
  /// Refuses new writes, finishes queued ones, checkpoints. Idempotent.
  void stop();

  /// Numbers for /metrics and tests.
  struct Stats {
    int64_t commits = 0, transactions = 0, objects = 0, object_bytes = 0, events = 0;
  };
  Stats stats() const;

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// One finding of verify().
struct VerifyFinding {
  std::string where;
  std::string what;
};

/// Checks a data directory without changing it: SQLite integrity, the chain of revisions of each
/// key, that bytes parse and carry their own key and version. Sealed rows are opened with `sealer`;
/// those that it has no key for (null: all) are a finding. Errors: when it can't be opened or is in
/// use.
Result<std::vector<VerifyFinding>> verify_store(const std::string& data_dir,
                                                const Sealer* sealer = nullptr);

}  // namespace charter
