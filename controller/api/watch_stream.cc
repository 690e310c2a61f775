#include "controller/api/watch_stream.h"

#include "controller/api/answer_syntax.h"
#include "controller/api/read_verbs.h"
#include "controller/api/status_body.h"
#include "controller/base/check.h"
#include "controller/base/limits.h"
#include "controller/object/conversion.h"
#include "controller/protobuf/protobuf.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>

namespace charter {
namespace {

constexpr size_t kEventsAtOnce = 256;

Bytes share(const ObjectPtr& object) { return {object, object->bytes()}; }

Bytes literal(std::string_view text) { return {nullptr, text}; }

/// Total bytes of a list of pieces.
size_t size_of(const std::vector<Bytes>& pieces) {
  size_t total = 0;
  for (const Bytes& piece : pieces) total += piece.view.size();
  return total;
}

/// The stream of one watch. See the file comment of watch_stream.h.
class WatchStream final : public BodyStream {
 public:
  WatchStream(const WatchParts& parts, WatchSpec spec) : parts_(parts), spec_(std::move(spec)) {
    bucket_ = spec_.type->bucket();
    if (spec_.shape.as == Representation::As::Table) {
      table_ = std::make_unique<TableWriter>(*spec_.type, spec_.shape, spec_.include);
    }
    const auto least = std::chrono::nanoseconds(limits::kWatchTimeoutMin).count();
    const int64_t life = spec_.options.timeout_s
                             ? *spec_.options.timeout_s * 1'000'000'000
                             : least + static_cast<int64_t>(random_below(parts_.random, static_cast<uint64_t>(least)));
    ends_ = parts_.clock.monotonic() + Duration(life);
    next_bookmark_ = parts_.clock.monotonic() + limits::kBookmarkInterval;
    begin();
  }

  ~WatchStream() override {
    if (id_ != 0) parts_.hub.remove(bucket_, id_);
  }

  void on_ready(std::function<void()> ready) override { id_ = parts_.hub.add(bucket_, std::move(ready)); }

  State next(size_t max_bytes, std::vector<Bytes>& out) override {
    if (ended_) return State::End;
    send_initial(max_bytes, out);
    if (!initial_.empty()) return State::More;
    const State state = send_events(max_bytes, out);
    if (state != State::Idle) return state;
    return send_timed(out);
  }

  Duration wake_after() override {
    Duration at = ends_;
    if (spec_.options.bookmarks) at = std::min(at, next_bookmark_);
    return std::max(Duration(0), at - parts_.clock.monotonic());
  }

 private:
  /// Takes the initial state where the request wants one, and sets the cursor.
  void begin() {
    const ListOptions& options = spec_.options;
    const bool from_version = options.version.value_or(0) > 0;
    if (!options.initial_events.value_or(!from_version)) {
      cursor_ = from_version ? *options.version : parts_.store.revision();
      return;
    }
    ListRange range;
    range.ns = spec_.ns;
    range.filter = [this](const Encoded& object) { return matches(spec_.options, object); };
    auto page = parts_.store.list(bucket_, range);
    CHECK(page.has_value());  // the newest state is never compacted
    cursor_ = page->revision;
    initial_.assign(std::make_move_iterator(page->objects.begin()), std::make_move_iterator(page->objects.end()));
    // kube-apiserver 1.35 also closes the initial state of a plain watch that allows bookmarks.
    closing_bookmark_ = options.initial_events.value_or(options.bookmarks);
  }

  void send_initial(size_t max_bytes, std::vector<Bytes>& out) {
    while (!ended_ && !initial_.empty() && size_of(out) < max_bytes) {
      append("ADDED", initial_.front(), out);
      initial_.pop_front();
    }
    if (!ended_ && initial_.empty() && closing_bookmark_) {
      closing_bookmark_ = false;
      append_bookmark(",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}", out);
    }
  }

