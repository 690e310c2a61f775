#include "controller/runtime/rest_watch.h"

#include "controller/runtime/limits.h"
#include "controller/runtime/rest_document.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace charter {
namespace {

Error not_an_event() {
  return {Code::ServiceUnavailable, "the watch sent what is no watch event"};
}

// An ERROR event's object is a Status: 410 when the version to go on from is forgotten.
Error error_event(const Json& status) {
  const int code = static_cast<int>(int_at(status, {"code"}).value_or(500));
  Error error{code_of_answer(text_at(status, {"reason"}), code), text_at(status, {"message"})};
  if (error.code == Code::Timeout) error.code = Code::ServiceUnavailable;
  return error;
}

}  // namespace

RestWatch::RestWatch(std::unique_ptr<RestStream> stream, const Clock& clock, Wrap wrap)
    : stream_(std::move(stream)),
      clock_(clock),
      wrap_(std::move(wrap)),
      began_(clock.monotonic()) {}

Result<std::vector<WatchEvent>> RestWatch::take(size_t max) {
  auto lines = stream_->take(max);
  if (!lines) {
    // One that ends at once and told nothing would be opened again without end.
    const bool short_lived = !told_ && clock_.monotonic() - began_ < limits::kWatchShort;
    if (lines.error().code == Code::Timeout && short_lived)
      return Error{Code::ServiceUnavailable, "the watch ended at once"};
    return Error(std::move(lines.error()));
  }
  std::vector<WatchEvent> events;
  events.reserve(lines->size());
  for (const std::string& line : *lines) {
    auto event = read(line);
    // What came before it is lost with it, and comes again: nobody has seen its version.
    if (!event) return Error(std::move(event.error()));
    events.push_back(std::move(*event));
  }
  told_ = told_ || !events.empty();
  return events;
}

Result<WatchEvent> RestWatch::read(const std::string& line) const {
  auto tree = parse_json(line);
  if (!tree || !tree->is_object()) return not_an_event();
  const std::string type = text_at(*tree, {"type"});
  const auto object = tree->find("object");
  if (object == tree->end() || !object->is_object()) return not_an_event();
  if (type == "ERROR") return error_event(*object);
  WatchEvent event;
  event.version = version_of(*object);
  if (type == "BOOKMARK") {
    event.kind = WatchEvent::Kind::Bookmark;
    return event;
  }
  if (type == "MODIFIED") {
    event.kind = WatchEvent::Kind::Modified;
  } else if (type == "DELETED") {
    event.kind = WatchEvent::Kind::Deleted;
  } else if (type != "ADDED") {
    return not_an_event();
  }
  if (event.version == 0) return not_an_event();
  event.object = wrap_(std::move(*object), event.version);
  return event;
}

}  // namespace charter
