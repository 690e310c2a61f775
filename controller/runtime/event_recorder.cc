#include "controller/runtime/event_recorder.h"

#include "controller/base/check.h"
#include "controller/base/limits.h"
#include "controller/base/log.h"
#include "controller/object/utf8.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

namespace charter {
namespace {

const Gvr kEvents{"", "v1", "events"};
constexpr std::string_view kCombined = "(combined from similar events): ";
constexpr Duration kRetryDelay = std::chrono::seconds(1);

/// FNV-1a, 64 bits: names need to be stable and spread, not secret.
class NameHash {
 public:
  void add(std::string_view text) {
    for (const char c : text)
      step(static_cast<unsigned char>(c));
    step(0xff);  // no UTF-8 text holds it: keeps ("ab","c") apart from ("a","bc")
  }
  std::string hex() const {
    std::array<char, 17> text{};
    std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(hash_));
    return text.data();
  }

 private:
  void step(unsigned char byte) { hash_ = (hash_ ^ byte) * 0x100000001b3ULL; }
  uint64_t hash_ = 0xcbf29ce484222325ULL;
};

const char* word_of(EventRecorder::Type type) {
  return type == EventRecorder::Type::Normal ? "Normal" : "Warning";
}

std::string event_name(const std::string& about_name, const NameHash& hash) {
  const std::string suffix = "." + hash.hex();
  return about_name.substr(0, limits::kNameBytesMax - suffix.size()) + suffix;
}

}  // namespace

EventRecorder::EventRecorder(std::shared_ptr<Client> client, const Clock& clock, Metrics& metrics)
    : client_(std::move(client)),
      clock_(clock),
      dropped_(metrics.counter("events_dropped_total", "Events that could not be written")) {}

void EventRecorder::record(const Json& about, Type type, const std::string& component,
                           const std::string& reason, const std::string& message) {
  const Meta meta = read_meta(about);
  Note note;
  note.ns = meta.ns.empty() ? "default" : meta.ns;  // as in Kubernetes for cluster-scoped objects
  note.api_version = text_at(about, {"apiVersion"});
  note.kind = text_at(about, {"kind"});
  note.about_ns = meta.ns;
  note.about_name = meta.name;
  note.uid = meta.uid;
  note.about_version = meta.version;
  note.type = type;
  note.component = component;
  note.reason = reason;
  note.message = utf8_prefix(message, limits::kEventMessageBytesMax);
  note.at = clock_.now();
  std::function<void()> ready;
  {
    std::lock_guard lock(mutex_);
    name_event(note);
    if (notes_.size() >= limits::kEventQueueMax) {
      notes_.pop_front();
      dropped_.increment();
    }
    notes_.push_back(std::move(note));
    ready = ready_;
  }
  if (ready) ready();
}

bool EventRecorder::pump() {
  std::optional<Note> note = take();
  if (!note) return false;
  const Status written = write(*note);
  finish(written, std::move(*note));
  return true;
}

std::optional<EventRecorder::Note> EventRecorder::take() {
  std::lock_guard lock(mutex_);
  if (retry_at_ && clock_.monotonic() < *retry_at_) return std::nullopt;
  // At most as many are passed over as are in flight.
  const auto next = std::find_if(notes_.begin(), notes_.end(), [&](const Note& note) {
    return !in_flight_.contains({note.ns, note.name});
  });
  if (next == notes_.end()) return std::nullopt;
  retry_at_.reset();
  Note note = std::move(*next);
  notes_.erase(next);
  in_flight_.insert({note.ns, note.name});
  return note;
}

std::optional<Duration> EventRecorder::next_due() const {
  std::lock_guard lock(mutex_);
  if (notes_.empty()) return std::nullopt;
  return retry_at_ ? *retry_at_ : clock_.monotonic();
}

size_t EventRecorder::waiting() const {
  std::lock_guard lock(mutex_);
  return notes_.size();
}

void EventRecorder::on_ready(std::function<void()> ready) {
  std::lock_guard lock(mutex_);
  CHECK(!ready_);
  ready_ = std::move(ready);
}

void EventRecorder::name_event(Note& note) {
  NameHash hash;
  for (std::string_view part : {std::string_view(note.uid), std::string_view(word_of(note.type)),
                                std::string_view(note.component), std::string_view(note.reason)}) {
    hash.add(part);
  }
  NameHash combined = hash;
  hash.add(note.message);
  note.name = event_name(note.about_name, hash);
  Series& series = series_of(note.uid);
  if (series.names.contains(note.name)) return;
  if (series.names.size() < limits::kEventsPerObjectMax) {
    series.names.insert(note.name);
    return;
  }
  note.combined = true;
  note.name = event_name(note.about_name, combined);
  note.message = utf8_prefix(std::string(kCombined) + note.message, limits::kEventMessageBytesMax);
}

EventRecorder::Series& EventRecorder::series_of(const std::string& uid) {
  if (auto found = by_uid_.find(uid); found != by_uid_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return recent_.front();
  }
  if (recent_.size() >= limits::kEventSeriesMax) {
    by_uid_.erase(recent_.back().uid);
    recent_.pop_back();
  }
  recent_.push_front({uid, {}});
  by_uid_[uid] = recent_.begin();
  return recent_.front();
}

// A failing API costs one event a second at most, whoever records; what cannot be written is
// counted and dropped.
void EventRecorder::finish(const Status& written, Note note) {
  {
    std::lock_guard lock(mutex_);
    in_flight_.erase({note.ns, note.name});
  }
  if (written) return;
  const Error& error = written.error();
  const bool again = is_retryable(error.code) || error.code == Code::Conflict;
  if (again && ++note.attempts < limits::kEventAttemptsMax) {
    std::lock_guard lock(mutex_);
    retry_at_ = clock_.monotonic() + kRetryDelay;
    notes_.push_front(std::move(note));
    return;
  }
  dropped_.increment();
  log_warn("events", "event dropped",
           {{"object", to_string(ObjectName{note.about_ns, note.about_name})},
            {"reason", note.reason},
            {"code", reason_word(error.code)},
            {"error", error.message}});
}

Status EventRecorder::write(const Note& note) {
  const std::string at = format_time(note.at);
  const Json document = {{"apiVersion", "v1"},
                         {"kind", "Event"},
                         {"metadata", {{"name", note.name}, {"namespace", note.ns}}},
                         {"involvedObject",
                          {{"apiVersion", note.api_version},
                           {"kind", note.kind},
                           {"namespace", note.about_ns},
                           {"name", note.about_name},
                           {"uid", note.uid},
                           {"resourceVersion", std::to_string(note.about_version)}}},
                         {"type", word_of(note.type)},
                         {"reason", note.reason},
                         {"message", note.message},
                         {"source", {{"component", note.component}}},
                         {"reportingComponent", note.component},
                         {"firstTimestamp", at},
                         {"lastTimestamp", at},
                         {"count", 1}};
  auto created = client_->create(kEvents, document);
  if (created) return {};
  if (created.error().code != Code::AlreadyExists) return created.error();
  CHARTER_TRY_ASSIGN(ObjectPtr existing, client_->get(kEvents, {note.ns, note.name}));
  return count_up(note, *existing);
}

Status EventRecorder::count_up(const Note& note, const Encoded& existing) {
  Json next = existing.tree();
  next["count"] = int_at(next, {"count"}).value_or(1) + 1;
  next["lastTimestamp"] = format_time(note.at);
  next["message"] = note.message;
  CHARTER_TRY(client_->update(kEvents, next, Part::Main));
  return {};
}

}  // namespace charter