  State send_events(size_t max_bytes, std::vector<Bytes>& out) {
    // A future cursor waits quietly; so does kube-apiserver.
    if (cursor_ > parts_.store.revision()) return State::Idle;
    while (!ended_ && size_of(out) < max_bytes) {
      // Read before the events, so that nothing published in between is skipped.
      const int64_t newest = parts_.store.revision();
      auto events = parts_.store.events(bucket_, cursor_, kEventsAtOnce);
      if (!events) {
        append_expired(out);
        ended_ = true;
        return State::More;
      }
      if (events->empty()) {
        cursor_ = std::max(cursor_, newest);
        return State::Idle;
      }
      for (const StoreEventPtr& event : *events) {
        cursor_ = event->revision;
        append_event(*event, out);
      }
    }
    return State::More;
  }

  State send_timed(std::vector<Bytes>& out) {
    const Duration now = parts_.clock.monotonic();
    if (now >= ends_) {
      ended_ = true;
      if (spec_.options.bookmarks) append_bookmark("", out);
      return out.empty() ? State::End : State::More;
    }
    if (spec_.options.bookmarks && now >= next_bookmark_) {
      next_bookmark_ = now + limits::kBookmarkInterval;
      append_bookmark("", out);
    }
    return State::Idle;
  }

  bool visible(const ObjectPtr& object) const {
    if (!object || (!spec_.ns.empty() && object->header().ns != spec_.ns)) return false;
    return matches(spec_.options, *object);
  }

  /// Entering a selection is ADDED, leaving it is DELETED (with the last matching state and the new resourceVersion).
  void append_event(const StoreEvent& event, std::vector<Bytes>& out) {
    if (!spec_.ns.empty() && event.object->header().ns != spec_.ns) return;
    const bool was = visible(event.before);
    const bool is = event.kind != StoreEvent::Kind::Deleted && visible(event.object);
    if (event.kind == StoreEvent::Kind::Deleted) {
      if (was || visible(event.object)) append("DELETED", event.object, out);
      return;
    }
    if (is) return append(was ? "MODIFIED" : "ADDED", event.object, out);
    if (was) append("DELETED", event.before->with_version(event.revision), out);
  }

  void append(const char* type, const ObjectPtr& stored, std::vector<Bytes>& out) {
    const ObjectPtr object = in_version(*spec_.type, stored);
    std::vector<Bytes> pieces;
    if (table_) {
      const std::string metadata = "{\"resourceVersion\":\"" + std::to_string(object->header().version) + "\"}";
      pieces.push_back(
          Bytes::own(table_->table(table_->row(object, parts_.clock.now()), metadata, columns_)));
      columns_ = TableWriter::Columns::Null;
    } else if (spec_.shape.as == Representation::As::Partial) {
      append_partial_object(object, pieces);
    } else {
      pieces.push_back(share(object));
    }
    emit(type, std::move(pieces), out);
  }

  void append_bookmark(const char* annotations, std::vector<Bytes>& out) {
    const int64_t at = cursor_;
    const std::string metadata =
        "{\"resourceVersion\":\"" + std::to_string(at) + "\"" + annotations + "}";
    std::string object;
    if (table_) {
      object = table_->table("", metadata, columns_);
      columns_ = TableWriter::Columns::Null;
    } else {
      const bool partial = spec_.shape.as == Representation::As::Partial;
      const ResourceType& type = *spec_.type;
      object = "{\"kind\":\"" + (partial ? "PartialObjectMetadata" : type.kind) + "\",\"apiVersion\":\"" +
               (partial ? "meta.k8s.io/v1" : api_version_of(type.gvr.group, type.gvr.version)) + "\",\"metadata\":" + metadata + "}";
    }
    emit("BOOKMARK", {Bytes::own(std::move(object))}, out);
  }

  void append_expired(std::vector<Bytes>& out) {
    const Error error{Code::Expired, "too old resource version: " + std::to_string(cursor_) + " (" +
                                         std::to_string(parts_.store.compacted() + 1) + ")"};
    emit("ERROR", {Bytes::own(encode(status_document(error)))}, out);
  }

  /// One event around the pieces of its object.
  void emit(const char* type, std::vector<Bytes> object, std::vector<Bytes>& out) {
    if (spec_.shape.syntax == Representation::Syntax::Protobuf)
      return emit_frame(type, object, out);
    out.push_back(Bytes::own(std::string("{\"type\":\"") + type + "\",\"object\":"));
    out.insert(out.end(), std::make_move_iterator(object.begin()),
               std::make_move_iterator(object.end()));
    out.push_back(literal("}\n"));
  }

  void emit_frame(const char* type, const std::vector<Bytes>& object, std::vector<Bytes>& out) {
    auto frame = binary_frame(type, object);
    if (frame) return out.push_back(Bytes::own(std::move(*frame)));
    // An object that can't be shown: say so and end; the client lists again and hears of it there
    // too.
    ended_ = true;
    auto failure = protobuf_watch_frame("ERROR", status_document(frame.error()));
    CHECK(failure.has_value());
    out.push_back(Bytes::own(std::move(*failure)));
  }

  static Result<std::string> binary_frame(const char* type, const std::vector<Bytes>& object) {
    CHARTER_TRY_ASSIGN(const Json tree, tree_of(object));
    return protobuf_watch_frame(type, tree);
  }

  WatchParts parts_;
  WatchSpec spec_;
  std::string bucket_;
  std::unique_ptr<TableWriter> table_;
  TableWriter::Columns columns_ = TableWriter::Columns::Shown;
  std::deque<ObjectPtr> initial_;   // not sent yet
  bool closing_bookmark_ = false;
  bool ended_ = false;
  int64_t cursor_ = 0;              // everything up to this revision was sent or does not concern this watch
  Duration ends_{};
  Duration next_bookmark_{};
  uint64_t id_ = 0;
};

}  // namespace

WatchHub::WatchHub(Store& store) : store_(store) {
  subscription_ = store_.subscribe(
      [this](const std::set<std::string, std::less<>>& buckets, int64_t) { wake(buckets); });
}

WatchHub::~WatchHub() { store_.unsubscribe(subscription_); }

uint64_t WatchHub::add(const std::string& bucket, std::function<void()> ready) {
  const std::lock_guard lock(mutex_);
  const uint64_t id = next_id_++;
  streams_[bucket].emplace(id, std::move(ready));
  return id;
}

void WatchHub::remove(const std::string& bucket, uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(bucket);
  if (found == streams_.end()) return;
  found->second.erase(id);
  if (found->second.empty()) streams_.erase(found);
}

size_t WatchHub::size() const {
  const std::lock_guard lock(mutex_);
  size_t total = 0;
  for (const auto& [bucket, streams] : streams_) total += streams.size();
  return total;
}

void WatchHub::wake(const std::set<std::string, std::less<>>& buckets) {
  const std::lock_guard lock(mutex_);
  for (const std::string& bucket : buckets) {
    const auto found = streams_.find(bucket);
    if (found == streams_.end()) continue;
    for (const auto& [id, ready] : found->second) ready();
  }
}

Result<std::unique_ptr<BodyStream>> start_watch(const WatchParts& parts, WatchSpec spec) {
  if (parts.hub.size() >= limits::kWatchersMax) {
    return Error{Code::TooManyRequests, "too many watches: limit is " + std::to_string(limits::kWatchersMax), {}, {}, {}, 1};
  }
  // A state that is to be sent has to be there; events that are yet to come can be waited for.
  if (spec.options.initial_events.value_or(false))
    CHARTER_TRY(check_not_future(parts.store, spec.options.version.value_or(0)));
  return std::unique_ptr<BodyStream>(new WatchStream(parts, std::move(spec)));
}

}  // namespace charter
